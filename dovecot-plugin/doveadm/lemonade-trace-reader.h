#ifndef LEMONADE_TRACE_READER_H
#define LEMONADE_TRACE_READER_H

/*
 * Reads the notifier's trace (files UID.START of lemo-trace.h lines) and
 * gives what belongs to a story, in order of time.
 */

#include "lemo-trace-story.h"

/* uid: of the mail process that told it. A record is valid during the call. */
typedef void lemonade_trace_record_t(const struct lemo_trace_record *record,
				     uint32_t uid, void *context);

/* last: so many events at most, the latest; 0 = all. Returns the number of
   records, or -1 with *error_r (data stack) and errno. */
int lemonade_trace_read(const char *dir, const struct lemo_trace_query *query,
			unsigned int last, lemonade_trace_record_t *callback,
			void *context, const char **error_r);

#endif
