#ifndef LEMONADE_FILTER_H
#define LEMONADE_FILTER_H

/*
 * SEARCH criteria of a device, parsed and run by Dovecot's own search.
 */

#include "seq-range-array.h"

struct mail_search_args;
struct lemonade_view;

/* Parses SEARCH criteria (UTF-8). Refused beside what SEARCH itself refuses:
   message sequence numbers and $ (they belong to a session) and INTHREAD (it
   threads the whole mailbox at each delivery). Returns 0; free *args_r with
   mail_search_args_unref(). -1 with *client_error_r in the parser's words, in
   the data stack. */
int lemonade_filter_parse(const char *filter,
			  struct mail_search_args **args_r,
			  const char **client_error_r);

/* Which of the mails match. view is open; args are used up but for the
   reference. Returns 0 with the UIDs added to hits, -1 if the search failed
   (it is logged). */
int lemonade_filter_run(struct lemonade_view *view,
			struct mail_search_args *args,
			const ARRAY_TYPE(seq_range) *uids,
			ARRAY_TYPE(seq_range) *hits);

#endif
