/*
 * http-sink PORT: the cheapest HTTP/1.1 endpoint that is honest. One process,
 * epoll, keep-alive, answers 200 with an empty body to each complete request;
 * with "-s" it reads and never answers. Prints a line "requests N" a second
 * while it is busy. Ends on SIGTERM or after ten minutes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FD 4096
#define MAX_REQUEST (300 * 1024) /* a batch has 256 KiB at most */
#define LIFETIME_SECS 600

struct conn {
	size_t len;
	char buf[MAX_REQUEST];
};

static struct conn *conns[MAX_FD];
static bool silent;
static unsigned long requests;
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static int listen_on(unsigned short port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	    listen(fd, 1024) < 0) {
		perror("http-sink");
		exit(1);
	}
	return fd;
}

/* Length of the first complete request in the buffer, 0 if none. */
static size_t request_length(const struct conn *c)
{
	const char *end = memmem(c->buf, c->len, "\r\n\r\n", 4);
	const char *p;
	size_t total;

	if (end == NULL)
		return 0;
	total = (size_t)(end - c->buf) + 4;
	for (p = c->buf; p != NULL && p < end; p = memchr(p, '\n', end - p)) {
		if (*p == '\n')
			p++;
		if (strncasecmp(p, "Content-Length:", 15) == 0) {
			total += strtoul(p + 15, NULL, 10);
			break;
		}
	}
	return c->len >= total ? total : 0;
}

static void conn_close(int fd)
{
	free(conns[fd]);
	conns[fd] = NULL;
	close(fd);
}

static void conn_input(int fd)
{
	struct conn *c = conns[fd];
	ssize_t ret = read(fd, c->buf + c->len, sizeof(c->buf) - c->len);
	size_t n;

	if (ret <= 0) {
		if (ret == 0 || errno != EAGAIN)
			conn_close(fd);
		return;
	}
	c->len += (size_t)ret;
	while (!silent && (n = request_length(c)) > 0) {
		memmove(c->buf, c->buf + n, c->len - n);
		c->len -= n;
		requests++;
		if (write(fd, answer, sizeof(answer) - 1) < 0) {
			conn_close(fd);
			return;
		}
	}
	if (silent)
		c->len = 0;
}

static void conn_accept(int epfd, int lfd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int one = 1, fd;

	while ((fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		if (fd >= MAX_FD) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		conns[fd] = calloc(1, sizeof(struct conn));
		ev.data.fd = fd;
		epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
	}
}

int main(int argc, char *argv[])
{
	struct epoll_event ev = { .events = EPOLLIN }, evs[64];
	unsigned long shown = 0;
	time_t last = 0, started = time(NULL);
	int epfd, lfd, i, n;

	silent = argc > 2 && strcmp(argv[1], "-s") == 0;
	if (argc < 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	lfd = listen_on((unsigned short)strtoul(argv[argc - 1], NULL, 10));
	epfd = epoll_create1(0);
	ev.data.fd = lfd;
	epoll_ctl(epfd, EPOLL_CTL_ADD, lfd, &ev);
	while (time(NULL) - started < LIFETIME_SECS) {
		n = epoll_wait(epfd, evs, 64, 1000);
		for (i = 0; i < n; i++) {
			if (evs[i].data.fd == lfd)
				conn_accept(epfd, lfd);
			else
				conn_input(evs[i].data.fd);
		}
		if (requests != shown && time(NULL) != last) {
			last = time(NULL);
			shown = requests;
			printf("requests %lu\n", requests);
			fflush(stdout);
		}
	}
	return 0;
}
