#ifndef LEMONADE_EXPORT_H
#define LEMONADE_EXPORT_H

/*
 * All that Lemonade keeps of one user, as one JSON object. What lets others
 * push to a device is left out: keys, codes, and of URLs the path; the user
 * himself reads them by GETMETADATA.
 */

#include "lemo-trace.h"

struct lemonade_export;

struct lemonade_export *lemonade_export_init(const char *user);
void lemonade_export_deinit(struct lemonade_export **exp);

/* A device's entry in METADATA. */
void lemonade_export_entry(struct lemonade_export *exp, const char *device,
			   const char *json);
/* A row of the notifier's EXPORT. */
void lemonade_export_row(struct lemonade_export *exp,
			 const char *const *fields);
/* time, words: in the data stack is good enough */
void lemonade_export_trace(struct lemonade_export *exp,
			   const struct lemo_trace_record *record,
			   const char *time, const char *words);
/* In the data stack. */
const char *lemonade_export_text(const struct lemonade_export *exp);

#endif
