#ifndef LEMONADE_MATCH_H
#define LEMONADE_MATCH_H

/*
 * Which devices an event concerns: for each the verdict, i.e. "match" or the
 * first condition that failed, in the order of lemo-event.h.
 */

#include "lemonade-device.h"

struct lemonade_user;
struct lemonade_view;

/* One verdict a device, in the order of the devices. */
struct lemonade_verdicts {
	const char *verdict[LEMO_EVENT_MAX_DEVICES];
	unsigned int count;
};

/* The conditions that need no look at the mailbox. flag_names: of a flag
   event, else NULL. */
void lemonade_match_event(const ARRAY_TYPE(lemonade_device) *devices,
			  enum lemo_event_type type, const char *flag_names,
			  struct lemonade_verdicts *verdicts_r);
/* Every match becomes this verdict. */
void lemonade_match_refuse(struct lemonade_verdicts *verdicts,
			   const char *verdict);
/* True if any device still matches. */
bool lemonade_match_any(const struct lemonade_verdicts *verdicts);

/* Mail by channel mailto must not be about such mail (RFC 5436 2.7): does any
   device of that channel match, and: all that do become LEMO_VERDICT_AUTO. */
bool lemonade_match_any_mailto(const ARRAY_TYPE(lemonade_device) *devices,
			       const struct lemonade_verdicts *verdicts);
void lemonade_match_refuse_mailto(const ARRAY_TYPE(lemonade_device) *devices,
				  struct lemonade_verdicts *verdicts);

/* Runs the filters of the devices that match over these mails. hits: an array
   a device, made in the data stack. A filter that does not parse makes its
   device invalid. */
void lemonade_match_filters(const ARRAY_TYPE(lemonade_device) *devices,
			    struct lemonade_verdicts *verdicts,
			    struct lemonade_view *view,
			    const ARRAY_TYPE(seq_range) *uids,
			    ARRAY_TYPE(seq_range) *hits);

/* True if the mail that view->mail points to was sent by the user himself:
   the address in From: is the user name (a name without a domain is one at
   this host), or at delivery the envelope sender is the recipient. It cannot
   be known better here; who forges From: only keeps his own mail from
   ringing. */
bool lemonade_match_is_own(struct lemonade_user *luser,
			   struct lemonade_view *view);

#endif
