#ifndef LEMONADE_CHECK_CONN_H
#define LEMONADE_CHECK_CONN_H

/*
 * A client's connection to a server that is not trusted: each wait, the whole
 * time, a line and all octets have a limit. Blocking, for doveadm only. TLS is
 * always verified.
 */

#include "lemo-check-url.h"

/* Time for a server to say something. */
#define LEMONADE_CHECK_WAIT_MSECS (10 * 1000)
/* Time and octets for all that is asked over connections of one set. */
#define LEMONADE_CHECK_TIME_MSECS (60 * 1000)
#define LEMONADE_CHECK_OCTETS_MAX (8 * 1024 * 1024)
#define LEMONADE_CHECK_LINE_MAX (64 * 1024)

struct lemonade_check_conn;

/* What the connections to one server share. */
struct lemonade_check_server {
	struct lemo_check_url url;
	/* PEM file; "": the system's authorities */
	const char *ca_file;
	struct event *event;
	/* set by the first connection */
	struct timeval deadline;
	size_t octets_left;
};

/* Time and octets anew, for what has to be cleaned up. */
void lemonade_check_server_renew(struct lemonade_check_server *server,
				 unsigned int msecs);

/* All of these: NULL or -1 with *error_r in the data stack, ready to be shown;
   the connection is then of no use. */
struct lemonade_check_conn *
lemonade_check_conn_init(struct lemonade_check_server *server,
			 const char **error_r);
void lemonade_check_conn_deinit(struct lemonade_check_conn **conn);

/* TLS from now on. */
int lemonade_check_conn_tls(struct lemonade_check_conn *conn,
			    const char **error_r);
/* RFC 4978 from now on. */
void lemonade_check_conn_deflate(struct lemonade_check_conn *conn);
/* A password may go over it: by TLS, or within this host. */
bool lemonade_check_conn_is_private(const struct lemonade_check_conn *conn);

/* Writes as much as it can; the rest with the next wait. */
void lemonade_check_conn_send(struct lemonade_check_conn *conn,
			      const void *data, size_t size);
/* Appends the next line, without its CRLF or LF. */
int lemonade_check_conn_line(struct lemonade_check_conn *conn, string_t *line,
			     const char **error_r);
/* Appends that many octets. */
int lemonade_check_conn_octets(struct lemonade_check_conn *conn, size_t size,
			       string_t *dest, const char **error_r);
/* Something to read within that time? FALSE says nothing of an error. */
bool lemonade_check_conn_wait(struct lemonade_check_conn *conn,
			      unsigned int msecs);

/* Is the URL's host this one? Asks the system's routes, sends nothing. */
bool lemonade_check_host_is_here(const struct lemo_check_url *url);

#endif
