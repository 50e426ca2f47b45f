#ifndef INGEST_EVENT_H
#define INGEST_EVENT_H

struct notifier;
struct account;
struct event_line;

/* Inside a transaction: writes what follows from an event that was not seen
   before. NULL, or why it is refused: a reason word, a TAB and words. */
const char *ingest_event(struct notifier *notifier, struct account *account,
			 struct event_line *line);

/* Inside a transaction: what follows for one device from an event that was
   held back from it before. */
void ingest_event_again(struct notifier *notifier, struct account *account,
			struct event_line *line, const char *device);

#endif
