#ifndef SEEN_H
#define SEEN_H

/*
 * The ids that were ingested in the last day, so that an event whose
 * acknowledgement was late, and which therefore waits in the spool too, does
 * not ring twice. In the outbox in order of arrival, in memory as a set.
 */

#include <stdint.h>

struct notifier;

#define SEEN_MSECS (24 * 3600 * 1000)
/* 8 to 16 MB; with more events a day than this the day is shorter */
#define SEEN_MAX 1000000

struct seen *seen_init(struct notifier *notifier);
void seen_deinit(struct seen **seen);
int seen_load(struct seen *seen);
/* Inside a transaction: 1 = new, now remembered, 0 = seen before,
   -1 = error. */
int seen_add(struct seen *seen, uint64_t key);
bool seen_has(const struct seen *seen, uint64_t key);
/* Inside a transaction: forgets some that are old. */
void seen_purge(struct seen *seen);

#endif
