/* What the owner and the admin see of a device. */

#include "lib.h"
#include "hex-binary.h"
#include "ioloop.h"
#include "sha2.h"
#include "str-sanitize.h"
#include "device.h"
#include "channel.h"
#include "notifier.h"
#include "notify-clock.h"
#include "quiet.h"
#include "target.h"
#include "user.h"
#include "users-private.h"

#include <jansson.h>

void device_answered(struct device *device, enum lemo_answer answer,
		     const char *text)
{
	i_free(device->last_result);
	device->last_result = i_strdup(text);
	device_set_dirty(device);
	switch (answer) {
	case LEMO_ANSWER_DONE:
	case LEMO_ANSWER_RETRY:
	case LEMO_ANSWER_GONE:
		device->failing_since = 0;
		return;
	case LEMO_ANSWER_PERMANENT:
		break;
	}
	if (device->failing_since == 0)
		device->failing_since = ioloop_time;
	if (device->disabled ||
	    ioloop_time < device->failing_since + DEVICE_DISABLE_SECS)
		return;
	device->disabled = TRUE;
	e_warning(device->users->notifier->event, "user %s device %s: "
		  "disabled after %d hours of nothing but permanent errors "
		  "(%s); any write to its entry enables it",
		  str_sanitize(device->user->name, 128),
		  device_log_name(device->user->name, device->name),
		  DEVICE_DISABLE_SECS / 3600, text);
}

static void json_set_time(json_t *json, const char *key, int64_t secs)
{
	if (secs != 0) {
		json_object_set_new(json, key,
			json_string(notify_clock_rfc3339(secs)));
	}
}

static void add_held_back(json_t *json, const struct device *device)
{
	json_t *reasons = json_object();
	unsigned int i;

	for (i = 0; i < HELD_BACK_COUNT; i++) {
		if (device->held_back[i] != 0) {
			json_object_set_new(reasons, held_back_names[i],
				json_integer(device->held_back[i]));
		}
	}
	if (json_object_size(reasons) > 0)
		json_object_set_new(json, "heldBack", reasons);
	else
		json_decref(reasons);
}

/* The secret is shown until the device proves that somebody has read it. */
static void add_secret(json_t *json, const struct target *target)
{
	if (target->channel == &channel_webhook && !target->verified) {
		json_object_set_new(json, "secret",
				    json_string(target_get_secret(target)));
	}
}

static void add_quiet_until(json_t *json, const struct device *device)
{
	if (device->target != NULL) {
		json_set_time(json, "quietUntil",
			      quiet_until(device->users->notifier->quiet,
					  device->target));
	}
}

unsigned int device_pending(const struct device *device)
{
	return (device->gen == 0 ? 0 : device->events) + device->held_events;
}

static void device_add_json(json_t *json, const struct device *device)
{
	json_set_time(json, "lastEvent", device->last_event);
	json_set_time(json, "lastSent", device->last_sent);
	if (device->last_result != NULL) {
		json_object_set_new(json, "lastResult",
				    json_string(device->last_result));
	}
	json_object_set_new(json, "pending",
			    json_integer(device_pending(device)));
	add_quiet_until(json, device);
	if (device->disabled)
		json_object_set_new(json, "disabled", json_true());
	add_held_back(json, device);
	if (device->target != NULL)
		add_secret(json, device->target);
}

const char *device_status_json(const struct device *device)
{
	json_t *json = json_object();
	const char *str;
	char *dump;

	if (device != NULL && device->target != NULL)
		target_verify(device->users->notifier, device->target);
	json_object_set_new(json, "verified", json_boolean(
		device != NULL && device->target != NULL &&
		device->target->verified));
	if (device != NULL)
		device_add_json(json, device);
	dump = json_dumps(json, JSON_COMPACT);
	str = t_strdup(dump == NULL ? "{}" : dump);
	free(dump);
	json_decref(json);
	return str;
}

const char *device_log_name(const char *user, const char *device)
{
	unsigned char digest[SHA256_RESULTLEN];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_loop(&ctx, user, strlen(user) + 1);
	sha256_loop(&ctx, device, strlen(device));
	sha256_result(&ctx, digest);
	return binary_to_hex(digest, 4);
}
