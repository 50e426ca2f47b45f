#ifndef TARGET_H
#define TARGET_H

/*
 * A device's subscription, parsed, with what follows from it. Shared by the
 * device and its pushes in flight: a new subscription makes a new target.
 */

#include "lemo-subscription.h"
#include "lemo-webhook-sign.h"

struct lemonade_settings;
struct notifier;

struct target {
	int refcount;
	const struct lemonade_settings *set;
	uint32_t uid;
	char *user, *device;
	char *json;
	struct lemo_subscription *sub;
	const struct channel_vfuncs *channel;
	/* "https://host:port", or "log:" */
	char *origin_name;
	int64_t origin_key;
	/* signs for this device */
	struct lemo_keyring keyring;
	/* its keys for Web Push, from the first push on */
	struct lemo_webpush_device *webpush;
	/* its channel needs no verification, or its code came back */
	bool verified;
	/* the level asked for, cut to the channel's ceiling */
	enum lemo_payload payload;
};

/* NULL with *error_r in the data stack if the JSON is no subscription. */
struct target *target_parse(const struct notifier *notifier, uint32_t uid,
			    const char *user, const char *device,
			    const char *json, const char **error_r);
void target_ref(struct target *target);
void target_unref(struct target **target);

/* Is it verified by now? Keys may have been imported since. */
void target_verify(const struct notifier *notifier, struct target *target);

/* The code that verifies it ("" if none can be made), and the secret its
   webhooks are signed with, in the data stack. */
const char *target_get_code(const struct notifier *notifier,
			    const struct target *target);
const char *target_get_secret(const struct target *target);
/* The same for a URL that Sieve scripts may notify, and its entry of
   lemonade_sieve_targets, in the data stack. NULL if it has none. */
const char *target_get_sieve_secret(const struct notifier *notifier,
				    const char *url, const char **entry_r);

#endif
