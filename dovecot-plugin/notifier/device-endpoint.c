#include "lib.h"
#include "ioloop.h"
#include "str.h"
#include "device.h"
#include "device-endpoint.h"
#include "channel.h"
#include "lemonade-endpoint-hash.h"
#include "notifier.h"
#include "outbox.h"
#include "push.h"
#include "target.h"
#include "users-private.h"
#include "vapid.h"

int device_endpoint_load(struct device *device)
{
	struct outbox *outbox = device->users->notifier->outbox;
	struct device_endpoint *endpoint = &device->endpoint;
	sqlite3_stmt *stmt;
	int ret;

	stmt = outbox_query(outbox, OUTBOX_DEVICE_ENDPOINT, "i", device->id);
	ret = outbox_row(outbox, stmt);
	if (ret > 0) {
		endpoint->gone = sqlite3_column_int(stmt, 0) != 0;
		endpoint->missing.count = sqlite3_column_int(stmt, 1);
		endpoint->missing.since = sqlite3_column_int64(stmt, 2);
		endpoint->vapid = i_strdup(outbox_column_str(stmt, 3));
	}
	outbox_done(stmt);
	return ret;
}

void device_endpoint_free(struct device *device)
{
	i_free(device->endpoint.vapid);
}

static void endpoint_save(struct device *device)
{
	const struct device_endpoint *endpoint = &device->endpoint;

	(void)outbox_run(device->users->notifier->outbox,
			 OUTBOX_DEVICE_ENDPOINT_SAVE, "iiiis", device->id,
			 (int64_t)endpoint->gone,
			 (int64_t)endpoint->missing.count,
			 endpoint->missing.since, endpoint->vapid);
}

static bool endpoint_is_same(const struct target *target1,
			     const struct target *target2)
{
	bool same;

	if (target1 == target2)
		return TRUE;
	if (target1 == NULL || target2 == NULL)
		return FALSE;
	T_BEGIN {
		same = strcmp(lemonade_endpoint_hash(target1->sub),
			      lemonade_endpoint_hash(target2->sub)) == 0;
	} T_END;
	return same;
}

static const struct lemo_vapid_keys *
endpoint_keys(const struct device *device, unsigned int *count_r)
{
	const struct lemo_vapid_keys *keys;
	const char *error;

	keys = vapid_keys(device->users->notifier->vapid, &error);
	*count_r = keys == NULL ? 0 : lemo_vapid_keys_count(keys);
	return keys;
}

/* The key that the app subscribed with, if we have it, else the first; then
   those after it, each time that one is refused. */
const char *device_endpoint_key(const struct device *device)
{
	const struct device_endpoint *endpoint = &device->endpoint;
	const struct lemo_vapid_keys *keys;
	unsigned int i, count, index = 0;

	keys = endpoint_keys(device, &count);
	if (count == 0)
		return NULL;
	for (i = 0; i < count && endpoint->vapid != NULL; i++) {
		if (strcmp(lemo_vapid_key_public(lemo_vapid_keys_get(keys, i)),
			   endpoint->vapid) == 0)
			index = i;
	}
	index = (index + endpoint->refusals) % count;
	return lemo_vapid_key_public(lemo_vapid_keys_get(keys, index));
}

/* True if that is news. */
static bool endpoint_set_key(struct device *device)
{
	struct device_endpoint *endpoint = &device->endpoint;
	const char *key = device_endpoint_key(device);

	endpoint->refusals = 0;
	if (null_strcmp(endpoint->vapid, key) == 0)
		return FALSE;
	i_free(endpoint->vapid);
	endpoint->vapid = i_strdup(key);
	return TRUE;
}

bool device_endpoint_changed(struct device *device, const struct target *old)
{
	if (endpoint_is_same(device->target, old))
		return FALSE;
	device_endpoint_free(device);
	i_zero(&device->endpoint);
	endpoint_save(device);
	return TRUE;
}

void device_endpoint_written(struct device *device)
{
	struct device_endpoint *endpoint = &device->endpoint;

	endpoint->gone = FALSE;
	endpoint->refusals = 0;
	i_zero(&endpoint->missing);
	if (endpoint->vapid == NULL &&
	    device->target->channel == &channel_webpush)
		(void)endpoint_set_key(device);
	endpoint_save(device);
}

static void endpoint_is_there(struct device *device)
{
	struct device_endpoint *endpoint = &device->endpoint;
	bool missed = endpoint->missing.count > 0;

	i_zero(&endpoint->missing);
	if (endpoint_set_key(device) || missed)
		endpoint_save(device);
}

static bool endpoint_key_is_lost(const struct device *device)
{
	const struct lemo_vapid_keys *keys;
	unsigned int count;

	keys = endpoint_keys(device, &count);
	return count > 0 && device->endpoint.vapid != NULL &&
		lemo_vapid_keys_find(keys, device->endpoint.vapid) == NULL;
}

/* RFC 8292 4.2: not signed with the key that the app subscribed with. Which
   it was we may have heard wrong, or not at all: perhaps it is another. */
static void endpoint_is_refused(struct push *push)
{
	struct device_endpoint *endpoint = &push->device->endpoint;
	unsigned int count, status = push->result.status;

	(void)endpoint_keys(push->device, &count);
	if (++endpoint->refusals < count) {
		push->result.answer = LEMO_ANSWER_RETRY;
		push_set_text(push, t_strdup_printf("%u: VAPID key is "
			"refused: trying another", status));
		return;
	}
	endpoint->refusals = 0;
	push_set_text(push, t_strdup_printf(
		endpoint_key_is_lost(push->device) ?
		"%u: the app subscribed with a VAPID key that this server "
		"has no more: import it, or let the app subscribe again" :
		"%u: the push service refuses this server's VAPID key: let "
		"the app subscribe again", status));
}

static void endpoint_is_missing(struct push *push)
{
	struct device_endpoint *endpoint = &push->device->endpoint;

	push->result.answer = push->result.status == 410 ? LEMO_ANSWER_GONE :
		lemo_missing_answer(&endpoint->missing, ioloop_time);
	push->result.retry_after = LEMO_MISSING_RETRY_SECS;
	endpoint->gone = push->result.answer == LEMO_ANSWER_GONE;
	endpoint_save(push->device);
	if (endpoint->gone) {
		push_set_text(push, t_strdup_printf("%u: gone: its entry is "
			"removed with the next event", push->result.status));
	} else {
		push_set_text(push, t_strdup_printf("%u: not found: asked "
			"again for an hour", push->result.status));
	}
}

/* Whatever is wrong with the administrator's URL, the phone's token is not to
   blame: only 410 is about it, unless it has another by now, which is then
   tried. */
static void token_judge(struct push *push)
{
	if (push->result.status == 410 &&
	    endpoint_is_same(push->target, push->device->target))
		endpoint_is_missing(push);
	else if (push->result.answer == LEMO_ANSWER_PERMANENT)
		push->result.answer = LEMO_ANSWER_RETRY;
}

void device_endpoint_judge(struct push *push)
{
	if (push->target->channel == &channel_token) {
		token_judge(push);
		return;
	}
	if (!push->target->channel->ends_when_gone ||
	    !endpoint_is_same(push->target, push->device->target))
		return;
	switch (push->result.status) {
	case 401:
	case 403:
		endpoint_is_refused(push);
		break;
	case 404:
	case 410:
		endpoint_is_missing(push);
		break;
	default:
		if (push->result.answer == LEMO_ANSWER_DONE)
			endpoint_is_there(push->device);
	}
}

void device_endpoint_tell(const struct device *device, string_t *str)
{
	if (str_len(str) > 0)
		str_append_c(str, '\t');
	str_printfa(str, "GONE\t%s\t%s", device->name,
		    lemonade_endpoint_hash(device->target->sub));
}
