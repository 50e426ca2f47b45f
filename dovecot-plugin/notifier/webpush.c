#include "lib.h"
#include "array.h"
#include "channel.h"
#include "device.h"
#include "lemo-webpush.h"
#include "notifier.h"
#include "target.h"
#include "vapid.h"
#include "webpush.h"

static const char *target_make_keys(const struct notifier *notifier,
				    struct target *target)
{
	const char *field, *error;

	if (target->webpush != NULL)
		return NULL;
	if (notifier->webpush == NULL)
		return "libcrypto cannot do Web Push";
	if (lemo_webpush_device_init(notifier->webpush, target->sub->p256dh,
				     target->sub->auth, &target->webpush,
				     &field, &error) < 0)
		return t_strdup_printf("%s: %s", field, error);
	return NULL;
}

static const struct lemo_vapid_key *
find_key(const struct notifier *notifier, const struct device *device,
	 const char **error_r)
{
	const char *public = device == NULL ? NULL :
		device_endpoint_key(device);

	if (public == NULL)
		return vapid_first(notifier->vapid, error_r);
	return vapid_find(notifier->vapid, public, error_r);
}

void webpush_fill_job(const struct notifier *notifier, struct channel_job *job,
		      struct target *target, const struct device *device)
{
	struct channel_webpush *webpush = &job->webpush;

	if (target->channel != &channel_webpush)
		return;
	webpush->crypto = notifier->webpush;
	webpush->vapid = notifier->vapid;
	webpush->error = target_make_keys(notifier, target);
	if (webpush->error != NULL)
		return;
	webpush->device = target->webpush;
	webpush->key = find_key(notifier, device, &webpush->error);
	if (webpush->key != NULL)
		webpush->error = NULL;
}
