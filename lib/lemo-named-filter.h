#ifndef LEMO_NAMED_FILTER_H
#define LEMO_NAMED_FILTER_H

/*
 * Filters of RFC 5466: what one may be called, what its value may look like,
 * and how far filters that name filters are followed. What the SEARCH keys
 * mean is for the server's own parser.
 */

#include "lemo-limits.h"

#include <stdbool.h>
#include <stddef.h>

/* The filter-name of RFC 5466 section 4: ATOM-CHARs but "/", at most
   LEMO_NAMED_FILTER_NAME_MAX of them. */
bool lemo_named_filter_name_is_valid(const char *name, size_t len);

/* Are these octets the tokens of IMAP SEARCH criteria, so that they stand for
   themselves wherever they are put: UTF-8 without NUL, at most
   LEMO_NAMED_FILTER_SIZE_MAX, strings and lists closed, no control character
   (thus no end of line) outside of a literal. 8-bit characters are accepted
   in quoted strings, too. Returns 0; -1 with a constant *error_r, worded to
   follow the name of the value, and the octet at which it was noticed. */
int lemo_named_filter_check(const char *value, size_t len,
			    const char **error_r, size_t *pos_r);

/* How far the filters of one command are followed (RFC 5466 section 3.1: three
   passes at least; beyond that loops must be noticed). All zero at first. */
struct lemo_filter_walk {
	/* where we are; the caller's memory until it leaves */
	const char *names[LEMO_NAMED_FILTER_DEPTH_MAX];
	unsigned int depth;
	unsigned int uses;
	size_t octets;
};

/* A filter is named, in lower case. False: it is to be taken as undefined,
   because it is inside itself, or too deep, or one too many. */
bool lemo_filter_walk_enter(struct lemo_filter_walk *walk, const char *name);
/* The criteria of the filter just entered have so many octets. False if all
   together have too many: then it is to be taken as undefined, too. */
bool lemo_filter_walk_add(struct lemo_filter_walk *walk, size_t octets);
/* For each that was entered. */
void lemo_filter_walk_leave(struct lemo_filter_walk *walk);

#endif
