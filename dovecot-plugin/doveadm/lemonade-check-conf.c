/* Settings as every service would see them: from doveconf, since those of
   other protocols are not known in doveadm. */

#include "lib.h"
#include "array.h"
#include "path-util.h"
#include "master-service.h"
#include "str.h"
#include "str-sanitize.h"
#include "time-util.h"
#include "lemonade-check-compat.h"
#include "lemonade-check.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOVECONF_TIMEOUT_MSECS (10 * 1000)
#define DOVECONF_OUTPUT_MAX (256 * 1024)
#define ERROR_TEXT_MAX 300

/* Beside doveadm. */
static const char *doveconf_path(void)
{
	const char *exe, *error, *name;

	if (t_readlink("/proc/self/exe", &exe, &error) < 0)
		return "doveconf";
	name = strrchr(exe, '/');
	return t_strconcat(t_strdup_until(exe, name + 1), "doveconf", NULL);
}

static void run_child(int fd, const char *const *args)
{
	static char *const no_env[] = { NULL };

	if (dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(FATAL_EXEC);
	execve(args[0], (char *const *)(uintptr_t)args, no_env);
	_exit(FATAL_EXEC);
}

/* Until its end, or ours: -1 if that comes first. */
static int read_output(int fd, string_t *str)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct timeval now, end;
	char buf[4096];
	ssize_t ret;

	i_gettimeofday(&end);
	timeval_add_msecs(&end, DOVECONF_TIMEOUT_MSECS);
	for (;;) {
		i_gettimeofday(&now);
		if (timeval_cmp(&now, &end) >= 0 ||
		    str_len(str) > DOVECONF_OUTPUT_MAX ||
		    poll(&pfd, 1, timeval_diff_msecs(&end, &now)) == 0)
			return -1;
		ret = read(fd, buf, sizeof(buf));
		if (ret == 0)
			return 0;
		if (ret > 0)
			str_append_data(str, buf, ret);
		else if (errno != EINTR)
			return -1;
	}
}

/* What went wrong is in the last line. */
static const char *last_line(string_t *output)
{
	const char *text, *lf;

	while (str_len(output) > 0 &&
	       str_c(output)[str_len(output) - 1] == '\n')
		str_truncate(output, str_len(output) - 1);
	text = str_c(output);
	lf = strrchr(text, '\n');
	return str_sanitize(lf == NULL ? text : lf + 1, ERROR_TEXT_MAX);
}

static int run(const char *const *args, string_t *output,
	       const char **error_r)
{
	int fd[2], status = -1, ret;
	pid_t pid;

	if (pipe(fd) < 0 || (pid = fork()) < 0) {
		*error_r = t_strdup_printf("doveconf cannot be run: %m");
		return -1;
	}
	if (pid == 0)
		run_child(fd[1], args);
	i_close_fd(&fd[1]);
	ret = read_output(fd[0], output);
	i_close_fd(&fd[0]);
	if (ret < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) ;
	if (ret == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	*error_r = ret < 0 ? "doveconf does not come to an end" :
		t_strdup_printf("%s: %s", args[0], last_line(output));
	return -1;
}

const char *lemonade_check_conf(const char *protocol, const char *const *names,
				const char **error_r)
{
	ARRAY_TYPE(const_string) args;
	string_t *output = t_str_new(1024);
	const char *word;

	t_array_init(&args, 16);
#define ADD(text) \
	word = text; array_push_back(&args, &word)
	ADD(doveconf_path());
	ADD("-c");
	ADD(master_service_get_config_path(master_service));
	if (protocol != NULL) {
		ADD("-f");
		ADD(t_strconcat(LEMONADE_CHECK_FILTER, protocol, NULL));
	}
#undef ADD
	for (; *names != NULL; names++)
		array_push_back(&args, names);
	array_append_zero(&args);
	if (run(array_front(&args), output, error_r) < 0)
		return NULL;
	return str_c(output);
}
