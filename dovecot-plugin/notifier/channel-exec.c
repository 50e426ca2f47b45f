#define _GNU_SOURCE /* memfd_create() */
#include "lib.h"
#include "array.h"
#include "child-wait.h"
#include "ioloop.h"
#include "llist.h"
#include "write-full.h"
#include "channel.h"
#include "channel-exec.h"
#include "lemonade-settings.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * A program of the admin's for each push: the event as CloudEvents JSON on
 * standard input, no arguments, no shell, an environment of its own, no other
 * file of ours open; what it writes is thrown away. Exit status 0 is success,
 * 75 (EX_TEMPFAIL) is "again later", all others are "never". It has
 * lemonade_request_timeout, and is then killed with its process group.
 */

/* Programs at once; lemonade_origin_connections is what usually counts. */
#define EXEC_RUNNING_MAX 100
#define CANNOT_RUN "lemonade_exec_program cannot be run: %s"
#define EXEC_PATH "PATH=/usr/local/bin:/usr/bin:/bin"

struct exec_run {
	struct exec_run *prev, *next;
	pid_t pid;
	struct child_wait *wait;
	struct timeout *to;
	bool timed_out;
	channel_callback_t *callback;
	void *context;
};

static const struct lemonade_settings *exec_set;
static struct exec_run *exec_runs;
static unsigned int exec_runs_count;

static void exec_answer(channel_callback_t *callback, void *context,
			enum lemo_answer answer, bool origin_failed,
			const char *text)
{
	const struct channel_result result = {
		.answer = answer, .origin_failed = origin_failed, .text = text
	};

	callback(&result, context);
}

static void exec_run_end(struct exec_run **_run, enum lemo_answer answer,
			 bool origin_failed, const char *text)
{
	struct exec_run *run = *_run;

	*_run = NULL;
	DLLIST_REMOVE(&exec_runs, run);
	exec_runs_count--;
	timeout_remove(&run->to);
	child_wait_free(&run->wait);
	exec_answer(run->callback, run->context, answer, origin_failed, text);
	i_free(run);
}

static void exec_exited(struct exec_run *run, int status)
{
	enum lemo_answer answer = LEMO_ANSWER_PERMANENT;

	if (status == 0)
		answer = LEMO_ANSWER_DONE;
	else if (status == EX_TEMPFAIL)
		answer = LEMO_ANSWER_RETRY;
	exec_run_end(&run, answer, FALSE, t_strdup_printf("exit %d", status));
}

static void exec_ended(const struct child_wait_status *status,
		       struct exec_run *run)
{
	T_BEGIN {
		if (run->timed_out) {
			exec_run_end(&run, LEMO_ANSWER_RETRY, TRUE,
				     "program timed out");
		} else if (WIFEXITED(status->status)) {
			exec_exited(run, WEXITSTATUS(status->status));
		} else {
			exec_run_end(&run, LEMO_ANSWER_RETRY, FALSE,
				t_strdup_printf("program died of signal %d",
						WTERMSIG(status->status)));
		}
	} T_END;
}

static void exec_timeout(struct exec_run *run)
{
	timeout_remove(&run->to);
	run->timed_out = TRUE;
	(void)kill(-run->pid, SIGKILL);
}

/* A file of no directory that has the body, or -1. A pipe would do, but may be
   as small as a page. */
static int exec_input(const struct lemo_buf *body)
{
	int fd = memfd_create("lemonade-event", MFD_CLOEXEC);

	if (fd >= 0 && (write_full(fd, body->data, body->len) < 0 ||
			lseek(fd, 0, SEEK_SET) < 0))
		i_close_fd(&fd);
	return fd;
}

/* Nothing of ours: not even where our state is. */
static const char *const *exec_env(const struct channel_job *job)
{
	const char **env = t_new(const char *, 5);

	env[0] = EXEC_PATH;
	env[1] = t_strconcat("LEMONADE_PUSH_ID=", job->push_id, NULL);
	env[2] = t_strconcat("LEMONADE_USER=", job->user, NULL);
	env[3] = t_strconcat("LEMONADE_DEVICE=", job->device, NULL);
	return env;
}

/* After fork(): only what is safe there. Our own handlers would write to pipes
   of the parent. */
static void exec_reset_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void ATTR_NORETURN
exec_child(const char *program, int input, const char *const *env)
{
	char *const argv[] = { (char *)program, NULL };
	int null = open("/dev/null", O_WRONLY);

	exec_reset_signals();
	if (null >= 0 && setpgid(0, 0) == 0 && chdir("/") == 0 &&
	    dup2(input, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
	    dup2(null, STDERR_FILENO) >= 0) {
		closefrom(STDERR_FILENO + 1);
		(void)execve(program, argv, (char *const *)env);
	}
	_exit(EX_TEMPFAIL);
}

static pid_t exec_fork(const char *const *env, int input)
{
	sigset_t all, old;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		exec_child(exec_set->lemonade_exec_program, input, env);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	/* whoever is first: it is to be there before the time is over */
	if (pid > 0)
		(void)setpgid(pid, pid);
	return pid;
}

static const char *
exec_start(const struct channel_job *job, const struct lemo_buf *body,
	   channel_callback_t *callback, void *context)
{
	struct exec_run *run;
	int input;
	pid_t pid;

	if (exec_runs_count >= EXEC_RUNNING_MAX)
		return "too many programs run";
	if (access(exec_set->lemonade_exec_program, X_OK) < 0)
		return t_strdup_printf(CANNOT_RUN, strerror(errno));
	input = exec_input(body);
	if (input < 0)
		return t_strdup_printf("program cannot be told: %m");
	pid = exec_fork(exec_env(job), input);
	i_close_fd(&input);
	if (pid < 0)
		return t_strdup_printf(CANNOT_RUN, strerror(errno));

	run = i_new(struct exec_run, 1);
	run->pid = pid;
	run->callback = callback;
	run->context = context;
	run->wait = child_wait_new_with_pid(pid, exec_ended, run);
	run->to = timeout_add(exec_set->lemonade_request_timeout,
			      exec_timeout, run);
	DLLIST_PREPEND(&exec_runs, run);
	exec_runs_count++;
	return NULL;
}

static int channel_exec_build(pool_t pool, const struct channel_job *job,
			      struct channel_request *req_r,
			      const char **error_r)
{
	i_zero(req_r);
	req_r->method = "exec";
	p_array_init(&req_r->headers, pool, 1);
	lemo_buf_init(&req_r->body, LEMO_PAYLOAD_MAX);
	lemo_payload_add(&req_r->body, job->event, &job->payload);
	if (req_r->body.failed || req_r->body.len == 0) {
		*error_r = "payload is too large";
		return -1;
	}
	return 0;
}

static void channel_exec_send(struct http_sender *http ATTR_UNUSED,
			      const struct channel_job *job,
			      channel_callback_t *callback, void *context)
{
	struct channel_request req;
	const char *error;

	T_BEGIN {
		if (channel_exec_build(pool_datastack_create(), job, &req,
				       &error) < 0) {
			exec_answer(callback, context, LEMO_ANSWER_PERMANENT,
				    FALSE, error);
		} else {
			error = exec_start(job, &req.body, callback, context);
			if (error != NULL) {
				exec_answer(callback, context,
					    LEMO_ANSWER_RETRY, TRUE, error);
			}
		}
	} T_END;
	lemo_buf_free(&req.body);
}

void channel_exec_init(const struct lemonade_settings *set)
{
	exec_set = set;
	child_wait_init();
}

void channel_exec_deinit(void)
{
	struct exec_run *run;

	while ((run = exec_runs) != NULL) {
		(void)kill(-run->pid, SIGKILL);
		exec_run_end(&run, LEMO_ANSWER_RETRY, FALSE, "shutting down");
	}
	child_wait_deinit();
}

const struct channel_vfuncs channel_exec = {
	.name = "exec",
	.build = channel_exec_build,
	.send = channel_exec_send,
};
