#ifndef NOTIFY_EVENTS_H
#define NOTIFY_EVENTS_H

/*
 * Named events of Dovecot's event framework, for metrics and exporters;
 * lemonade(7) lists them with their fields. They have the category
 * "lemonade". No field is a secret, a URL's path or a word of a message.
 */

#include "device.h"

struct event_line;
struct notifier;
struct origin;
struct push;

/* lemonade_event: a mail process told an event. result: "kept", "refused",
   "full". */
void notify_event_told(struct notifier *notifier,
		       const struct event_line *line, const char *result);
/* lemonade_notification_held_back */
void notify_event_held_back(const struct device *device,
			    enum held_back reason);
/* lemonade_notification_finished: a try is over; result: "done", "retry",
   "permanent", "gone", "deadline", "refused", "budget", "quiet". */
void notify_event_finished(const struct push *push, const char *result);
/* lemonade_breaker_opened, lemonade_breaker_closed: for e_warning() and
   e_info(). */
struct event *notify_event_breaker(const struct origin *origin, bool opened);

#endif
