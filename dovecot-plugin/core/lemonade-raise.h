#ifndef LEMONADE_RAISE_H
#define LEMONADE_RAISE_H

/*
 * Events outside mail transactions: of a mailbox, or of the user himself.
 */

#include "lemonade-device.h"

struct lemonade_user;

struct lemonade_raise {
	struct lemonade_user *luser;
	pool_t pool;
	ARRAY_TYPE(lemonade_device) devices;
};

/* Reads the devices and what they want of this mailbox; box NULL: of the
   user, in whichever event group they ask for it. NULL if nobody can want
   anything. */
struct lemonade_raise *
lemonade_raise_begin(struct lemonade_user *luser, struct mailbox *box);
void lemonade_raise_end(struct lemonade_raise **raise);

/* Hands the event off. It is complete but for the devices, uri and id.
   refusal: the verdict on all that match, or NULL. */
void lemonade_raise_send(struct lemonade_raise *raise,
			 struct lemo_event *event, const char *refusal);

#endif
