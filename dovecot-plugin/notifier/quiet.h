#ifndef QUIET_H
#define QUIET_H

/*
 * Quiet hours of devices, by the wall clock of their time zones. Zones are
 * read from the system's zoneinfo files when they are first asked for, and
 * again when those have changed. A zone that cannot be read holds nothing
 * back: when in doubt, push.
 */

#include "lemo-event.h"

struct notifier;
struct target;
struct lemo_subscription;

struct quiet *quiet_init(struct notifier *notifier);
void quiet_deinit(struct quiet **quiet);

/* When the quiet hours end in which the device is now: wall clock, seconds.
   0 if there are none. */
int64_t quiet_until(struct quiet *quiet, const struct target *target);
/* True if the device has quiet hours, and the event passes nevertheless: its
   message is urgent, and the device does not hold those. */
bool quiet_lets_pass(const struct lemo_subscription *sub,
		     const struct lemo_event *event);
/* The same time as quiet_until(), if it is quiet and the event may not pass;
   else 0. */
int64_t quiet_holds(struct quiet *quiet, const struct target *target,
		    const struct lemo_event *event);

#endif
