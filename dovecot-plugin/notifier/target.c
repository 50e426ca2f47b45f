#include "lib.h"
#include "target.h"
#include "channel.h"
#include "hostpid.h"
#include "lemo-device-uri.h"
#include "lemo-mailto.h"
#include "lemo-notify-uri.h"
#include "lemo-vapid-code.h"
#include "lemo-webpush.h"
#include "lemo-weburl.h"
#include "lemonade-channels.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "origin-key.h"
#include "vapid.h"

static struct lemo_key_binding
target_binding(const struct target *target, const char *purpose)
{
	struct lemo_key_binding binding = {
		.purpose = purpose,
		.uid = target->uid,
		.user = target->user,
		.device = target->device,
		.url = target->sub->url == NULL ? "" : target->sub->url,
		.p256dh = target->sub->p256dh,
		.auth = target->sub->auth,
	};
	return binding;
}

/* Any of our keys will do. */
static bool target_code_is_vapid(const struct notifier *notifier,
				 const struct lemo_key_binding *binding,
				 const char *code)
{
	const struct lemo_vapid_keys *keys;
	struct lemo_keyring ring;
	unsigned int i, count;
	const char *error;
	bool ok = FALSE;

	keys = vapid_keys(notifier->vapid, &error);
	count = keys == NULL ? 0 : lemo_vapid_keys_count(keys);
	for (i = 0; i < count && !ok; i++) {
		lemo_vapid_code_ring(lemo_vapid_keys_get(keys, i), &ring);
		ok = lemo_code_verify(&ring, binding, code);
		lemo_keyring_clear(&ring);
	}
	return ok;
}

void target_verify(const struct notifier *notifier, struct target *target)
{
	struct lemo_key_binding binding = target_binding(target, "verify");
	const char *code = target->sub->verification_code;

	if (target->verified)
		return;
	/* a target of Sieve scripts is the administrator's choice */
	if (!target->channel->needs_verification ||
	    lemo_notify_is_device(target->device))
		target->verified = TRUE;
	else if (code == NULL)
		return;
	else if (target->channel == &channel_webpush)
		target->verified = target_code_is_vapid(notifier, &binding,
							code);
	else
		target->verified = lemo_code_verify(&notifier->secret,
						    &binding, code);
}

/* Whom a push goes to first. */
static const char *target_peer(const struct target *target)
{
	return target->channel->gateway != NULL ?
		target->channel->gateway(target->set) : target->sub->url;
}

/* What the URL must be is judged again by the fence when it is used. */
static int target_set_origin(struct target *target, const char **error_r)
{
	struct lemo_weburl url;

	if (!target->channel->needs_url) {
		target->origin_name = i_strconcat(target->channel->name, ":",
						  NULL);
	} else if (target->sub->url == NULL) {
		*error_r = "url: is missing";
		return -1;
	} else if (target->channel->origin != NULL) {
		target->origin_name =
			i_strdup(target->channel->origin(target->set));
	} else if (lemo_weburl_parse(target_peer(target), &url, error_r) < 0) {
		*error_r = t_strdup_printf("url: %s", *error_r);
		return -1;
	} else {
		target->origin_name = i_strdup(url.origin);
	}
	target->origin_key = origin_key(target->origin_name);
	return 0;
}

static bool target_is_own_mail(const struct target *target)
{
	const char *host = target->set->lemonade_hostname;

	return lemo_mailto_is_own(target->sub->url, target->user,
				  *host != '\0' ? host : my_hostname);
}

/* The entry of the administrator's list, in the data stack; NULL: none. */
static const char *sieve_entry(const struct lemonade_settings *set,
			       const char *url)
{
	const char *entry;
	char normal[LEMO_DEVICE_URL_MAX + 1];
	size_t len;

	if (url == NULL || !lemo_notify_normalize(url, normal))
		return NULL;
	entry = lemo_notify_listed(set->lemonade_sieve_targets, normal, &len);
	return entry == NULL ? NULL : t_strndup(entry, len);
}

static const char *target_sieve_entry(const struct target *target)
{
	return sieve_entry(target->set, target->sub->url);
}

/* What the administrator serves, and whom users may reach, may have
   changed. */
static int target_check_settings(const struct target *target,
				 const char **error_r)
{
	const char *url = target->sub->url;
	const char *error = lemonade_channel_refusal(target->set,
						     target->sub->channel);

	if (error != NULL) {
		*error_r = t_strdup_printf("channel: %s", error);
		return -1;
	}
	if (lemo_notify_is_device(target->device)) {
		if (target_sieve_entry(target) != NULL)
			return 0;
		*error_r = "url: is not in lemonade_sieve_targets";
		return -1;
	}
	if (url == NULL || lemo_device_uri_find(url) == NULL)
		return 0;
	error = lemonade_uri_refusal(target->set, url);
	if (error == NULL && target_is_own_mail(target))
		error = LEMO_MAILTO_IS_OWN;
	if (error == NULL)
		return 0;
	*error_r = t_strdup_printf("url: %s", error);
	return -1;
}

/* Whoever receives for an entry of the list has one secret for it, whose
   scripts it is that notify. */
static struct lemo_key_binding sieve_binding(const char *entry)
{
	struct lemo_key_binding binding = {
		.purpose = "webhook", .user = "", .device = "sieve",
		.url = entry
	};
	return binding;
}

static struct lemo_key_binding target_sign_binding(const struct target *target)
{
	return lemo_notify_is_device(target->device) ?
		sieve_binding(target_sieve_entry(target)) :
		target_binding(target, "webhook");
}

static int target_fill(const struct notifier *notifier, struct target *target,
		       const char **error_r)
{
	struct lemo_key_binding binding;

	target->channel = channel_find(target->sub->channel);
	if (target->channel == NULL) {
		*error_r = "channel: is not served";
		return -1;
	}
	if (target_check_settings(target, error_r) < 0)
		return -1;
	/* the subscription of a token names no URL */
	if (target->channel == &channel_token)
		target->sub->url = target->set->lemonade_token_url;
	if (target_set_origin(target, error_r) < 0)
		return -1;
	binding = target_sign_binding(target);
	lemo_keyring_derive(&notifier->secret, &binding, &target->keyring);
	target_verify(notifier, target);
	target->payload = I_MIN(target->sub->payload,
				lemonade_channel_ceiling(target->set,
					target->sub->channel));
	return 0;
}

struct target *target_parse(const struct notifier *notifier, uint32_t uid,
			    const char *user, const char *device,
			    const char *json, const char **error_r)
{
	struct target *target = i_new(struct target, 1);
	struct lemo_subscription_error error;

	target->refcount = 1;
	target->set = notifier->set;
	target->uid = uid;
	target->user = i_strdup(user);
	target->device = i_strdup(device);
	target->json = i_strdup(json);
	if (lemo_subscription_parse(json, strlen(json), device, &target->sub,
				    &error) < 0) {
		*error_r = t_strdup_printf("%s: %s", error.field,
					   error.reason);
		target_unref(&target);
	} else if (target_fill(notifier, target, error_r) < 0) {
		target_unref(&target);
	}
	return target;
}

void target_ref(struct target *target)
{
	i_assert(target->refcount > 0);
	target->refcount++;
}

void target_unref(struct target **_target)
{
	struct target *target = *_target;

	*_target = NULL;
	if (target == NULL || --target->refcount > 0)
		return;
	if (target->sub != NULL)
		lemo_subscription_free(&target->sub);
	lemo_keyring_clear(&target->keyring);
	lemo_webpush_device_deinit(&target->webpush);
	i_free(target->origin_name);
	i_free(target->json);
	i_free(target->device);
	i_free(target->user);
	i_free(target);
}

static const char *code_of_ring(const struct lemo_keyring *ring,
				const struct target *target)
{
	struct lemo_key_binding binding = target_binding(target, "verify");
	char code[LEMO_CODE_LEN + 1];

	lemo_code_make(ring, &binding, code);
	return t_strdup(code);
}

const char *target_get_code(const struct notifier *notifier,
			    const struct target *target)
{
	const struct lemo_vapid_key *key;
	struct lemo_keyring ring;
	const char *code, *error;

	if (target->channel != &channel_webpush)
		return code_of_ring(&notifier->secret, target);
	key = vapid_first(notifier->vapid, &error);
	if (key == NULL)
		return "";
	lemo_vapid_code_ring(key, &ring);
	code = code_of_ring(&ring, target);
	lemo_keyring_clear(&ring);
	return code;
}

static const char *secret_of_ring(const struct lemo_keyring *ring)
{
	struct lemo_buf buf;
	const char *secret;

	lemo_buf_init(&buf, 256);
	lemo_key_format(&ring->keys[0], &buf);
	secret = t_strndup(buf.data, buf.len);
	lemo_buf_free(&buf);
	return secret;
}

const char *target_get_secret(const struct target *target)
{
	return secret_of_ring(&target->keyring);
}

const char *target_get_sieve_secret(const struct notifier *notifier,
				    const char *url, const char **entry_r)
{
	struct lemo_key_binding binding;
	struct lemo_keyring ring;
	const char *secret;

	*entry_r = sieve_entry(notifier->set, url);
	if (*entry_r == NULL)
		return NULL;
	binding = sieve_binding(*entry_r);
	lemo_keyring_derive(&notifier->secret, &binding, &ring);
	secret = secret_of_ring(&ring);
	lemo_keyring_clear(&ring);
	return secret;
}
