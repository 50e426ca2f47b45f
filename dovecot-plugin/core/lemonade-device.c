/* Devices out of METADATA. What stands there may be years old, made by
   another version or brought by dsync: it is trusted in nothing. */

#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "mail-storage-private.h"
#include "mail-namespace.h"
#include "lemo-notify-uri.h"
#include "lemo-token.h"
#include "lemonade-attribute.h"
#include "lemonade-device.h"
#include "lemonade-mailbox-list-compat.h"
#include "lemonade-token.h"
#include "lemonade-user.h"

#define DEFAULT_WANTS \
	(LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_NEW) | \
	 LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_EXPUNGE) | \
	 LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_EXPIRE) | \
	 LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_READ) | \
	 LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_TRASH))

struct mailbox *lemonade_inbox_alloc(struct mail_user *user)
{
	struct mail_namespace *ns = mail_namespace_find_inbox(user->namespaces);

	if (ns == NULL)
		return NULL;
	return mailbox_alloc(ns->list, "INBOX", MAILBOX_FLAG_READONLY |
			     MAILBOX_FLAG_IGNORE_ACLS |
			     MAILBOX_FLAG_ATTRIBUTE_SESSION);
}

static int list_names(struct mailbox *inbox, pool_t pool,
		      ARRAY_TYPE(const_string) *names)
{
	struct mailbox_attribute_iter *iter;
	const char *key;
	int ret;

	lemonade_attribute_iterating(TRUE);
	iter = mailbox_attribute_iter_init(inbox, MAIL_ATTRIBUTE_TYPE_PRIVATE,
					   LEMONADE_PUSH_KEY_PREFIX);
	while ((key = mailbox_attribute_iter_next(iter)) != NULL) {
		if (!lemo_device_name_is_valid(key) ||
		    lemo_token_id_of_device(key) != NULL ||
		    lemo_notify_is_device(key))
			continue;
		key = p_strdup(pool, key);
		array_push_back(names, &key);
	}
	ret = mailbox_attribute_iter_deinit(&iter);
	lemonade_attribute_iterating(FALSE);
	return ret;
}

static void cut_names(ARRAY_TYPE(const_string) *names)
{
	unsigned int count = array_count(names);

	array_sort(names, i_strcmp_p);
	if (count > LEMO_DEVICES_MAX + 1) {
		array_delete(names, LEMO_DEVICES_MAX + 1,
			     count - (LEMO_DEVICES_MAX + 1));
	}
}

int lemonade_devices_list(struct mail_user *user, struct mailbox *inbox,
			  pool_t pool, ARRAY_TYPE(const_string) *names)
{
	struct mailbox *own = NULL;
	int ret;

	if (inbox == NULL || !inbox->inbox_user)
		inbox = own = lemonade_inbox_alloc(user);
	if (inbox == NULL)
		return 0;
	ret = list_names(inbox, pool, names);
	cut_names(names);
	if (own != NULL)
		mailbox_free(&own);
	return ret;
}

/* A JSON text has no control characters but white space, so this changes
   nothing but the escaping it needs on the wire. */
static const char *json_to_line(pool_t pool, const char *json)
{
	char *copy = p_strdup(pool, json), *p;

	for (p = copy; *p != '\0'; p++) {
		if (*p == '\t' || *p == '\r' || *p == '\n')
			*p = ' ';
	}
	return copy;
}

static const char *device_verdict(const struct lemonade_device *device)
{
	if (device->sub == NULL)
		return LEMO_VERDICT_INVALID;
	if (device->sub->disabled)
		return LEMO_VERDICT_DISABLED;
	if (device->sub->expires != 0 && device->sub->expires <= ioloop_time)
		return LEMO_VERDICT_EXPIRED;
	return NULL;
}

static bool default_excludes(struct mailbox *box)
{
	static const char *const uses[] = {
		"\\Junk", "\\Trash", "\\Sent", "\\Drafts"
	};
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(uses); i++) {
		if (mailbox_has_special_use(box, uses[i]))
			return TRUE;
	}
	return FALSE;
}

static lemo_event_mask_t
device_wants(const struct lemo_subscription *sub, struct mailbox *box)
{
	struct mail_namespace *ns = mailbox_get_namespace(box);
	struct lemo_mailbox_facts facts = {
		.name = mailbox_get_vname(box),
		.separator = mail_namespace_get_sep(ns),
		.personal = ns->type == MAIL_NAMESPACE_TYPE_PRIVATE
	};

	if (sub->events == NULL) {
		if (!facts.personal || default_excludes(box))
			return 0;
		return sub->arrivals_only ?
			LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_NEW) :
			DEFAULT_WANTS;
	}
	if (lemo_notify_groups_want_subscribed(sub->events) &&
	    mailbox_list_iter_subscriptions_refresh(ns->list) == 0)
		facts.subscribed = mailbox_is_subscribed(box);
	return lemo_notify_groups_events(sub->events, &facts);
}

static void device_fill(struct lemonade_device *device, struct mailbox *box,
			const char *json, pool_t pool)
{
	struct lemo_subscription_error error;

	if (lemo_subscription_parse(json, strlen(json), device->name,
				    &device->sub, &error) < 0)
		device->sub = NULL;
	else
		device->json = json_to_line(pool, json);
	device->verdict = device_verdict(device);
	if (device->verdict != NULL)
		return;
	/* what nobody asks for by default has no default mailboxes */
	if (device->sub->events != NULL)
		device->wants_any = lemo_notify_groups_any(device->sub->events);
	device->wants = box == NULL ? device->wants_any :
		device_wants(device->sub, box);
}

static void device_add(struct mailbox *inbox, struct mailbox *box,
		       const char *name, pool_t pool,
		       ARRAY_TYPE(lemonade_device) *devices)
{
	const char *key = t_strconcat(LEMONADE_PUSH_KEY_PREFIX, name, NULL);
	struct mail_attribute_value value;
	struct lemonade_device *device;

	if (mailbox_attribute_get(inbox, MAIL_ATTRIBUTE_TYPE_PRIVATE, key,
				  &value) <= 0)
		return;
	device = array_append_space(devices);
	device->name = name;
	device_fill(device, box, value.value, pool);
}

static void tokens_add(struct mailbox *inbox, struct mailbox *box,
		       pool_t pool, ARRAY_TYPE(lemonade_device) *devices)
{
	unsigned int i = array_count(devices);
	struct lemonade_device *device;

	lemonade_tokens_read(inbox, pool, devices);
	for (; i < array_count(devices); i++) {
		device = array_idx_modifiable(devices, i);
		device_fill(device, box, device->json, pool);
	}
}

static void devices_add(struct mailbox *inbox, struct mailbox *box,
			pool_t pool, ARRAY_TYPE(lemonade_device) *devices)
{
	ARRAY_TYPE(const_string) names;
	unsigned int i, count;

	t_array_init(&names, 4);
	if (list_names(inbox, pool, &names) < 0)
		return;
	cut_names(&names);
	count = I_MIN(array_count(&names), LEMO_DEVICES_MAX);
	for (i = 0; i < count; i++) T_BEGIN {
		device_add(inbox, box, array_idx_elem(&names, i), pool,
			   devices);
	} T_END;
	if (lemonade_token_is_served(lemonade_user_get(inbox->storage->user)))
		tokens_add(inbox, box, pool, devices);
}

void lemonade_devices_read(struct mail_user *user, struct mailbox *box,
			   pool_t pool, ARRAY_TYPE(lemonade_device) *devices)
{
	struct mailbox *inbox = box, *own = NULL;

	p_array_init(devices, pool, 4);
	/* a box that comes or goes can tell nothing */
	if (box == NULL || !box->inbox_user || !box->opened)
		inbox = own = lemonade_inbox_alloc(user);
	if (inbox == NULL)
		return;
	mail_storage_last_error_push(inbox->storage);
	T_BEGIN {
		devices_add(inbox, box, pool, devices);
	} T_END;
	mail_storage_last_error_pop(inbox->storage);
	if (own != NULL)
		mailbox_free(&own);
}

void lemonade_devices_free(ARRAY_TYPE(lemonade_device) *devices)
{
	struct lemonade_device *device;

	if (!array_is_created(devices))
		return;
	array_foreach_modifiable(devices, device)
		lemo_subscription_free(&device->sub);
	array_clear(devices);
}
