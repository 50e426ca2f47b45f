#ifndef LEMONADE_CONN_H
#define LEMONADE_CONN_H

/*
 * Connections to the notifier, with blocking calls that end in time. The
 * notifier judges a connection by the effective uid at connect, so there is
 * one for each effective uid of this process. An unused one is closed after a
 * few seconds: a burst shares it, but thousands of idle imap processes do not
 * use up the service's connections.
 */

struct lemonade_conn;

/* All times are of lemonade_conn_now(). */
uint64_t lemonade_conn_now(void); /* milliseconds, monotonic */

/* Returns a connection for the effective uid: one that is kept and still
   lives, or a new one, with our VERSION line sent. NULL with *error_r (data
   stack) if there is none to be had at once. */
struct lemonade_conn *lemonade_conn_get(const char *path,
					const char **error_r);
/* Keeps it for a while. */
void lemonade_conn_release(struct lemonade_conn **conn);
/* Closes it: its state is unknown. */
void lemonade_conn_abort(struct lemonade_conn **conn);
void lemonade_conn_close_all(void);

/* Writes all of it until the deadline. -1 with errno: then abort it. */
int lemonade_conn_write(struct lemonade_conn *conn, const void *data,
			size_t len, uint64_t deadline);
/* Reads a line without its LF until the deadline; the notifier's VERSION line
   is checked and skipped. Returns 1 with *line_r, valid until the next call;
   0 at the deadline; -1 at EOF, error or a wrong VERSION. */
int lemonade_conn_read(struct lemonade_conn *conn, uint64_t deadline,
		       char **line_r);

#endif
