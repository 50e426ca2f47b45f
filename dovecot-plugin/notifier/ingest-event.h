#ifndef INGEST_EVENT_H
#define INGEST_EVENT_H

struct notifier;
struct account;
struct event_line;

/* Inside a transaction: writes what follows from an event that was not seen
   before. NULL, or why it is refused: a reason word, a TAB and words. To gone
   is appended what the acknowledgement is to say of devices that are gone. */
const char *ingest_event(struct notifier *notifier, struct account *account,
			 struct event_line *line, string_t *gone);

#endif
