#include "lib.h"
#include "array.h"
#include "hash.h"
#include "ioloop.h"
#include "str.h"
#include "strnum.h"
#include "device.h"
#include "account.h"
#include "held.h"
#include "lemo-limits.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "outbox.h"
#include "notify-clock.h"
#include "notify-events.h"
#include "push.h"
#include "rang.h"
#include "scheduler.h"
#include "target.h"
#include "trace.h"
#include "user.h"
#include "users-private.h"

/* Devices that make room at once where a uid has too many. */
#define FORGET_MAX 100

const char *const held_back_names[HELD_BACK_COUNT] = {
	[HELD_BACK_INVALID] = LEMO_VERDICT_INVALID,
	[HELD_BACK_DISABLED] = LEMO_VERDICT_DISABLED,
	[HELD_BACK_EXPIRED] = LEMO_VERDICT_EXPIRED,
	[HELD_BACK_EVENTS] = LEMO_VERDICT_EVENTS,
	[HELD_BACK_ACL] = LEMO_VERDICT_ACL,
	[HELD_BACK_OWN] = LEMO_VERDICT_OWN,
	[HELD_BACK_FILTER] = LEMO_VERDICT_FILTER,
	[HELD_BACK_UNVERIFIED] = "unverified",
	[HELD_BACK_SILENT] = "silent",
	[HELD_BACK_COPY] = "copy",
	[HELD_BACK_BUDGET] = "budget",
	[HELD_BACK_CEILING] = "ceiling",
	[HELD_BACK_QUIET] = "quiet",
	[HELD_BACK_GONE] = "gone",
	[HELD_BACK_PRESENCE] = "presence",
	[HELD_BACK_SCRIPT] = LEMO_VERDICT_SCRIPT,
	[HELD_BACK_AUTO] = LEMO_VERDICT_AUTO
};

/* "3 0 1 ...", in the order of the enum, to which more may be appended. */
static const char *held_back_format(const uint32_t *counts)
{
	string_t *str = t_str_new(64);
	unsigned int i;

	for (i = 0; i < HELD_BACK_COUNT; i++)
		str_printfa(str, "%s%u", i == 0 ? "" : " ", counts[i]);
	return str_c(str);
}

static void held_back_parse(const char *str, uint32_t *counts)
{
	const char *const *words;
	unsigned int i;

	if (str == NULL)
		return;
	words = t_strsplit(str, " ");
	for (i = 0; i < HELD_BACK_COUNT && words[i] != NULL; i++) {
		if (str_to_uint32(words[i], &counts[i]) < 0)
			counts[i] = 0;
	}
}

static void device_read_columns(struct device *device, sqlite3_stmt *stmt,
				const char **json_r)
{
	device->id = sqlite3_column_int64(stmt, 0);
	*json_r = outbox_column_str(stmt, 1);
	device->disabled = sqlite3_column_int(stmt, 2) != 0;
	device->last_event = sqlite3_column_int64(stmt, 3);
	device->last_sent = sqlite3_column_int64(stmt, 4);
	device->failing_since = sqlite3_column_int64(stmt, 5);
	device->last_result = i_strdup(outbox_column_str(stmt, 6));
	held_back_parse(outbox_column_str(stmt, 7), device->held_back);
	device->budget.updated = sqlite3_column_int64(stmt, 8);
	device->budget.credit = sqlite3_column_int64(stmt, 9);
}

/* Whether it has a row that waits. */
static int device_load_row(struct device *device)
{
	struct outbox *outbox = device->users->notifier->outbox;
	sqlite3_stmt *stmt;
	int ret;

	stmt = outbox_query(outbox, OUTBOX_PENDING_HEAD, "i", device->id);
	ret = outbox_row(outbox, stmt);
	if (ret > 0) {
		device->gen = sqlite3_column_int64(stmt, 0);
		device->events = sqlite3_column_int(stmt, 1);
		device->row_class = sqlite3_column_int(stmt, 2);
		row_arrivals_unknown(device);
	}
	outbox_done(stmt);
	return ret;
}

static void device_parse(struct device *device, const char *json)
{
	const char *error;

	if (json == NULL)
		return;
	device->target = target_parse(device->users->notifier,
				      device->user->account->uid,
				      device->user->name, device->name,
				      json, &error);
}

static int device_load(struct device *device)
{
	struct outbox *outbox = device->users->notifier->outbox;
	const char *json = NULL;
	sqlite3_stmt *stmt;
	int ret;

	stmt = outbox_query(outbox, OUTBOX_DEVICE_FIND, "iss",
			    (int64_t)device->user->account->uid,
			    device->user->name, device->name);
	ret = outbox_row(outbox, stmt);
	if (ret > 0)
		device_read_columns(device, stmt, &json);
	outbox_done(stmt);
	if (ret <= 0)
		return ret;
	device_parse(device, json);
	if (device_endpoint_load(device) < 0 || device_load_row(device) < 0 ||
	    held_load_device(device->users->notifier->held, device) < 0)
		return -1;
	return 1;
}

static struct device *device_alloc(struct users *users, struct user *user,
				   const char *name)
{
	struct device *device = i_new(struct device, 1);

	device->users = users;
	device->user = user;
	device->name = i_strdup(name);
	return device;
}

static void device_link(struct device *device)
{
	device->next = device->user->devices;
	device->user->devices = device;
	device->user->devices_count++;
	device->users->devices_count++;
}

void device_free(struct device *device)
{
	i_assert(device->push == NULL);
	target_unref(&device->target);
	device_endpoint_free(device);
	row_arrivals_free(device);
	i_free(device->last_result);
	i_free(device->name);
	i_free(device);
}

struct device *device_find(struct users *users, struct user *user,
			   const char *name)
{
	struct device *device;
	int ret;

	for (device = user->devices; device != NULL; device = device->next) {
		if (strcmp(device->name, name) == 0)
			return device;
	}
	device = device_alloc(users, user, name);
	T_BEGIN {
		ret = device_load(device);
	} T_END;
	if (ret <= 0) {
		device_free(device);
		return NULL;
	}
	device_link(device);
	return device;
}

/* More than a user can have in METADATA are left-overs of which we never
   heard that they went: the longest silent one makes room. */
static void user_limit_devices(struct users *users, struct user *user)
{
	struct outbox *outbox = users->notifier->outbox;
	const char *last = NULL;
	unsigned int count = 0;
	struct device *device;
	sqlite3_stmt *stmt;

	stmt = outbox_query(outbox, OUTBOX_DEVICE_NAMES, "is",
			    (int64_t)user->account->uid, user->name);
	while (outbox_row(outbox, stmt) > 0) {
		last = outbox_column_str(stmt, 0);
		count++;
	}
	outbox_done(stmt);
	if (count < 2 * LEMO_EVENT_MAX_DEVICES)
		return;
	device = device_find(users, user, last);
	if (device != NULL && device->push == NULL)
		device_delete(&device);
}

/* A device that is perhaps not in memory. */
struct silent_device {
	int64_t id;
	const char *user;
};

ARRAY_DEFINE_TYPE(silent_device, struct silent_device);

/* Without user_get(): that may forget the user who is being looked at. */
static struct device *
device_find_in_memory(struct users *users, struct account *account,
		      const struct silent_device *silent)
{
	struct user *user = user_find(users, account, silent->user);
	struct device *device;

	device = user == NULL ? NULL : user->devices;
	while (device != NULL && device->id != silent->id)
		device = device->next;
	return device;
}

static void device_forget(struct users *users, struct account *account,
			  const struct silent_device *silent)
{
	struct device *device;

	device = device_find_in_memory(users, account, silent);
	if (device != NULL) {
		if (device->push == NULL)
			device_delete(&device);
		return;
	}
	(void)outbox_run(users->notifier->outbox, OUTBOX_DEVICE_DELETE, "i",
			 silent->id);
	rang_forget(users->notifier->rang, silent->id);
	account->devices--;
}

static void silent_devices_get(struct users *users, struct account *account,
			       unsigned int max,
			       ARRAY_TYPE(silent_device) *silents)
{
	struct outbox *outbox = users->notifier->outbox;
	struct silent_device *silent;
	sqlite3_stmt *stmt;

	stmt = outbox_query(outbox, OUTBOX_DEVICE_SILENT, "ii",
			    (int64_t)account->uid, (int64_t)max);
	while (outbox_row(outbox, stmt) > 0) {
		silent = array_append_space(silents);
		silent->id = sqlite3_column_int64(stmt, 0);
		silent->user = outbox_column_str(stmt, 1);
	}
	outbox_done(stmt);
}

/* Nobody tells us of each device that goes, so that those of a uid only grow.
   The longest silent without a row are forgotten: what is known of them comes
   again with their next event. Several at once, because to find them is to
   look at all; and if there were fewer, not again in this second. */
static void account_forget_devices(struct users *users,
				   struct account *account)
{
	unsigned int limit = users->notifier->set->lemonade_outbox_limit;
	unsigned int max = I_MAX(I_MIN(limit / 100, FORGET_MAX), 1);
	const struct silent_device *silent;
	ARRAY_TYPE(silent_device) silents;

	if (account->device_rows >= account->devices ||
	    account->none_silent == ioloop_time)
		return;
	/* last_event is younger in memory */
	users_save(users);
	t_array_init(&silents, max);
	silent_devices_get(users, account, max, &silents);
	if (array_count(&silents) < max)
		account->none_silent = ioloop_time;
	array_foreach(&silents, silent)
		device_forget(users, account, silent);
}

static bool account_make_room(struct users *users, struct account *account)
{
	struct accounts *accounts = users->notifier->accounts;

	if (!account_devices_have_room(accounts, account)) T_BEGIN {
		account_forget_devices(users, account);
	} T_END;
	if (account_devices_have_room(accounts, account))
		return TRUE;
	account_log_full(accounts, account);
	return FALSE;
}

struct device *device_get(struct users *users, struct user *user,
			  const char *name)
{
	struct outbox *outbox = users->notifier->outbox;
	struct device *device;

	device = device_find(users, user, name);
	if (device != NULL)
		return device;
	T_BEGIN {
		user_limit_devices(users, user);
	} T_END;
	if (!account_make_room(users, user->account))
		return NULL;
	if (outbox_run(outbox, OUTBOX_DEVICE_ADD, "issi",
		       (int64_t)user->account->uid, user->name, name,
		       (int64_t)ioloop_time) < 0)
		return NULL;
	device = device_alloc(users, user, name);
	device->id = outbox_last_rowid(outbox);
	device->rings_loaded = TRUE;
	device_link(device);
	user->account->devices++;
	return device;
}

/* A row that waits follows its device to the new URL or keys, at once, and a
   request that is in flight to the old ones does not count for it. */
static void device_move_row(struct device *device)
{
	struct notifier *notifier = device->users->notifier;

	if (device->gen == 0)
		return;
	push_forget_queued(device);
	device->gen++;
	(void)outbox_run(notifier->outbox, OUTBOX_PENDING_MOVE, "iiii",
			 device->id, device->target->origin_key,
			 notify_clock_msecs(), device->gen);
	scheduler_origin_changed(notifier->scheduler,
				 device->target->origin_key);
}

int device_set_subscription(struct device *device, const char *json,
			    const char **error_r)
{
	struct target *target, *old;

	if (device->target != NULL && strcmp(device->target->json, json) == 0)
		return 0;
	target = target_parse(device->users->notifier,
			      device->user->account->uid, device->user->name,
			      device->name, json, error_r);
	if (target == NULL)
		return -1;
	old = device->target;
	device->target = target;
	device->disabled = FALSE;
	device->failing_since = 0;
	(void)outbox_run(device->users->notifier->outbox,
			 OUTBOX_DEVICE_SUBSCRIBE, "is", device->id, json);
	if (device_endpoint_changed(device, old))
		device_move_row(device);
	held_recheck(device->users->notifier->held, device);
	target_unref(&old);
	return 0;
}

void device_delete(struct device **_device)
{
	struct device *device = *_device, **p;
	struct notifier *notifier = device->users->notifier;

	*_device = NULL;
	if (device->gen != 0) {
		trace_row_gone(device, "the device is gone");
		(void)outbox_run(notifier->outbox, OUTBOX_PENDING_DELETE, "i",
				 device->id);
		account_remove_device_row(device->user->account);
	}
	held_forget(notifier->held, device);
	(void)outbox_run(notifier->outbox, OUTBOX_DEVICE_DELETE, "i",
			 device->id);
	rang_forget(notifier->rang, device->id);
	device->user->account->devices--;
	push_detach(device);

	for (p = &device->user->devices; *p != device; p = &(*p)->next) ;
	*p = device->next;
	device->user->devices_count--;
	device->users->devices_count--;
	device_free(device);
}

void device_save(struct device *device)
{
	T_BEGIN {
		(void)outbox_run(device->users->notifier->outbox,
			OUTBOX_DEVICE_SAVE, "iiiiissii", device->id,
			(int64_t)(device->disabled ? 1 : 0),
			device->last_event, device->last_sent,
			device->failing_since, device->last_result,
			held_back_format(device->held_back),
			device->budget.updated,
			(int64_t)device->budget.credit);
	} T_END;
	device->dirty = FALSE;
}

void device_set_dirty(struct device *device)
{
	if (!device->dirty) {
		device->dirty = TRUE;
		device->users->dirty_count++;
	}
}

void device_hold_back(struct device *device, enum held_back reason)
{
	device->held_back[reason]++;
	device_set_dirty(device);
	trace_held_back(device, reason);
	notify_event_held_back(device, reason);
}

bool held_back_of_verdict(const char *verdict, enum held_back *reason_r)
{
	unsigned int i;

	for (i = 0; i < HELD_BACK_COUNT; i++) {
		if (strcmp(held_back_names[i], verdict) == 0) {
			*reason_r = i;
			return TRUE;
		}
	}
	return FALSE;
}

/* What quiet hours hold is to ring. Oldest first, so that the next one takes
   the oldest's place. */
static void device_load_rings(struct device *device)
{
	struct notifier *notifier = device->users->notifier;
	int64_t rings[DEVICE_RINGS];
	unsigned int count;

	count = held_get_rings(notifier->held, device, rings, DEVICE_RINGS);
	count += rang_get_rings(notifier->rang, device->id, rings + count,
				DEVICE_RINGS - count);
	while (count > 0)
		device->rings[device->rings_next++] = rings[--count];
	device->rings_loaded = TRUE;
}

bool device_rings_first_time(struct device *device, int64_t ring)
{
	unsigned int i;

	if (ring == 0)
		return TRUE;
	if (!device->rings_loaded)
		device_load_rings(device);
	for (i = 0; i < DEVICE_RINGS; i++) {
		if (device->rings[i] == ring)
			return FALSE;
	}
	device->rings[device->rings_next++ % DEVICE_RINGS] = ring;
	return TRUE;
}

void device_forget_ring(struct device *device, int64_t ring)
{
	unsigned int i;

	for (i = 0; i < DEVICE_RINGS; i++) {
		if (device->rings[i] == ring)
			device->rings[i] = 0;
	}
}
