#ifndef LEMONADE_RING_PRIVATE_H
#define LEMONADE_RING_PRIVATE_H

/* For lemonade-ring*.c. */

#include "lemonade-device.h"
#include "lemonade-ring.h"

/* A notification by a URI. */
struct ring_notify {
	struct lemonade_notify said;
	/* as the action has it; 0 until then */
	uint32_t importance;
	/* what follows is not asked of devices */
	/* the action's turn came, and the administrator lists the target */
	bool allowed;
	/* it is in an event already */
	bool sent;
};

/* A device by name. */
struct ring_device {
	const char *name;
	/* 0: not said */
	uint32_t ttl;
};

struct lemonade_ring {
	struct lemonade_ring *prev, *next;
	pool_t pool;
	const char *username;

	bool silent, all;
	/* the message is told of by an event of its own */
	bool told;
	ARRAY(struct ring_device) names;
	ARRAY(struct ring_notify) notifies;
	uint32_t importance;
	/* of all devices of which nothing else is said */
	uint32_t ttl;

	/* of the message; user NULL: no notify was committed */
	struct mail_user *user;
	const char *message_id, *from, *to, *subject, *date;
	bool automatic;
	/* and where it is; mailbox NULL: in a delivery, nowhere yet */
	const char *mailbox, *mailbox_guid;
	uint32_t uidvalidity, uid;
	/* when somebody asked for them */
	ARRAY_TYPE(lemonade_device) devices;
};

/* lemonade-ring.c */

bool ring_has_room(const struct lemonade_ring *ring);
/* 0: nothing is said of this device. */
uint32_t ring_device_ttl(const struct lemonade_ring *ring, const char *name);
/* The action's turn came. */
void ring_committed(struct lemonade_ring *ring, struct mail_user *user,
		    struct mail *mail);
const ARRAY_TYPE(lemonade_device) *ring_devices(struct lemonade_ring *ring);

/* lemonade-ring-notify.c */

unsigned int ring_notify_add(struct lemonade_ring *ring,
			     const struct lemonade_notify *notify);
void ring_notify_set_ttl(struct lemonade_ring *ring, unsigned int n,
			 uint32_t ttl);
const char *ring_notify_commit(struct lemonade_ring *ring, unsigned int n,
			       uint32_t importance, struct mail_user *user,
			       struct mail *mail);
const char *ring_online(const char *username, const char *name,
			const char *url, uint64_t *msecs);
/* The notification whose target this device is; NULL: there is none. */
const struct ring_notify *
ring_notify_of_device(const struct lemonade_ring *ring,
		      const struct lemonade_device *device);
/* Is there one that no event told? */
bool ring_notify_waits(const struct lemonade_ring *ring);

#endif
