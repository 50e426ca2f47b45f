#ifndef INGEST_EVENT_H
#define INGEST_EVENT_H

struct notifier;
struct account;
struct device;
struct event_line;

/* Inside a transaction: writes what follows from an event that was not seen
   before. NULL, or why it is refused: a reason word, a TAB and words. To gone
   is appended what the acknowledgement is to say of devices that are gone. */
const char *ingest_event(struct notifier *notifier, struct account *account,
			 struct event_line *line, string_t *gone);

/* Inside a transaction: what was held back becomes one push, of which this
   line speaks; class: as it was when it was held. False if the device wants
   none any more. */
bool ingest_event_held(struct notifier *notifier, struct device *device,
		       struct event_line *line, unsigned int class,
		       unsigned int events);

/* Inside a transaction: what follows for one device from an event that was
   held back from it before. */
void ingest_event_again(struct notifier *notifier, struct account *account,
			struct event_line *line, const char *device);

#endif
