#ifndef LEMONADE_CHECK_STORE_H
#define LEMONADE_CHECK_STORE_H

/* The rows of RFC 5550 3.2, each tried in a mailbox made for it. */

#include "lemonade-check-imap.h"

/* How long a change may take until it is told. */
#define CHECK_STORE_NEWS_MSECS (5 * 1000)

/* The two messages that are there first. */
#define CHECK_STORE_SUBJECT_B "lemonade check b"
#define CHECK_STORE_SUBJECT_A "lemonade check a"
/* Of message b: its second part decoded. */
#define CHECK_STORE_DECODED "lemonade"
/* Of message a: the beginning of its text, and a word in it that is written
   in lower case. */
#define CHECK_STORE_HTML "<p>caf\xc3\xa9</p>"

struct check_store {
	struct lemonade_check *check;
	struct lemonade_check_server server;
	struct check_imap *imap;
	/* a second session of the user's, made when one is needed */
	struct check_imap *other;

	/* the scratch mailbox: NULL until it is there; quoted for commands,
	   and as path of an IMAP URL */
	const char *mailbox, *quoted, *url_path;
	uint64_t uidvalidity, uid_a, uid_b;
	unsigned int losses;
	bool qresync;
};

/* Tries one row: 1 it works, 0 not with *why_r, -1 the connection is lost. */
struct check_trial {
	const char *name;
	int (*run)(struct check_store *store, const char **why_r);
};
/* -message.c, -search.c, -news.c; a NULL name ends them. */
extern const struct check_trial check_trials_message[];
extern const struct check_trial check_trials_search[];
extern const struct check_trial check_trials_news[];

/* ret of a command: works if it is 1 and an untagged response has the text.
   Else *why_r. */
int check_store_expect(struct check_store *store, int ret, const char *text,
		       const char **why_r);
/* 0 with *why_r from what the server said, or what was wrong with it. */
int check_store_refused(struct check_store *store, const char **why_r);
int check_store_wrong(const char *what, const char **why_r);

/* Appends to the scratch mailbox. 1, 0, -1. */
int check_store_append(struct check_store *store, struct check_imap *imap,
		       const char *message);
/* UIDs of messages that match: the first, 0 if there is none. */
int check_store_search(struct check_store *store, const char *criteria,
		       uint64_t *uid_r);
int check_store_select(struct check_store *store, struct check_imap *imap);
/* The second session, logged in. -1 with *why_r. */
int check_store_other(struct check_store *store, const char **why_r);

#endif
