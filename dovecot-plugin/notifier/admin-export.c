/* EXPORT: all that is known of a user, as one system uid speaks of him. */

#include "lib.h"
#include "array.h"
#include "account.h"
#include "admin-private.h"
#include "device.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "user.h"

#define FIELD(...) t_strdup_printf(__VA_ARGS__)

static int export_rang(struct admin_client *client,
		       const struct device *device)
{
	struct outbox *outbox = client->notifier->outbox;
	sqlite3_stmt *stmt;
	int ret;

	stmt = outbox_query(outbox, OUTBOX_RANG_LIST, "i", device->id);
	while ((ret = outbox_row(outbox, stmt)) > 0) T_BEGIN {
		admin_row(client, "kind=rang", FIELD("device=%s", device->name),
			  /* a hash of its GUID and UIDVALIDITY */
			  FIELD("mailbox=%016llx", (unsigned long long)
				sqlite3_column_int64(stmt, 0)),
			  FIELD("uid=%lld", (long long)
				sqlite3_column_int64(stmt, 1)),
			  FIELD("at=%s", notify_clock_rfc3339(
				sqlite3_column_int64(stmt, 2) / 1000)), NULL);
	} T_END;
	outbox_done(stmt);
	return ret;
}

static void export_event(struct admin_client *client, const char *device,
			 sqlite3_stmt *stmt, int event, int tries)
{
	admin_row(client, "kind=waiting", FIELD("device=%s", device),
		  FIELD("tries=%d", sqlite3_column_int(stmt, tries)),
		  FIELD("event=%s", outbox_column_str(stmt, event)), NULL);
}

static int export_pending(struct admin_client *client,
			  const struct device *device)
{
	struct outbox *outbox = client->notifier->outbox;
	sqlite3_stmt *stmt;
	int ret;

	stmt = outbox_query(outbox, OUTBOX_PENDING_GET, "i", device->id);
	ret = outbox_row(outbox, stmt);
	if (ret > 0)
		export_event(client, device->name, stmt, 6, 3);
	outbox_done(stmt);
	return ret;
}

static int export_device(struct admin_client *client, struct user *user,
			 const char *name)
{
	struct device *device;

	device = device_find(client->notifier->users, user, name);
	if (device == NULL)
		return 0;
	admin_row(client, "kind=device", FIELD("device=%s", device->name),
		  FIELD("status=%s", device_status_json(device)), NULL);
	return export_pending(client, device) < 0 ||
		export_rang(client, device) < 0 ? -1 : 0;
}

static int export_devices(struct admin_client *client, struct user *user)
{
	struct outbox *outbox = client->notifier->outbox;
	ARRAY_TYPE(const_string) names;
	const char *name;
	sqlite3_stmt *stmt;
	int ret;

	t_array_init(&names, 16);
	stmt = outbox_query(outbox, OUTBOX_DEVICE_NAMES, "is",
			    (int64_t)user->account->uid, user->name);
	while ((ret = outbox_row(outbox, stmt)) > 0) {
		name = outbox_column_str(stmt, 0);
		array_push_back(&names, &name);
	}
	outbox_done(stmt);
	array_foreach_elem(&names, name) {
		if (ret == 0)
			ret = export_device(client, user, name);
	}
	return ret;
}

static int export_feed(struct admin_client *client, const struct user *user)
{
	struct outbox *outbox = client->notifier->outbox;
	sqlite3_stmt *stmt;
	int ret;

	stmt = outbox_query(outbox, OUTBOX_FEED_EXPORT, "is",
			    (int64_t)user->account->uid, user->name);
	while ((ret = outbox_row(outbox, stmt)) > 0) T_BEGIN {
		export_event(client, "(feed)", stmt, 0, 1);
	} T_END;
	outbox_done(stmt);
	return ret;
}

const char *admin_cmd_export(struct admin_client *client,
			     const char *const *args)
{
	struct notifier *notifier = client->notifier;
	struct user *user;
	uint32_t uid;

	if (str_to_uint32(args[2], &uid) < 0)
		return "uid is no number";
	if (outbox_is_usable(notifier->outbox)) {
		user = user_get(notifier->users,
				account_get(notifier->accounts, uid), args[1]);
		if (export_devices(client, user) == 0 &&
		    export_feed(client, user) == 0)
			return NULL;
	}
	return t_strconcat("outbox: ", outbox_get_state(notifier->outbox),
			   NULL);
}
