#ifndef LEMONADE_LINE_H
#define LEMONADE_LINE_H

/*
 * Events as RFC 5423 describes them: the parameters that are the same for
 * all, the mailbox's, the message's, the id.
 */

#include "lemo-event.h"
#include "lemonade-match.h"

struct lemonade_user;
struct lemonade_view;

/* user, timestamp, process, client, and a URI of the server. Strings are
   borrowed or of the data stack, here and below. */
void lemonade_line_init(struct lemonade_user *luser,
			enum lemo_event_type type, struct lemo_event *event_r);

/* A mailbox that is known by name only, or no longer there: name, mailboxID,
   GUID (or NULL), UIDVALIDITY (or 0). */
void lemonade_line_name_mailbox(struct lemonade_user *luser,
				const char *vname, const char *guid,
				uint32_t uidvalidity,
				struct lemo_event *event);

/* The mailbox: name, mailboxID, GUID, UIDVALIDITY, and with an open view the
   counters; view may be NULL. uidvalidity 0: that of box, if it is open. */
void lemonade_line_set_mailbox(struct lemonade_user *luser,
			       struct mailbox *box, uint32_t uidvalidity,
			       const struct lemonade_view *view,
			       struct lemo_event *event);

/* The name it had before it got that of the event; the UIDVALIDITY stays. */
void lemonade_line_set_old_mailbox(struct lemonade_user *luser,
				   const char *vname,
				   struct lemo_event *event);

/* The verdicts, and the subscriptions of those that match. */
void lemonade_line_set_devices(const ARRAY_TYPE(lemonade_device) *devices,
			       const struct lemonade_verdicts *verdicts,
			       struct lemo_event *event);

/* The last step: uri and id, out of what is there. stable: mailbox, UIDs and
   modseq say all there is to say about this event; else a counter of this
   session takes part. */
void lemonade_line_finish(struct lemonade_user *luser, bool stable,
			  struct lemo_event *event);

#endif
