#include "lib.h"
#include "hash.h"
#include "ioloop.h"
#include "ipwd.h"
#include "llist.h"
#include "user.h"
#include "account.h"
#include "device.h"
#include "feeds.h"
#include "notifier.h"
#include "users-private.h"

/* A system user may be made or renumbered while we run. */
#define OWNER_CHECK_SECS 60

static unsigned int user_hash(const struct user *user)
{
	return str_hash(user->name) ^ user->account->uid;
}

static int user_cmp(const struct user *user1, const struct user *user2)
{
	return user1->account != user2->account ? 1 :
		strcmp(user1->name, user2->name);
}

struct users *users_init(struct notifier *notifier)
{
	struct users *users = i_new(struct users, 1);

	users->notifier = notifier;
	hash_table_create(&users->table, default_pool, 0, user_hash, user_cmp);
	return users;
}

static void user_free(struct users *users, struct user *user)
{
	struct device *device;

	i_assert(user->pushes_count == 0);
	while ((device = user->devices) != NULL) {
		user->devices = device->next;
		device_free(device);
	}
	users->devices_count -= user->devices_count;
	hash_table_remove(users->table, user);
	DLLIST2_REMOVE(&users->head, &users->tail, user);
	i_free(user->name);
	i_free(user);
}

void users_clear(struct users *users)
{
	while (users->head != NULL)
		user_free(users, users->head);
	users->dirty_count = 0;
}

void users_deinit(struct users **_users)
{
	struct users *users = *_users;

	*_users = NULL;
	users_clear(users);
	hash_table_destroy(&users->table);
	i_free(users);
}

static bool user_is_dirty(const struct user *user)
{
	const struct device *device;

	for (device = user->devices; device != NULL; device = device->next) {
		if (device->dirty)
			return TRUE;
	}
	return FALSE;
}

/* Forgets one that nobody holds and of which all is written, from the end of
   the list; looks at a few only, users_save() makes more of them clean. */
static void users_shrink(struct users *users)
{
	struct user *user = users->tail, *prev;
	unsigned int looked;

	for (looked = 0; looked < 16 && user != NULL; looked++, user = prev) {
		prev = user->prev;
		if (hash_table_count(users->table) <= USERS_MAX &&
		    users->devices_count <= DEVICES_MAX)
			return;
		if (user->pushes_count == 0 && !user_is_dirty(user)) {
			user_free(users, user);
			continue;
		}
		/* else those at the end would hide all others for ever */
		DLLIST2_REMOVE(&users->head, &users->tail, user);
		DLLIST2_PREPEND(&users->head, &users->tail, user);
	}
}

struct user *user_find(struct users *users, struct account *account,
		       const char *name)
{
	struct user key = { .account = account };

	key.name = (char *)name;
	return hash_table_lookup(users->table, &key);
}

struct user *user_get(struct users *users, struct account *account,
		      const char *name)
{
	struct user *user = user_find(users, account, name);

	if (user != NULL) {
		if (user != users->head) {
			DLLIST2_REMOVE(&users->head, &users->tail, user);
			DLLIST2_PREPEND(&users->head, &users->tail, user);
		}
		return user;
	}
	users_shrink(users);
	user = i_new(struct user, 1);
	user->account = account;
	user->name = i_strdup(name);
	user->feed = feeds_find(users->notifier->feeds, name);
	user->feed_rows = -1;
	hash_table_insert(users->table, user, user);
	DLLIST2_PREPEND(&users->head, &users->tail, user);
	return user;
}

bool user_is_owned(struct user *user)
{
	struct passwd pw;

	/* root may speak for anyone */
	if (user->account->uid == 0)
		return TRUE;
	if (ioloop_time < user->owner_checked + OWNER_CHECK_SECS &&
	    ioloop_time >= user->owner_checked)
		return user->owner_ok;
	/* a failing lookup is no answer: rows are keyed by uid anyway */
	user->owner_found = i_getpwnam(user->name, &pw) > 0;
	user->owner_ok = !user->owner_found ||
		pw.pw_uid == user->account->uid;
	user->owner_checked = ioloop_time;
	return user->owner_ok;
}

bool user_has_feed(const struct user *user)
{
	const struct feed *feed = user->feed;
	uint32_t uid = user->account->uid;

	return feed != NULL && (uid == 0 || user->owner_found ||
				(uid >= feed->uid_first &&
				 uid <= feed->uid_last));
}

unsigned int users_dirty_count(const struct users *users)
{
	return users->dirty_count;
}

unsigned int users_count(const struct users *users)
{
	return hash_table_count(users->table);
}

void users_enable_all(struct users *users, const char *name)
{
	struct user *user;
	struct device *device;

	for (user = users->head; user != NULL; user = user->next) {
		if (name != NULL && strcmp(user->name, name) != 0)
			continue;
		for (device = user->devices; device != NULL;
		     device = device->next) {
			device->disabled = FALSE;
			device->failing_since = 0;
		}
	}
}

void users_save(struct users *users)
{
	struct user *user;
	struct device *device;

	for (user = users->head; user != NULL; user = user->next) {
		for (device = user->devices; device != NULL;
		     device = device->next) {
			if (device->dirty)
				device_save(device);
		}
	}
	users->dirty_count = 0;
}
