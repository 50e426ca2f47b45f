#ifndef LEMONADE_CHECK_H
#define LEMONADE_CHECK_H

/*
 * doveadm lemonade check: what the parts share. Each part asks one server, or
 * this host's configuration, and enters what it found in the rows of one table
 * of lib/lemo-check.h.
 */

#include "lemo-check.h"
#include "lemonade-check-conn.h"

struct check_store;

enum lemonade_check_answer {
	/* not tried, or not to be seen */
	LEMONADE_CHECK_UNKNOWN,
	LEMONADE_CHECK_NO,
	LEMONADE_CHECK_YES
};

struct lemonade_check_result {
	enum lemonade_check_answer advertised, works;
	/* why it does not work; NULL: nothing to say */
	const char *why;
	/* nothing here has to do with it: the row is left out */
	bool not_needed;
};

struct lemonade_check {
	pool_t pool;
	struct event *event;
	/* whom the check is about, and with which password; it is in no
	   result */
	const char *user;
	char *password;
	/* lemonade_ca_file, "" if there is none */
	const char *ca_file;
	/* a row each */
	struct lemonade_check_result *results[LEMO_CHECK_TABLES];
	/* the tables that are to be printed */
	bool wanted[LEMO_CHECK_TABLES];
	/* A URL that a submission server may fetch; NULL: there is none. */
	const char *burl;
};

/* The row's result, to be filled in. */
struct lemonade_check_result *
lemonade_check_result(struct lemonade_check *check,
		      enum lemo_check_table table, const char *name);
/* For a row that is not advertised in any list: works, or why not (copied). */
void lemonade_check_set(struct lemonade_check *check,
			enum lemo_check_table table, const char *name,
			bool works, const char *why);
/* All rows of the table that have no result and no reason yet. */
void lemonade_check_not_tried(struct lemonade_check *check,
			      enum lemo_check_table table, const char *why);
/* What a server said, shortened and cleaned, without the password; in the data
   stack. */
const char *lemonade_check_quote(struct lemonade_check *check,
				 const char *text);
/* The initial response of SASL PLAIN (RFC 4616), base64. The URL's user logs
   in for check->user. In the data stack; wipe it. */
char *lemonade_check_plain(const struct lemonade_check *check,
			   const struct lemo_check_url *url);

/* lemonade-check-imap.c, -sieve.c, -smtp.c: one server each */
struct check_store *lemonade_check_store(struct lemonade_check *check,
					 const struct lemo_check_url *url);
/* Removes what it made, on which check->burl depends. */
void lemonade_check_store_end(struct check_store **store);
void lemonade_check_sieve(struct lemonade_check *check,
			  const struct lemo_check_url *url);
void lemonade_check_submit(struct lemonade_check *check,
			   const struct lemo_check_url *url);
/* Is there an SMTP server? -1 with *error_r. */
int lemonade_check_relay(struct lemonade_check *check,
			 const struct lemo_check_url *url,
			 const char **error_r);

/* lemonade-check-here.c: this host; admin_socket: of the notifier */
void lemonade_check_here(struct lemonade_check *check,
			 const char *admin_socket);
/* lemonade-check-conf.c: settings by doveconf. What doveconf prints of these settings (their names, NULL-terminated) for a
   protocol, NULL = outside of all. NULL with *error_r. Data stack. */
const char *lemonade_check_conf(const char *protocol, const char *const *names,
				const char **error_r);

#endif
