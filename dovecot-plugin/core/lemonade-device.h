#ifndef LEMONADE_DEVICE_H
#define LEMONADE_DEVICE_H

/*
 * The user's devices, as they stand in METADATA.
 */

#include "mail-storage.h"
#include "lemo-event.h"
#include "lemo-subscription.h"
#include "lemonade-names.h"

/* Entry names as the storage sees them. */
#define LEMONADE_VENDOR_KEY \
	MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER LEMONADE_VENDOR_NAME
#define LEMONADE_VENDOR_KEY_PREFIX \
	MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER LEMONADE_VENDOR_PREFIX
#define LEMONADE_PUSH_KEY_PREFIX \
	MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER LEMONADE_PUSH_PREFIX

struct lemonade_device {
	const char *name;
	/* as stored, but on one line */
	const char *json;
	/* NULL: the entry does not parse (any more) */
	struct lemo_subscription *sub;
	/* the first condition that needs no event: LEMO_VERDICT_INVALID,
	   _DISABLED, _EXPIRED, or NULL if all hold */
	const char *verdict;
	/* event types that its groups ask for in the mailbox at hand, and in
	   any */
	lemo_event_mask_t wants, wants_any;
};
ARRAY_DEFINE_TYPE(lemonade_device, struct lemonade_device);

/* Server entries are kept with INBOX. The handle is not opened: reading
   attributes asks for no more than the mailbox GUID, which the list index
   usually knows. NULL if there is no INBOX. */
struct mailbox *lemonade_inbox_alloc(struct mail_user *user);

/* Appends the names of the devices to the array, at most
   LEMO_DEVICES_MAX + 1, in alphabetical order. inbox may be NULL: then INBOX
   is looked up; a box that is not INBOX is ignored. Returns 0, or -1 if
   METADATA could not be read (it is logged). No attribute dict is no error:
   then there are no devices. */
int lemonade_devices_list(struct mail_user *user, struct mailbox *inbox,
			  pool_t pool, ARRAY_TYPE(const_string) *names);

/* Reads and parses all devices and asks what they want of this mailbox, or,
   with box NULL, of any.
   Nothing in METADATA makes this fail: a device that does not parse gets its
   verdict. All memory but the subscriptions' is of the pool. */
void lemonade_devices_read(struct mail_user *user, struct mailbox *box,
			   pool_t pool, ARRAY_TYPE(lemonade_device) *devices);
/* Frees the subscriptions. */
void lemonade_devices_free(ARRAY_TYPE(lemonade_device) *devices);

#endif
