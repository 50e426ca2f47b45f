#ifndef LEMONADE_HANDOFF_H
#define LEMONADE_HANDOFF_H

/*
 * Hands events to the notifier: over its socket, acknowledged within
 * lemonade_handoff_timeout in all, else as spool files. Never fails the
 * caller and never waits longer.
 *
 * After a missed acknowledgement or a failed connect the socket is left
 * alone for a few seconds and events go to the spool at once.
 */

#include "lemo-event.h"

struct lemonade_user;
struct lemonade_handoff;

/* The notifier's socket; data stack. */
const char *lemonade_handoff_path(const struct lemonade_user *luser);

/* One hand-off a mail transaction; its time starts now. */
struct lemonade_handoff *lemonade_handoff_begin(struct lemonade_user *luser);
/* Sends one event. wait: it must be kept, so the acknowledgement is awaited
   or the event spooled; else it is dropped if the notifier is not there. */
void lemonade_handoff_add(struct lemonade_handoff *handoff,
			  const struct lemo_event *event, bool wait);
/* Awaits the acknowledgements, spools what has none. If the notifier says
   that a device is gone, its entry is unset: see lemonade-gone.h. */
void lemonade_handoff_end(struct lemonade_handoff **handoff);

/* Asks the notifier for the state of a device. Returns the JSON in the data
   stack, or NULL if the notifier does not answer in time. */
const char *lemonade_handoff_status(struct lemonade_user *luser,
				    const char *device);

/* Asks the notifier whether a session of the device is there: "yes", "maybe"
   if none is known, or NULL if it does not answer within
   lemonade_handoff_timeout. */
const char *lemonade_handoff_online(struct lemonade_user *luser,
				    const char *device);

/* Closes all connections. */
void lemonade_handoff_deinit(void);

#endif
