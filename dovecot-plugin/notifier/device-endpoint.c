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

void device_endpoint_changed(struct device *device, const struct target *old)
{
	if (endpoint_is_same(device->target, old))
		return;
	device_endpoint_free(device);
	i_zero(&device->endpoint);
	endpoint_save(device);
}

void device_endpoint_written(struct device *device)
{
	struct device_endpoint *endpoint = &device->endpoint;

	endpoint->gone = FALSE;
	endpoint->refusals = 0;
	i_zero(&endpoint->missing);
	endpoint_save(device);
}

static void endpoint_is_there(struct device *device)
{
	struct device_endpoint *endpoint = &device->endpoint;

	if (endpoint->missing.count == 0)
		return;
	i_zero(&endpoint->missing);
	endpoint_save(device);
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

void device_endpoint_judge(struct push *push)
{
	if (!push->target->channel->ends_when_gone ||
	    !endpoint_is_same(push->target, push->device->target))
		return;
	switch (push->result.status) {
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
