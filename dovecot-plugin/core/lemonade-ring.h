#ifndef LEMONADE_RING_H
#define LEMONADE_RING_H

/*
 * What the user's Sieve script says of one delivery: that it rings certain
 * devices, whatever their filters say, or none, and what it tells them. The
 * verdicts on the message take it in as it is stored; if it is stored nowhere,
 * or not by a delivery, lemonade_ring_end() hands off a line of its own.
 * Nothing here fails or delays a delivery.
 *
 * The Sieve plugin is loaded by processes that have no mail plugin, so it
 * finds these by the name of the table below.
 */

#include "lemo-event.h"
#include "lemonade-device.h"

struct mail;
struct mail_user;
struct lemonade_ring;

#define LEMONADE_RING_VFUNCS "lemonade_ring_vfuncs"

/* A notification by a URI (RFC 5435). Strings may be anything, of any
   length. */
struct lemonade_notify {
	/* the target, see lemo_notify_normalize() */
	const char *url;
	/* NULL if the script does not say; the text is then From: and
	   Subject: of the message */
	const char *text, *subject, *from;
	/* seconds that it may wait; 0: as a device does */
	uint32_t ttl;
};

struct lemonade_ring_vfuncs {
	/* A script begins to look at mail for this user. */
	struct lemonade_ring *(*begin)(const char *username);
	void (*end)(struct lemonade_ring **ring);
	/* No device rings, whatever else is said. */
	void (*silence)(struct lemonade_ring *ring);
	/* This device rings; NULL: all do. importance: see
	   struct lemo_event; 0 if it is not known yet.
	   False if it is one more than LEMO_SIEVE_NOTIFY_MAX. */
	bool (*device)(struct lemonade_ring *ring, const char *name,
		       uint32_t importance);
	/* The push to a device that rings (NULL: to all of which nothing else
	   is said) may wait so many seconds. */
	void (*device_ttl)(struct lemonade_ring *ring, const char *name,
			   uint32_t ttl);
	/* The script is done and wants it of this mail. Returns false if the
	   user has no such device; NULL: none at all. */
	bool (*commit)(struct lemonade_ring *ring, const char *name,
		       struct mail_user *user, struct mail *mail);
	/* This target is told so. Returns what commit_notify() is to be
	   called with; 0 if it is one more than LEMO_SIEVE_NOTIFY_MAX. */
	unsigned int (*notify)(struct lemonade_ring *ring,
			       const struct lemonade_notify *notify);
	/* Its ttl, if it was not known by then. */
	void (*notify_ttl)(struct lemonade_ring *ring, unsigned int notify,
			   uint32_t ttl);
	/* The script is done and wants it of this mail. Returns NULL, or why
	   it is not told, words to follow the URI, in the data stack. */
	const char *(*commit_notify)(struct lemonade_ring *ring,
				     unsigned int notify, uint32_t importance,
				     struct mail_user *user,
				     struct mail *mail);
	/* Is a session of this device there, or of the one with this URL?
	   Exactly one of name and url is not NULL. "yes" or "maybe"; waits as
	   long as a hand-off may. What that took goes off *msecs; if it is
	   0, nobody is asked. */
	const char *(*online)(const char *username, const char *name,
			      const char *url, uint64_t *msecs);
};
extern const struct lemonade_ring_vfuncs lemonade_ring_vfuncs;

/* What is said of the delivery that runs for this user; NULL: nothing. */
struct lemonade_ring *lemonade_ring_find(const char *username);
/* What the verdict on the device becomes; verdict if nothing is said. Not
   asked of devices that may not ring at all (lemonade_device.verdict). */
const char *lemonade_ring_verdict(const struct lemonade_ring *ring,
				  const struct lemonade_device *device,
				  const char *verdict);
/* The message goes into an event that tells the devices. */
void lemonade_ring_told(struct lemonade_ring *ring, struct lemo_event *event);
/* To each device of the event that rings, the words of the notification that
   names it, and how long its push may wait. devices: those of the event, in its
   order. */
void lemonade_ring_add_words(const struct lemonade_ring *ring,
			     const ARRAY_TYPE(lemonade_device) *devices,
			     struct lemo_event *event);
/* Appends the targets that are no devices of the user to those of the event,
   which has its id; each goes into one event. True if there are any. */
bool lemonade_ring_add_targets(struct lemonade_ring *ring,
			       struct lemo_event *event);

#endif
