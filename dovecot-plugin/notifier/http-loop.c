#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "time-util.h"
#include "http-loop.h"
#include "notify-clock.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct http_loop {
	CURLM *multi;
	/* By file descriptor, NULL if it is not one of ours. */
	ARRAY(struct http_socket *) sockets;
	/* Transfers not yet given to curl. */
	ARRAY(void *) starts;
	bool starting;

	/* The turn of the ioloop we are in, and our share of it so far. */
	struct timeval turn;
	long long turn_usecs;
	/* Sockets had to wait in the last turn: start nothing new. */
	bool busy;

	/* The next call that curl asked for. It may come earlier than asked
	   (curl's wishes move to later with each transfer, and following them
	   each time costs more than a call for nothing), never later. */
	struct timeout *to;
	int64_t to_due; /* notify_clock_msecs() */

	http_loop_start_t *start;
	http_loop_done_t *done;
	void *context;
};

struct http_socket {
	struct http_loop *loop;
	curl_socket_t fd;
	/* CURL_POLL_* */
	int wanted;
	/* io_in stays between two requests on a connection: adding and
	   removing it each time would be two system calls a request */
	struct io *io_in, *io_out;
};

static void http_loop_timeout(struct http_loop *loop);

static void http_loop_arm(struct http_loop *loop, long msecs)
{
	int64_t due = notify_clock_msecs() + msecs;

	if (loop->to != NULL && loop->to_due <= due)
		return;
	timeout_remove(&loop->to);
	loop->to = timeout_add_short(I_MIN(msecs, INT_MAX),
				     http_loop_timeout, loop);
	loop->to_due = due;
}

static int http_loop_timer(CURLM *multi ATTR_UNUSED, long msecs, void *context)
{
	struct http_loop *loop = context;

	/* when starting, curl is called next anyway */
	if (msecs >= 0 && !loop->starting)
		http_loop_arm(loop, msecs);
	return 0;
}

static void http_loop_done(struct http_loop *loop, CURL *easy, CURLcode code)
{
	T_BEGIN {
		loop->done(easy, code, loop->context);
	} T_END;
}

static void http_loop_harvest(struct http_loop *loop)
{
	CURLMsg *msg;
	CURLcode code;
	CURL *easy;
	int left;

	while ((msg = curl_multi_info_read(loop->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		/* msg dies with the removal */
		easy = msg->easy_handle;
		code = msg->data.result;
		curl_multi_remove_handle(loop->multi, easy);
		http_loop_done(loop, easy, code);
	}
}

static long long http_loop_clock_usecs(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		i_fatal("clock_gettime() failed: %m");
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static void http_loop_action(struct http_loop *loop, curl_socket_t fd, int mask)
{
	long long started = http_loop_clock_usecs();
	int running;

	/* Nothing outside can get in here before this returns: what curl calls
	   back meanwhile are the functions of this file and the requests'
	   read and fence callbacks, which only note what they see. */
	(void)curl_multi_socket_action(loop->multi, fd, mask, &running);
	http_loop_harvest(loop);
	loop->turn_usecs += http_loop_clock_usecs() - started;
}

static void http_loop_start(struct http_loop *loop, void *transfer)
{
	CURL *easy;

	T_BEGIN {
		easy = loop->start(transfer);
	} T_END;
	if (easy != NULL &&
	    curl_multi_add_handle(loop->multi, easy) != CURLM_OK)
		http_loop_done(loop, easy, CURLE_OUT_OF_MEMORY);
}

static void http_loop_start_some(struct http_loop *loop)
{
	unsigned int count = HTTP_LOOP_TURN_STARTS;

	loop->starting = TRUE;
	while (count-- > 0 && array_count(&loop->starts) > 0) {
		void *transfer = array_idx_elem(&loop->starts, 0);

		array_pop_front(&loop->starts);
		http_loop_start(loop, transfer);
	}
	loop->starting = FALSE;
}

static void http_loop_timeout(struct http_loop *loop)
{
	long msecs = -1;

	timeout_remove(&loop->to);
	if (!loop->busy)
		http_loop_start_some(loop);
	loop->busy = FALSE;
	http_loop_action(loop, CURL_SOCKET_TIMEOUT, 0);
	if (array_count(&loop->starts) > 0)
		http_loop_arm(loop, 0);
	if (loop->to != NULL)
		return;
	/* We may have been early by our own choice or by a rounded
	   millisecond. curl believes its last wish to be still standing and
	   does not say it again, so ask. */
	(void)curl_multi_timeout(loop->multi, &msecs);
	if (msecs >= 0)
		http_loop_arm(loop, I_MAX(msecs, 1));
}

/* False: leave the socket as it is, the next turn finds it ready again. */
static bool http_loop_has_time(struct http_loop *loop)
{
	if (timeval_cmp(&loop->turn, &ioloop_timeval) != 0) {
		loop->turn = ioloop_timeval;
		loop->turn_usecs = 0;
	}
	if (loop->turn_usecs < HTTP_LOOP_TURN_USECS)
		return TRUE;
	loop->busy = TRUE;
	return FALSE;
}

static void http_socket_input(struct http_socket *sock)
{
	if ((sock->wanted & CURL_POLL_IN) == 0)
		io_remove(&sock->io_in);
	else if (http_loop_has_time(sock->loop))
		http_loop_action(sock->loop, sock->fd, CURL_CSELECT_IN);
}

static void http_socket_output(struct http_socket *sock)
{
	if (http_loop_has_time(sock->loop))
		http_loop_action(sock->loop, sock->fd, CURL_CSELECT_OUT);
}

static void http_socket_watch(struct http_socket *sock, int wanted)
{
	sock->wanted = wanted;
	if ((wanted & CURL_POLL_IN) != 0 && sock->io_in == NULL) {
		sock->io_in = io_add(sock->fd, IO_READ,
				     http_socket_input, sock);
	}
	if ((wanted & CURL_POLL_OUT) == 0)
		io_remove(&sock->io_out);
	else if (sock->io_out == NULL) {
		sock->io_out = io_add(sock->fd, IO_WRITE,
				      http_socket_output, sock);
	}
}

/* libcurl 7.88 closes a socket whose connect() has not come to an end without
   a word (cf_socket_close(), "not active"), and takes back its watch later in
   the same call. Neither epoll nor Dovecot forgives being asked about a closed
   file descriptor. */
static bool http_socket_is_closed(const struct http_socket *sock)
{
	return sock->io_out != NULL && fcntl(sock->fd, F_GETFD) == -1;
}

static void http_socket_forget_watch(struct http_socket *sock)
{
	io_remove_closed(&sock->io_in);
	io_remove_closed(&sock->io_out);
}

static struct http_socket **
http_loop_find_socket(struct http_loop *loop, curl_socket_t fd)
{
	return array_idx_get_space(&loop->sockets, fd);
}

static int http_loop_socket(CURL *easy ATTR_UNUSED, curl_socket_t fd, int what,
			    void *context, void *socket_context ATTR_UNUSED)
{
	struct http_socket **pos = http_loop_find_socket(context, fd);

	if (*pos == NULL)
		return 0;
	if (!http_socket_is_closed(*pos))
		http_socket_watch(*pos, what == CURL_POLL_REMOVE ? 0 : what);
	else {
		http_socket_forget_watch(*pos);
		i_free(*pos);
	}
	return 0;
}

curl_socket_t http_loop_open_socket(struct http_loop *loop,
				    const struct curl_sockaddr *addr)
{
	struct http_socket **pos;
	int fd;

	fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC,
		    addr->protocol);
	if (fd == -1)
		return CURL_SOCKET_BAD;
	pos = http_loop_find_socket(loop, fd);
	if (*pos == NULL) {
		*pos = i_new(struct http_socket, 1);
		(*pos)->loop = loop;
		(*pos)->fd = fd;
	} else {
		/* Closed without a word and not yet taken back: libcurl may
		   well believe that the new one is watched already. */
		http_socket_forget_watch(*pos);
		http_socket_watch(*pos, (*pos)->wanted);
	}
	return fd;
}

int http_loop_close_socket(void *context, curl_socket_t fd)
{
	struct http_socket **pos = http_loop_find_socket(context, fd);

	if (*pos != NULL) {
		io_remove(&(*pos)->io_in);
		io_remove(&(*pos)->io_out);
		i_free(*pos);
	}
	return close(fd);
}

void http_loop_add(struct http_loop *loop, void *transfer)
{
	array_push_back(&loop->starts, &transfer);
	http_loop_arm(loop, 0);
}

void http_loop_remove(struct http_loop *loop, void *transfer, CURL *easy)
{
	void *const *starts;
	unsigned int i, count;

	if (easy != NULL) {
		curl_multi_remove_handle(loop->multi, easy);
		return;
	}
	starts = array_get(&loop->starts, &count);
	for (i = 0; i < count && starts[i] != transfer; i++) ;
	i_assert(i < count);
	array_delete(&loop->starts, i, 1);
}

struct http_loop *http_loop_init(unsigned int max_connections,
				 http_loop_start_t *start,
				 http_loop_done_t *done, void *context)
{
	struct http_loop *loop;
	CURLM *multi;

	multi = curl_multi_init();
	if (multi == NULL)
		return NULL;
	loop = i_new(struct http_loop, 1);
	loop->multi = multi;
	loop->start = start;
	loop->done = done;
	loop->context = context;
	i_array_init(&loop->sockets, 64);
	i_array_init(&loop->starts, 64);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, http_loop_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, http_loop_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return loop;
}

void http_loop_deinit(struct http_loop **_loop)
{
	struct http_loop *loop = *_loop;

	*_loop = NULL;
	/* closes the idle connections; may still call socket and timer */
	curl_multi_cleanup(loop->multi);
	timeout_remove(&loop->to);
	array_free(&loop->starts);
	array_free(&loop->sockets);
	i_free(loop);
}
