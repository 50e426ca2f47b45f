#ifndef LEMONADE_NAMED_FILTER_H
#define LEMONADE_NAMED_FILTER_H

/*
 * The SEARCH key FILTER (RFC 5466): criteria that stand in METADATA under a
 * name, put in its place by Dovecot's own search parser as if they stood in
 * parentheses.
 */

#include "lemo-named-filter.h"

struct mail_user;

enum lemonade_filter_dir {
	LEMONADE_FILTER_DIR_VALUES,
	LEMONADE_FILTER_DIR_TEXTS,

	LEMONADE_FILTER_DIR_COUNT
};

/* Entry names of the mailbox "", as the storage sees them. */
#define LEMONADE_FILTER_VALUES_KEY_PREFIX \
	MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER "filters/values/"
#define LEMONADE_FILTER_TEXTS_KEY_PREFIX \
	MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER "filters/descriptions/"

/* Why criteria with a FILTER could not be built. */
enum lemonade_filter_failure {
	LEMONADE_FILTER_FAILURE_NONE = 0,
	/* there is no such filter, or it is to be taken as if (loops) */
	LEMONADE_FILTER_FAILURE_UNDEFINED,
	/* METADATA could not be read; it is logged */
	LEMONADE_FILTER_FAILURE_UNREADABLE,
	/* what is stored is no criteria */
	LEMONADE_FILTER_FAILURE_INVALID,
	/* FILTER in a command with another CHARSET than UTF-8 */
	LEMONADE_FILTER_FAILURE_CHARSET
};

/* Who searches: the search parser knows no user. Without a scope FILTER is an
   unknown key. */
struct lemonade_filter_scope {
	struct lemonade_filter_scope *prev;
	struct mail_user *user;
	/* FILTER only has to have a name: that one may be made later. */
	bool check_only;
	struct lemo_filter_walk walk;

	/* The last failure and the filter it is about. The parser's error has
	   the words for both. All failures but CHARSET make the parser say
	   that the character set is unknown, for thereupon SEARCH answers NO
	   and forgets what it saved (RFC 5182 section 2.1). */
	enum lemonade_filter_failure failure;
	char name[LEMO_NAMED_FILTER_NAME_MAX + 1];
};

/* The scope is the caller's memory until it ends; scopes nest. */
void lemonade_filter_scope_begin(struct lemonade_filter_scope *scope,
				 struct mail_user *user);
void lemonade_filter_scope_end(struct lemonade_filter_scope *scope);

/* Are these criteria whole? -1: *client_error_r in the data stack. */
int lemonade_named_filter_check(struct mail_user *user, const char *value,
				const char **client_error_r);

/* Registers the key, for as long as the process lives: Dovecot's register
   forgets none. */
void lemonade_named_filter_init(void);

#endif
