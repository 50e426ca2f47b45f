/*
 * send-lines SOCKET CLIENTS COUNT FIRST DOMAIN: what COUNT deliveries say to
 * the notifier, from CLIENTS connections that each wait for their
 * acknowledgement before they say the next. Users are u<FIRST + n>@DOMAIN,
 * each event is for the admin's feed. Prints events per second; a refusal
 * ends it.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 256
static const char version[] = "VERSION\tlemonade-notify\t1\t0\n";

static const char line_format[] =
	"EVENT\tvnd.lemonade.event=MessageNew\tvnd.lemonade.id=%016lx%016lx\t"
	"user=u%ld@%s\ttimestamp=2026-01-05T10:00:00+01:00\t"
	"uri=imap://u%ld@mail.lemo.test/INBOX;UIDVALIDITY=1767600000/;UID=%ld\t"
	"service=lmtp\tprocess=lmtp\tpid=12345\t"
	"vnd.lemonade.session=K8R0wAFrW2n5LgAAg+zDdQ\t"
	"serverFQDN=mail.lemo.test\tvnd.lemonade.mailbox=INBOX\t"
	"mailboxID=imap://u%ld@mail.lemo.test/INBOX;UIDVALIDITY=1767600000\t"
	"vnd.lemonade.mailboxGuid=1766f0310d3e056bb865000083ecc375\t"
	"vnd.lemonade.uidvalidity=1767600000\tuidnext=%ld\tmessages=12\t"
	"vnd.lemonade.unseen=3\tvnd.lemonade.highestModseq=17\t"
	"vnd.lemonade.uid=%ld\tmodseq=17\tmessageSize=450\t"
	"vnd.lemonade.messageGuid=11484f260e3e056bb365000083ecc375\t"
	"vnd.lemonade.messageId=<1795505677850076540@remote.test>\t"
	"vnd.lemonade.feed=1\n";

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die(path);
	if (write(fd, version, strlen(version)) < 0)
		die("write");
	return fd;
}

static void say(int fd, long n, const char *domain)
{
	char line[2048];
	/* ids are hashes: all of their bits differ */
	unsigned long id = (unsigned long)n * 0x9e3779b97f4a7c15;
	int len = snprintf(line, sizeof(line), line_format, id, ~id,
			   n, domain, n, n + 1, n, n + 2, n + 1);

	if (write(fd, line, (size_t)len) != len)
		die("write");
}

/* Acknowledgements in what came; the greeting is a line, too. */
static long acknowledgements(int fd)
{
	char buf[4096], *line = buf, *end;
	ssize_t len = read(fd, buf, sizeof(buf) - 1);
	long count = 0;

	if (len <= 0)
		die("read");
	buf[len] = '\0';
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		if (strncmp(line, "OK\t", 3) == 0)
			count++;
		else if (strncmp(line, "NO\t", 3) == 0) {
			fprintf(stderr, "%s\n", line);
			exit(1);
		}
	}
	return count;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char *argv[])
{
	struct pollfd fds[CLIENTS_MAX];
	long clients, count, first, said = 0, done = 0, i, acks;
	double start;

	if (argc != 6)
		return 2;
	clients = strtol(argv[2], NULL, 10);
	count = strtol(argv[3], NULL, 10);
	first = strtol(argv[4], NULL, 10);
	if (clients < 1 || clients > CLIENTS_MAX)
		return 2;
	for (i = 0; i < clients; i++) {
		fds[i].fd = connect_to(argv[1]);
		fds[i].events = POLLIN;
	}
	start = now();
	for (i = 0; i < clients && said < count; i++)
		say(fds[i].fd, first + said++, argv[5]);
	while (done < count) {
		if (poll(fds, (nfds_t)clients, 60000) <= 0)
			die("poll");
		for (i = 0; i < clients; i++) {
			if ((fds[i].revents & POLLIN) == 0)
				continue;
			acks = acknowledgements(fds[i].fd);
			done += acks;
			if (acks > 0 && said < count)
				say(fds[i].fd, first + said++, argv[5]);
		}
	}
	printf("%.0f\n", (double)count / (now() - start));
	return 0;
}
