#ifndef USERS_PRIVATE_H
#define USERS_PRIVATE_H

/* For user.c and device.c. */

struct users {
	struct notifier *notifier;
	HASH_TABLE(struct user *, struct user *) table;
	struct user *head, *tail;
	unsigned int devices_count;
	/* devices that were made dirty since the last save */
	unsigned int dirty_count;
};

#endif
