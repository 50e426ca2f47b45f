#ifndef LEMONADE_FILTER_H
#define LEMONADE_FILTER_H

/*
 * SEARCH criteria of a device, parsed and run by Dovecot's own search.
 */

#include "seq-range-array.h"

struct mail_search_args;
struct mail_user;
struct lemonade_view;

/* Parses SEARCH criteria (UTF-8), with the user's named filters in their
   place. Refused beside what SEARCH itself refuses:
   message sequence numbers and $ (they belong to a session) and INTHREAD (it
   threads the whole mailbox at each delivery). Returns 0; free *args_r with
   mail_search_args_unref(). -1 with *client_error_r in the parser's words, in
   the data stack; -2 if that is about a named filter: one that is missing, is
   no criteria, or cannot be read. */
int lemonade_filter_parse(struct mail_user *user, const char *filter,
			  struct mail_search_args **args_r,
			  const char **client_error_r);

/* How many keys search the body: BODY, TEXT and MIMEPART with those in it.
   With more than LEMO_FILTER_BODY_KEYS_MAX it is not to be stored; a stored
   one is not to be run. */
unsigned int lemonade_filter_body_keys(const struct mail_search_args *args);

/* Which of the mails match. view is open; args are used up but for the
   reference. When in doubt, push: mails that are too large for a filter that
   searches bodies match, and those that were not judged when the budget of
   the transaction (view->filter_usecs) ran out. Returns 0 with the UIDs added
   to hits, -1 if the search failed (it is logged). */
int lemonade_filter_run(struct lemonade_view *view,
			struct mail_search_args *args,
			const ARRAY_TYPE(seq_range) *uids,
			ARRAY_TYPE(seq_range) *hits);

#endif
