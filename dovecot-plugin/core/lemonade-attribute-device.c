/* Devices in METADATA: checked when they are set, so that IMAP and doveadm
   say which field is wrong and why, and the old value stays. */

#include "lib.h"
#include "array.h"
#include "istream.h"
#include "str-sanitize.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "mailbox-attribute-private.h"
#include "mail-search.h"
#include "lemo-device-uri.h"
#include "lemo-fence.h"
#include "lemo-mailto.h"
#include "lemo-quiet.h"
#include "lemo-notify-uri.h"
#include "lemo-token.h"
#include "lemo-weburl.h"
#include "lemonade-attribute.h"
#include "lemonade-channels.h"
#include "lemonade-compat.h"
#include "lemonade-device.h"
#include "lemonade-filter.h"
#include "lemonade-handoff.h"
#include "lemonade-txn.h"
#include "lemonade-user.h"
#include "lemonade-zoneinfo.h"

#include <arpa/inet.h>

#define STATUS_SUFFIX "/status"
/* What a client reads while the notifier does not answer. */
#define STATUS_UNAVAILABLE "{\"unavailable\":true}"

static int refuse(struct mailbox_transaction_context *t, const char *text)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_NOTPOSSIBLE, text);
	return -1;
}

static int refuse_field(struct mailbox_transaction_context *t,
			const char *field, const char *reason)
{
	if (*field == '\0')
		return refuse(t, t_strdup_printf("subscription: %s", reason));
	return refuse(t, t_strdup_printf("subscription: field \"%s\" %s",
					 field, reason));
}

/* These begin with a response code of RFC 5464 section 4.3, which IMAP passes
   on. */
static int refuse_size(struct mailbox_transaction_context *t)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_LIMIT,
		t_strdup_printf("[METADATA MAXSIZE %u] A device may have "
				"%u octets", LEMO_DEVICE_MAX_SIZE,
				LEMO_DEVICE_MAX_SIZE));
	return -1;
}

static int refuse_count(struct mailbox_transaction_context *t)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_LIMIT,
		t_strdup_printf("[METADATA TOOMANY] A user may have "
				"%u devices", LEMO_DEVICES_MAX));
	return -1;
}

/*
 * Checks
 */

/* The literal of an IMAP client comes as a stream of any size. */
static int get_value(struct mailbox_transaction_context *t,
		     const struct mail_attribute_value *value,
		     const char **json_r)
{
	uoff_t size;

	if (value->value_stream != NULL &&
	    i_stream_get_size(value->value_stream, TRUE, &size) > 0 &&
	    size > LEMO_DEVICE_MAX_SIZE)
		return refuse_size(t);
	if (mailbox_attribute_value_to_string(t->box->storage, value,
					      json_r) < 0)
		return -1;
	if (strlen(*json_r) > LEMO_DEVICE_MAX_SIZE)
		return refuse_size(t);
	return 0;
}

static bool mailbox_is_visible(struct mail_user *user, const char *name)
{
	struct mail_namespace *ns = mail_namespace_find(user->namespaces, name);
	enum mailbox_existence existence;
	struct mailbox *box;
	bool visible;

	if (ns == NULL)
		return FALSE;
	box = mailbox_alloc(ns->list, name, MAILBOX_FLAG_READONLY);
	visible = mailbox_exists(box, TRUE, &existence) == 0 &&
		existence != MAILBOX_EXISTENCE_NONE;
	mailbox_free(&box);
	return visible;
}

/* One answer for what does not exist and what may not be seen. */
static int check_mailboxes(struct mailbox_transaction_context *t,
			   const struct lemo_notify_groups *groups)
{
	const char *name;
	unsigned int i = 0;
	bool visible = TRUE;

	if (groups == NULL)
		return 0;
	/* no break between T_BEGIN and T_END: they are a loop of their own */
	while (visible &&
	       (name = lemo_notify_groups_mailbox(groups, i++)) != NULL) T_BEGIN {
		visible = mailbox_is_visible(t->box->storage->user, name);
	} T_END;
	return visible ? 0 : refuse_field(t, "events",
					  "names an unknown mailbox");
}

static int check_body_keys(struct mailbox_transaction_context *t,
			   const struct mail_search_args *args)
{
	if (lemonade_filter_body_keys(args) <= LEMO_FILTER_BODY_KEYS_MAX)
		return 0;
	return refuse_field(t, "filter", t_strdup_printf(
		"may search the body %u times at most (BODY, TEXT)",
		LEMO_FILTER_BODY_KEYS_MAX));
}

static int check_filter(struct mailbox_transaction_context *t,
			const char *filter)
{
	struct mail_search_args *args;
	const char *error;
	int ret;

	if (lemonade_filter_parse(t->box->storage->user, filter, &args,
				  &error) < 0) {
		return refuse_field(t, "filter", t_strdup_printf(
			"is not valid: %s", str_sanitize(error, 200)));
	}
	ret = check_body_keys(t, args);
	mail_search_args_unref(&args);
	return ret;
}

static size_t host_to_addr(const char *host, uint8_t addr_r[16])
{
	if (inet_pton(AF_INET, host, addr_r) == 1)
		return 4;
	return inet_pton(AF_INET6, host, addr_r) == 1 ? 16 : 0;
}

/* What the notifier would refuse anyway, as far as it can be told without a
   name server. NULL if nothing. */
static const char *url_refusal(const struct lemonade_settings *set,
			       const char *url)
{
	struct lemo_weburl parts;
	const char *error;
	uint8_t addr[16];
	size_t len;

	if (lemo_weburl_parse(url, &parts, &error) < 0)
		return error;
	len = parts.host_is_ip ? host_to_addr(parts.host, addr) : 0;
	if (lemo_fence_listed(set->lemonade_allow_hosts, parts.host,
			      parts.port, len > 0 ? addr : NULL, len))
		return NULL;
	if (!parts.https)
		return "must be an https:// URL";
	if (!lemo_fence_port_allowed(parts.port))
		return "has a port that is not allowed here";
	if (len > 0 && !lemo_fence_allows(addr, len))
		return "has an address that is not allowed here";
	return NULL;
}

/* It would ring for its own notifications, were there no guard. */
static bool url_is_own_mail(const struct lemonade_user *luser, const char *url)
{
	const char *user = luser->user->username;

	return lemo_mailto_is_own(url, user, luser->hostname) ||
		lemo_mailto_is_own(url, user, luser->user->set->hostname);
}

static int check_url(struct mailbox_transaction_context *t, const char *url)
{
	struct lemonade_user *luser = lemonade_attribute_user(t->box);
	const char *error;

	if (url == NULL)
		return 0;
	error = lemo_device_uri_find(url) != NULL ?
		lemonade_uri_refusal(luser->set, url) :
		url_refusal(luser->set, url);
	if (error == NULL && url_is_own_mail(luser, url))
		error = LEMO_MAILTO_IS_OWN;
	return error == NULL ? 0 : refuse_field(t, "url", error);
}

static int check_quiet(struct mailbox_transaction_context *t,
		       const struct lemo_quiet *quiet)
{
	if (quiet == NULL || lemonade_zone_may_exist(quiet->zone))
		return 0;
	return refuse_field(t, "quiet.zone", "is no time zone that this "
			    "server knows");
}

/* RFC 8291 2.1: what a subscription is made of comes over a confidential
   channel, or anybody could push and read. */
static int check_channel(struct mailbox_transaction_context *t,
			 const struct lemo_subscription *sub)
{
	struct lemonade_user *luser = lemonade_attribute_user(t->box);
	const char *error;

	error = lemonade_channel_refusal(luser->set, sub->channel);
	if (error != NULL)
		return refuse_field(t, "channel", error);
	if (sub->p256dh != NULL && luser->access_protocol &&
	    !lemonade_user_is_secured(luser->user))
		return refuse_field(t, "keys", "are secret: set them over TLS");
	return 0;
}

static const char *
subscription_error(const struct lemo_subscription_error *error)
{
	if (error->pos == 0)
		return error->reason;
	return t_strdup_printf("%s (at octet %zu)", error->reason, error->pos);
}

static int check_json(struct mailbox_transaction_context *t, const char *name,
		      const char *json)
{
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	int ret;

	if (lemo_subscription_parse(json, strlen(json), name,
				    &sub, &error) < 0)
		return refuse_field(t, error.field,
				    subscription_error(&error));
	ret = check_channel(t, sub);
	if (ret == 0)
		ret = check_url(t, sub->url);
	if (ret == 0)
		ret = check_filter(t, sub->filter);
	if (ret == 0)
		ret = check_mailboxes(t, sub->events);
	if (ret == 0)
		ret = check_quiet(t, sub->quiet);
	lemo_subscription_free(&sub);
	return ret;
}

/* Devices that are set in this transaction count, too. */
static int check_count(struct mailbox_transaction_context *t,
		       const struct lemonade_txn *txn, const char *name)
{
	const struct lemonade_device_change *change;
	ARRAY_TYPE(const_string) names;

	t_array_init(&names, LEMO_DEVICES_MAX + 1);
	if (lemonade_devices_list(t->box->storage->user, t->box,
				  pool_datastack_create(), &names) < 0)
		return -1;
	if (txn != NULL && array_is_created(&txn->device_changes)) {
		array_foreach(&txn->device_changes, change) {
			if (change->json != NULL &&
			    array_lsearch(&names, &change->name,
					  i_strcmp_p) == NULL)
				array_push_back(&names, &change->name);
		}
	}
	if (array_lsearch(&names, &name, i_strcmp_p) == NULL &&
	    array_count(&names) >= LEMO_DEVICES_MAX)
		return refuse_count(t);
	return 0;
}

static bool device_is_stored(struct mailbox *box, const char *key)
{
	struct mail_attribute_value value;

	return mailbox_attribute_get(box, MAIL_ATTRIBUTE_TYPE_PRIVATE, key,
				     &value) > 0;
}

/*
 * Entries
 */

/* "phone" or "phone/status"; NULL: not below push/ */
static const char *key_name(const char *key)
{
	if (!str_begins_with(key, LEMONADE_PUSH_KEY_PREFIX))
		return NULL;
	return key + strlen(LEMONADE_PUSH_KEY_PREFIX);
}

static int device_unset(struct mailbox_transaction_context *t,
			struct lemonade_txn *txn, const char *key)
{
	const char *name = key_name(key);

	if (txn != NULL && name != NULL && lemo_device_name_is_valid(name) &&
	    device_is_stored(t->box, key))
		lemonade_txn_add_device(txn, name, NULL);
	return 0;
}

static int device_set(struct mailbox_transaction_context *t,
		      struct lemonade_txn *txn, const char *name,
		      const struct mail_attribute_value *value)
{
	const char *json;

	if (!lemo_device_name_is_valid(name))
		return refuse(t, "subscription: a device is named with 1 to "
			"64 of a-z, 0-9, dot, underscore and hyphen");
	if (lemo_token_id_of_device(name) != NULL)
		return refuse(t, "subscription: this name is kept for device "
			      "tokens");
	if (lemo_notify_is_device(name))
		return refuse(t, "subscription: this name is kept for "
			      "notifications of Sieve scripts");
	if (get_value(t, value, &json) < 0 || check_json(t, name, json) < 0 ||
	    check_count(t, txn, name) < 0)
		return -1;
	if (txn != NULL)
		lemonade_txn_add_device(txn, name, json);
	return 0;
}

static bool name_is_status(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash != NULL && strcmp(slash, STATUS_SUFFIX) == 0;
}

static int private_set(struct mailbox_transaction_context *t, const char *key,
		       const struct mail_attribute_value *value)
{
	struct lemonade_user *luser = lemonade_attribute_user(t->box);
	const char *name = key_name(key);
	struct lemonade_txn *txn;

	if (luser == NULL ||
	    (t->flags & MAILBOX_TRANSACTION_FLAG_SYNC) != 0)
		return 0;
	if (name != NULL && name_is_status(name))
		return refuse(t, "This entry is read-only");
	txn = lemonade_txn_find(luser, t);
	if (value->value == NULL && value->value_stream == NULL)
		return device_unset(t, txn, key);
	if (name == NULL)
		return lemonade_attribute_refuse(t, key, value);
	if (luser->set == NULL)
		return refuse(t, "Notifications are not available: the "
			      "server's settings are wrong");
	return device_set(t, txn, name, value);
}

/* Devices come from the store (0); their status from the notifier. */
static int private_get(struct mailbox *box, const char *key,
		       struct mail_attribute_value *value_r)
{
	struct lemonade_user *luser = lemonade_attribute_user(box);
	const char *device, *name = key_name(key);

	if (luser == NULL || luser->set == NULL || name == NULL ||
	    !name_is_status(name))
		return 0;
	device = t_strcut(name, '/');
	if (!device_is_stored(box, t_strconcat(LEMONADE_PUSH_KEY_PREFIX,
					       device, NULL)))
		return 0;
	value_r->value = lemonade_handoff_status(luser, device);
	if (value_r->value == NULL)
		value_r->value = STATUS_UNAVAILABLE;
	return 1;
}

/* Adds the status entries to those that are stored. */
static int private_iter(struct mailbox *box, const char *key_prefix,
			pool_t pool, ARRAY_TYPE(const_string) *keys)
{
	size_t len = strlen(key_prefix);
	ARRAY_TYPE(const_string) names;
	const char *name, *key;

	if (lemonade_attribute_user(box) == NULL)
		return 0;
	t_array_init(&names, LEMO_DEVICES_MAX + 1);
	if (lemonade_devices_list(box->storage->user, box,
				  pool_datastack_create(), &names) < 0)
		return -1;
	array_foreach_elem(&names, name) {
		/* "" lists all; "push/phone" lists "status" */
		key = p_strconcat(pool, LEMONADE_PUSH_DIR, name, STATUS_SUFFIX,
				  NULL);
		if (len > 0) {
			if (strncmp(key, key_prefix, len) != 0 ||
			    key[len] != '/')
				continue;
			key += len + 1;
		}
		array_push_back(keys, &key);
	}
	return 0;
}

/* One for all below our name, not one for push/ beside one for the rest:
   Dovecot asks only the last that is not after the key. */
static const struct mailbox_attribute_internal iattr_private = {
	.type = MAIL_ATTRIBUTE_TYPE_PRIVATE,
	.key = LEMONADE_VENDOR_KEY_PREFIX,
	.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_OVERRIDE,
	.flags = MAIL_ATTRIBUTE_INTERNAL_FLAG_CHILDREN,

	.get = private_get,
	.set = private_set,
	.iter = private_iter
};

void lemonade_attribute_device_init(void)
{
	mailbox_attribute_register_internal(&iattr_private);
}

void lemonade_attribute_device_deinit(void)
{
	mailbox_attribute_unregister_internal(&iattr_private);
}
