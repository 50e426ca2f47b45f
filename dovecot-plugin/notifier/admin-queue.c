/* STATUS, QUEUE, DEVICES, RETRY, PURGE */

#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "str.h"
#include "lemonade-config.h"
#include "account.h"
#include "admin-private.h"
#include "device.h"
#include "feeds.h"
#include "ingest.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "push.h"
#include "scheduler.h"
#include "spool-drain.h"
#include "target.h"
#include "trace.h"
#include "user.h"

#define FIELD(...) t_strdup_printf(__VA_ARGS__)

static const char *outbox_error(const struct notifier *notifier)
{
	return t_strconcat("outbox: ", outbox_get_state(notifier->outbox),
			   NULL);
}

static int64_t outbox_int(struct outbox *outbox, enum outbox_sql sql)
{
	sqlite3_stmt *stmt = outbox_query(outbox, sql, "");
	int64_t value = outbox_row(outbox, stmt) > 0 ?
		sqlite3_column_int64(stmt, 0) : 0;

	outbox_done(stmt);
	return value;
}

/* Rows know when they expire; that is their age told backwards. */
static int64_t oldest_secs(struct notifier *notifier)
{
	struct outbox *outbox = notifier->outbox;
	int64_t pending, feed, expires, age;

	if (!outbox_is_usable(outbox))
		return 0;
	pending = outbox_int(outbox, OUTBOX_PENDING_OLDEST);
	feed = outbox_int(outbox, OUTBOX_FEED_OLDEST);
	expires = pending == 0 || (feed != 0 && feed < pending) ?
		feed : pending;
	if (expires == 0)
		return 0;
	age = notifier->set->lemonade_retry_deadline -
		(expires - notify_clock_msecs()) / 1000;
	return age < 0 ? 0 : age;
}

const char *admin_cmd_status(struct admin_client *client,
			     const char *const *args ATTR_UNUSED)
{
	struct notifier *notifier = client->notifier;
	struct scheduler_stats stats;
	struct trace_stats trace;

	scheduler_get_stats(notifier->scheduler, &stats);
	trace_get_stats(notifier->trace, &trace);
	admin_row(client, "version="LEMONADE_VERSION,
		  FIELD("uptime=%ld",
			(long)(ioloop_time - notifier->started)),
		  FIELD("outbox_state=%s", outbox_get_state(notifier->outbox)),
		  FIELD("rows=%u", accounts_rows(notifier->accounts)),
		  FIELD("oldest_secs=%lld", (long long)oldest_secs(notifier)),
		  FIELD("inflight=%u", stats.in_flight),
		  FIELD("spool_files=%u", spool_count(notifier->spool)),
		  FIELD("origins=%u", stats.origins),
		  FIELD("breakers_open=%u", stats.breakers_open),
		  FIELD("devices=%u", accounts_devices(notifier->accounts)),
		  FIELD("trace_octets=%"PRIu64, trace.octets),
		  FIELD("last_error=%s",
			outbox_get_last_error(notifier->outbox)), NULL);
	return NULL;
}

static long long secs_until(int64_t msecs)
{
	return (msecs - notify_clock_msecs()) / 1000;
}

static void queue_device_row(struct admin_client *client, sqlite3_stmt *stmt)
{
	struct target *target = NULL;
	const char *error, *json = outbox_column_str(stmt, 7);
	const char *user = outbox_column_str(stmt, 1);
	const char *device = outbox_column_str(stmt, 2);
	const char *result = outbox_column_str(stmt, 6);

	if (json != NULL) {
		target = target_parse(client->notifier,
				      sqlite3_column_int64(stmt, 0), user,
				      device, json, &error);
	}
	admin_row(client, FIELD("user=%s", user), FIELD("device=%s", device),
		  FIELD("channel=%s", target == NULL ? "?" :
			target->channel->name),
		  FIELD("origin=%s", target == NULL ? "?" :
			target->origin_name),
		  FIELD("tries=%d", sqlite3_column_int(stmt, 3)),
		  FIELD("due_secs=%lld",
			secs_until(sqlite3_column_int64(stmt, 4))),
		  FIELD("expires_secs=%lld",
			secs_until(sqlite3_column_int64(stmt, 5))),
		  FIELD("last_result=%s", result == NULL ? "" : result), NULL);
	target_unref(&target);
}

static void queue_feed_row(struct admin_client *client, sqlite3_stmt *stmt)
{
	const struct feed *feed;

	feed = feeds_find_origin(client->notifier->feeds,
				 sqlite3_column_int64(stmt, 2));
	admin_row(client, FIELD("user=%s", outbox_column_str(stmt, 1)),
		  "device=(feed)",
		  FIELD("channel=%s", feed == NULL ? "?" : feed->channel->name),
		  FIELD("origin=%s", feed == NULL ? "?" : feed->origin_name),
		  FIELD("tries=%d", sqlite3_column_int(stmt, 3)),
		  /* none: behind an earlier one of this user */
		  sqlite3_column_type(stmt, 4) == SQLITE_NULL ? "due_secs=" :
		  FIELD("due_secs=%lld",
			secs_until(sqlite3_column_int64(stmt, 4))),
		  FIELD("expires_secs=%lld",
			secs_until(sqlite3_column_int64(stmt, 5))),
		  "last_result=", NULL);
}

static int queue_list(struct admin_client *client, enum outbox_sql sql,
		      const char *user)
{
	struct outbox *outbox = client->notifier->outbox;
	sqlite3_stmt *stmt = outbox_query(outbox, sql, "s", user);
	int ret;

	while ((ret = outbox_row(outbox, stmt)) > 0) T_BEGIN {
		if (sql == OUTBOX_FEED_LIST)
			queue_feed_row(client, stmt);
		else
			queue_device_row(client, stmt);
	} T_END;
	outbox_done(stmt);
	return ret;
}

static void queue_save(void *context)
{
	struct notifier *notifier = context;

	users_save(notifier->users);
}

const char *admin_cmd_queue(struct admin_client *client,
			    const char *const *args)
{
	/* the last results are written now and then only */
	if (ingest_transaction(client->notifier->ingest, queue_save,
			       client->notifier) < 0 ||
	    queue_list(client, OUTBOX_PENDING_LIST, args[1]) < 0 ||
	    queue_list(client, OUTBOX_QUIET_LIST, args[1]) < 0 ||
	    queue_list(client, OUTBOX_FEED_LIST, args[1]) < 0)
		return outbox_error(client->notifier);
	return NULL;
}

struct device_ref {
	uint32_t uid;
	const char *name;
};
ARRAY_DEFINE_TYPE(device_ref, struct device_ref);

/* All devices of that name's user, of any uid. */
static int find_devices(struct notifier *notifier, const char *user,
			ARRAY_TYPE(device_ref) *refs)
{
	struct outbox *outbox = notifier->outbox;
	struct device_ref *ref;
	sqlite3_stmt *stmt;
	int ret;

	if (!outbox_is_usable(outbox))
		return -1;
	stmt = outbox_query(outbox, OUTBOX_DEVICE_OF_USER, "s", user);
	while ((ret = outbox_row(outbox, stmt)) > 0) {
		ref = array_append_space(refs);
		ref->uid = sqlite3_column_int64(stmt, 0);
		ref->name = outbox_column_str(stmt, 1);
	}
	outbox_done(stmt);
	return ret;
}

static struct device *
device_of_ref(struct notifier *notifier, const char *user,
	      const struct device_ref *ref)
{
	return device_find(notifier->users, user_get(notifier->users,
		account_get(notifier->accounts, ref->uid), user), ref->name);
}

static const char *time_field(const char *key, int64_t secs)
{
	return t_strconcat(key, "=", secs == 0 ? "" :
			   notify_clock_rfc3339(secs), NULL);
}

static const char *held_back_field(const struct device *device)
{
	string_t *str = t_str_new(64);
	unsigned int i;

	str_append(str, "held_back=");
	for (i = 0; i < HELD_BACK_COUNT; i++) {
		if (device->held_back[i] == 0)
			continue;
		str_printfa(str, "%s%s:%u", str_len(str) == 10 ? "" : " ",
			    held_back_names[i], device->held_back[i]);
	}
	return str_c(str);
}

static void device_row(struct admin_client *client,
		       const struct device *device)
{
	admin_row(client, FIELD("device=%s", device->name),
		  FIELD("verified=%s", device->target != NULL &&
			device->target->verified ? "1" : "0"),
		  FIELD("disabled=%s", device->disabled ? "1" : "0"),
		  time_field("last_event", device->last_event),
		  time_field("last_sent", device->last_sent),
		  FIELD("last_result=%s", device->last_result == NULL ? "" :
			device->last_result),
		  FIELD("pending=%u", device_pending(device)),
		  held_back_field(device), NULL);
}

const char *admin_cmd_devices(struct admin_client *client,
			      const char *const *args)
{
	const struct device_ref *ref;
	struct device *device;
	ARRAY_TYPE(device_ref) refs;
	uint32_t uid;

	if (str_to_uint32(args[2], &uid) < 0)
		return "uid is no number";
	t_array_init(&refs, 16);
	if (find_devices(client->notifier, args[1], &refs) < 0)
		return outbox_error(client->notifier);
	array_foreach(&refs, ref) T_BEGIN {
		/* what others said of a user of that name is not his */
		device = ref->uid != uid ? NULL :
			device_of_ref(client->notifier, args[1], ref);
		if (device != NULL)
			device_row(client, device);
	} T_END;
	return NULL;
}

struct queue_change {
	struct notifier *notifier;
	const char *user;   /* NULL = all */
	const char *device; /* NULL = all */
	unsigned int devices; /* how many were there */
};

static void queue_retry(void *context)
{
	struct queue_change *change = context;
	struct outbox *outbox = change->notifier->outbox;
	int64_t now = notify_clock_msecs();

	(void)outbox_run(outbox, OUTBOX_DEVICE_ENABLE_ALL, "s", change->user);
	users_enable_all(change->notifier->users, change->user);
	if (change->user == NULL)
		(void)outbox_run(outbox, OUTBOX_PENDING_RETRY_ALL, "i", now);
	else
		(void)outbox_run(outbox, OUTBOX_PENDING_RETRY_USER, "is", now,
				 change->user);
	(void)outbox_run(outbox, OUTBOX_FEED_RETRY_ALL, "is", now,
			 change->user);
}

const char *admin_cmd_retry(struct admin_client *client,
			    const char *const *args)
{
	struct queue_change change = { client->notifier, args[1], NULL, 0 };

	if (ingest_transaction(client->notifier->ingest, queue_retry,
			       &change) < 0)
		return outbox_error(client->notifier);
	scheduler_retry_all(client->notifier->scheduler);
	ingest_want_turn(client->notifier->ingest);
	return NULL;
}

static void purge_feed(struct queue_change *change)
{
	struct notifier *notifier = change->notifier;
	struct user *user;
	struct push *push;
	sqlite3_stmt *stmt;

	stmt = outbox_query(notifier->outbox, OUTBOX_FEED_UIDS, "s",
			    change->user);
	while (outbox_row(notifier->outbox, stmt) > 0) {
		user = user_get(notifier->users, account_get(
			notifier->accounts, sqlite3_column_int64(stmt, 0)),
			change->user);
		user->account->rows -= sqlite3_column_int(stmt, 1);
		user->feed_rows = 0;
		push = user->feed_push;
		if (push != NULL && push->state == PUSH_QUEUED)
			push_free(&push);
		else if (push != NULL)
			push_abandon(push);
	}
	outbox_done(stmt);
	(void)outbox_run(notifier->outbox, OUTBOX_FEED_PURGE, "s",
			 change->user);
}

static void queue_purge(void *context)
{
	struct queue_change *change = context;
	const struct device_ref *ref;
	struct device *device;
	ARRAY_TYPE(device_ref) refs;

	t_array_init(&refs, 16);
	if (find_devices(change->notifier, change->user, &refs) < 0)
		return;
	array_foreach(&refs, ref) {
		if (change->device != NULL &&
		    strcmp(change->device, ref->name) != 0)
			continue;
		device = device_of_ref(change->notifier, change->user, ref);
		if (device != NULL) {
			device_delete(&device);
			change->devices++;
		}
	}
	if (change->device == NULL)
		purge_feed(change);
}

const char *admin_cmd_purge(struct admin_client *client,
			    const char *const *args)
{
	struct queue_change change = {
		client->notifier, args[1], args[2], 0
	};

	if (ingest_transaction(client->notifier->ingest, queue_purge,
			       &change) < 0)
		return outbox_error(client->notifier);
	admin_row(client, FIELD("devices=%u", change.devices), NULL);
	return NULL;
}
