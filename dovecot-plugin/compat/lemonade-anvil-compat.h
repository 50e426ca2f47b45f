#ifndef LEMONADE_ANVIL_COMPAT_H
#define LEMONADE_ANVIL_COMPAT_H

/*
 * What differs between Dovecot 2.3 and 2.4 in anvil's protocol: the
 * handshake, the lines of CONNECT-DUMP, and how a hibernated session is told
 * from others: 2.4 names the service, in 2.3 only the process is another.
 */

#include "net.h"
#include "str.h"
#include "strescape.h"
#include "strnum.h"

#include <fcntl.h>
#include <unistd.h>

#define LEMONADE_ANVIL_HIBERNATE "imap-hibernate"

/* Strings are of the data stack. */
struct lemonade_anvil_session {
	const char *user, *client_ip, *service;
	pid_t pid;
	unsigned int count;
};

#if DOVECOT_PREREQ(2, 4, 0)

#define LEMONADE_ANVIL_HANDSHAKE "VERSION\tanvil-client\t2\t0\n\n"
/* alternative user names' fields, perhaps none: an empty line */
#define LEMONADE_ANVIL_DUMP_HEADERS 1

/* pid, user, service, client IP, ... */
static inline bool
lemonade_anvil_parse(const char *line, struct lemonade_anvil_session *session_r)
{
	const char *const *args = t_strsplit_tabescaped(line);

	if (str_array_length(args) < 4 ||
	    str_to_pid(args[0], &session_r->pid) < 0)
		return FALSE;
	session_r->user = args[1];
	session_r->service = args[2];
	session_r->client_ip = args[3];
	session_r->count = 1;
	return TRUE;
}

static inline bool
lemonade_anvil_is_hibernated(const struct lemonade_anvil_session *session)
{
	return strcmp(session->service, LEMONADE_ANVIL_HIBERNATE) == 0;
}

#else

#define LEMONADE_ANVIL_HANDSHAKE "VERSION\tanvil\t1\t0\n"
#define LEMONADE_ANVIL_DUMP_HEADERS 0

/* service/client IP/user, pid, how many */
static inline bool
lemonade_anvil_parse(const char *line, struct lemonade_anvil_session *session_r)
{
	const char *const *args = t_strsplit_tabescaped(line);
	const char *const *parts;

	if (str_array_length(args) < 3 ||
	    str_to_pid(args[1], &session_r->pid) < 0 ||
	    str_to_uint(args[2], &session_r->count) < 0)
		return FALSE;
	parts = t_strsplit(args[0], "/");
	if (str_array_length(parts) < 3)
		return FALSE;
	session_r->service = parts[0];
	session_r->client_ip = parts[1];
	session_r->user = str_tabunescape(t_strdup_noconst(
		t_strarray_join(parts + 2, "/")));
	return TRUE;
}

/* False also if the system hides other users' processes: when in doubt,
   push. */
static inline bool
lemonade_anvil_is_hibernated(const struct lemonade_anvil_session *session)
{
	const char *path = t_strdup_printf("/proc/%ld/comm",
					   (long)session->pid);
	char name[sizeof(LEMONADE_ANVIL_HIBERNATE)];
	ssize_t ret;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return FALSE;
	ret = read(fd, name, sizeof(name));
	(void)close(fd);
	/* a LF stands behind it */
	return ret == (ssize_t)sizeof(name) &&
		memcmp(name, LEMONADE_ANVIL_HIBERNATE"\n", sizeof(name)) == 0;
}

#endif

#endif
