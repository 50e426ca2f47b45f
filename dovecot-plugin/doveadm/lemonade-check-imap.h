#ifndef LEMONADE_CHECK_IMAP_H
#define LEMONADE_CHECK_IMAP_H

/* An IMAP client that asks one thing after the other. */

#include "lemo-check-imap.h"
#include "lemonade-check.h"

struct check_imap_response {
	const char *data;
	size_t len;
};

struct check_imap {
	struct lemonade_check *check;
	struct lemonade_check_server *server;
	/* Enter results of connecting and of the login. */
	bool report;
	/* TLS was tried and did not work. */
	bool no_tls;

	/* NULL: it is lost; error says why (check->pool) */
	struct lemonade_check_conn *conn;
	const char *error;

	/* as of now, separated by spaces */
	string_t *caps;
	/* of the last command, "OK text" and what came untagged before it and
	   after; valid until the next */
	pool_t pool;
	const char *status;
	ARRAY(struct check_imap_response) untagged;
	const char *tag;
	unsigned int tag_num;
	string_t *out;
};

/* Connects, starts TLS and logs in. -1 with imap->error. */
struct check_imap *
check_imap_init(struct lemonade_check *check,
		struct lemonade_check_server *server, bool report);
void check_imap_deinit(struct check_imap **imap);
int check_imap_open(struct check_imap *imap);
/* The connection is of no use any more. Returns -1. */
int check_imap_lost(struct check_imap *imap, const char *error);

/* 1: OK, 0: NO or BAD, -1: the connection is lost. */
int check_imap_command(struct check_imap *imap, const char *format, ...)
	ATTR_FORMAT(2, 3);
/* The same in pieces: one begin, then text and literals, then end. A literal
   that the server does not want gives 0 and ends the command. prefix: "" or
   "~" (RFC 3516); plus: non-synchronising (RFC 7888). */
void check_imap_begin(struct check_imap *imap, const char *text);
void check_imap_more(struct check_imap *imap, const char *text);
int check_imap_literal_as(struct check_imap *imap, const char *prefix,
			  bool plus, const void *data, size_t size);
/* Non-synchronising where the server says that it may be. */
int check_imap_literal(struct check_imap *imap, const void *data,
		       size_t size);
int check_imap_end(struct check_imap *imap);
/* Waits for "+"; 0: the command was refused. */
int check_imap_continuation(struct check_imap *imap);

/* An untagged response of the last command with this text; NULL if none. */
const struct check_imap_response *
check_imap_find(const struct check_imap *imap, const char *text);
/* Until such a response comes unasked: 1, 0 after that time, -1. */
int check_imap_wait(struct check_imap *imap, const char *text,
		    unsigned int msecs);
bool check_imap_has_cap(const struct check_imap *imap, const char *name);

#endif
