#ifndef LEMONADE_QUOTA_H
#define LEMONADE_QUOTA_H

/*
 * The quota plugin, if it is there (RFC 5423 section 4.1):
 *
 *   QuotaExceed  a mail was refused for quota, or (within the grace that
 *                deliveries have) took the usage over the limit; once a
 *                session, until it is within again
 *   QuotaWithin  what was expunged or deleted took the usage from the limit
 *                or over it to under it
 *   QuotaChange  the limit is not what it was when this was last looked at
 *
 * Nothing is asked of the quota plugin before it has refused a mail, or
 * before somebody has asked to hear of the other two. Usage is read only
 * where that is a look into local files; where it is not (imapc, fs, dict)
 * there is QuotaExceed alone, without numbers.
 *
 * Events are raised when the command or delivery is through, as the quota
 * plugin's numbers are right only then.
 */

#include "lemonade-device.h"

struct lemonade_user;

/* When the user is created. Leaves luser->quota NULL if there is no quota. */
void lemonade_quota_init(struct lemonade_user *luser);
/* Raises what is still to be raised; before the user's namespaces go. */
void lemonade_quota_deinit(struct lemonade_user *luser);

/* The functions below do nothing without quota. */

/* Mails are about to go; those of a mailbox that is deleted go first. */
void lemonade_quota_shrink(struct lemonade_user *luser,
			   const ARRAY_TYPE(lemonade_device) *devices);
/* Something was changed: the first time in a session the limits are looked
   at, if anybody cares. */
void lemonade_quota_look(struct lemonade_user *luser,
			 const ARRAY_TYPE(lemonade_device) *devices);

#endif
