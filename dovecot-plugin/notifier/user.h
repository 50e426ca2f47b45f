#ifndef USER_H
#define USER_H

/*
 * Users and their devices in memory: those that are in use, and as many of
 * the latest as USERS_MAX and DEVICES_MAX allow. The outbox has them all.
 */

#include "lemo-retry.h"

struct notifier;
struct push;

#define USERS_MAX 4096
#define DEVICES_MAX 4096

/* A user as one system uid speaks of it: another uid's user of the same name
   is another user. */
struct user {
	struct user *prev, *next; /* latest used first */
	struct account *account;
	char *name;
	struct device *devices;
	unsigned int devices_count;

	/* pushes, and verification pushes */
	struct lemo_budget budget, verify_budget;

	/* where this user's feed goes, NULL without one */
	const struct feed *feed;
	/* rows in the feed; -1 = not known */
	int feed_rows;
	/* the one of them that is in memory */
	struct push *feed_push;
	/* pushes in memory, the feed's included: the user stays */
	unsigned int pushes_count;

	time_t owner_checked;
	bool owner_ok, owner_found;
};

struct users *users_init(struct notifier *notifier);
void users_deinit(struct users **users);
/* Forgets all. Nobody may hold a push. */
void users_clear(struct users *users);
/* Writes what was changed and not written, e.g. counters; inside a
   transaction. */
void users_save(struct users *users);
/* How many devices that would be. */
unsigned int users_dirty_count(const struct users *users);
/* Clears "disabled" in memory; user: NULL = of all. */
void users_enable_all(struct users *users, const char *user);
unsigned int users_count(const struct users *users);

/* NULL if it is not in memory. */
struct user *user_find(struct users *users, struct account *account,
		       const char *name);
/* Never NULL. May forget another user that nobody holds. */
struct user *user_get(struct users *users, struct account *account,
		      const char *name);
/* False if a system user of that name exists and has another uid. */
bool user_is_owned(struct user *user);
/* True if what this uid says of the user is worth telling to the feed. Call
   user_is_owned() first. */
bool user_has_feed(const struct user *user);

#endif
