#ifndef DEVICE_ENDPOINT_H
#define DEVICE_ENDPOINT_H

/*
 * What the push service says of a device's endpoint, i.e. its URL and keys:
 * whether it is there at all (RFC 8030 7.3), and which of our VAPID keys it
 * takes (RFC 8292).
 */

#include "lemo-retry.h"

struct device;
struct push;
struct target;

struct device_endpoint {
	/* the user's entry is to go; nothing is sent any more */
	bool gone;
	struct lemo_missing missing;
	/* base64url of the public key that the app subscribed with, as far
	   as we know; NULL = we do not */
	char *vapid;
	/* our keys that were refused one after the other */
	unsigned int refusals;
};

/* -1 = the outbox failed */
int device_endpoint_load(struct device *device);
void device_endpoint_free(struct device *device);

/* The public form of the VAPID key that the next push is signed with; NULL:
   that of the first. Valid until the next change. */
const char *device_endpoint_key(const struct device *device);

/* These are inside a transaction. */

/* The device has a new subscription. old: what it had, or NULL. True if its
   endpoint is another. */
bool device_endpoint_changed(struct device *device, const struct target *old);
/* The user wrote the entry: what we know of it begins anew, and an endpoint
   that we do not know was made with the key we publish. */
void device_endpoint_written(struct device *device);
/* A push was answered: the answer, its text and the time of the next try
   become what they mean here. */
void device_endpoint_judge(struct push *push);
/* Appends what the acknowledgement says of a device that is gone. */
void device_endpoint_tell(const struct device *device, string_t *str);

#endif
