/* Devices in METADATA. */

#include "lib.h"
#include "array.h"
#include "mail-namespace.h"
#include "mail-storage.h"
#include "mail-user.h"
#include "mailbox-attribute.h"
#include "lemo-subscription.h"
#include "lemo-token.h"
#include "lemonade-names.h"
#include "lemonade-device-store.h"

static void box_error(struct mailbox *box,
		      struct lemonade_store_error *error_r)
{
	error_r->text = t_strdup(
		mailbox_get_last_internal_error(box, &error_r->error));
}

/* Server entries (mailbox "") are attributes of INBOX; its ACL does not
   guard them. */
static int open_box(struct mail_user *user, struct mailbox **box_r,
		    struct lemonade_store_error *error_r)
{
	struct mail_namespace *ns =
		mail_namespace_find_inbox(user->namespaces);
	struct mailbox *box;

	box = mailbox_alloc(ns->list, "INBOX", MAILBOX_FLAG_IGNORE_ACLS |
			    MAILBOX_FLAG_ATTRIBUTE_SESSION);
	if (mailbox_open(box) < 0) {
		box_error(box, error_r);
		mailbox_free(&box);
		return -1;
	}
	*box_r = box;
	return 0;
}

static const char *device_key(const char *device)
{
	return t_strconcat(MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER
			   LEMONADE_PUSH_PREFIX, device, NULL);
}

int lemonade_device_get(struct mail_user *user, const char *device,
			const char **json_r,
			struct lemonade_store_error *error_r)
{
	struct mail_attribute_value value;
	struct mailbox *box;
	int ret;

	if (open_box(user, &box, error_r) < 0)
		return -1;
	ret = mailbox_attribute_get(box, MAIL_ATTRIBUTE_TYPE_PRIVATE,
				    device_key(device), &value);
	if (ret < 0)
		box_error(box, error_r);
	else if (ret > 0)
		*json_r = t_strdup(value.value);
	mailbox_free(&box);
	return ret;
}

/* json NULL: removes it. */
static int put(struct mailbox *box, const char *key, const char *json)
{
	struct mail_attribute_value value = { .value = json };
	struct mailbox_transaction_context *trans;

	trans = mailbox_transaction_begin(box,
		MAILBOX_TRANSACTION_FLAG_EXTERNAL, __func__);
	if (mailbox_attribute_set(trans, MAIL_ATTRIBUTE_TYPE_PRIVATE,
				  key, &value) < 0) {
		mailbox_transaction_rollback(&trans);
		return -1;
	}
	return mailbox_transaction_commit(&trans);
}

int lemonade_device_put(struct mail_user *user, const char *device,
			const char *json,
			struct lemonade_store_error *error_r)
{
	struct mailbox *box;
	int ret;

	if (open_box(user, &box, error_r) < 0)
		return -1;
	ret = put(box, device_key(device), json);
	if (ret < 0)
		box_error(box, error_r);
	mailbox_free(&box);
	return ret;
}

static const char *stored_key(const char *device)
{
	const char *id = lemo_token_id_of_device(device);

	return id == NULL ? device_key(device) :
		t_strconcat(MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT
			    LEMONADE_TOKEN_DIR, id, NULL);
}

int lemonade_device_remove(struct mail_user *user, const char *device,
			   struct lemonade_store_error *error_r)
{
	const char *key = stored_key(device);
	struct mail_attribute_value value;
	struct mailbox *box;
	int ret;

	if (open_box(user, &box, error_r) < 0)
		return -1;
	ret = mailbox_attribute_get(box, MAIL_ATTRIBUTE_TYPE_PRIVATE, key,
				    &value);
	if (ret > 0 && put(box, key, NULL) < 0)
		ret = -1;
	if (ret < 0)
		box_error(box, error_r);
	mailbox_free(&box);
	return ret;
}

static int get_names(struct mailbox *box, ARRAY_TYPE(const_string) *names)
{
	struct mailbox_attribute_iter *iter;
	const char *name;

	iter = mailbox_attribute_iter_init(box, MAIL_ATTRIBUTE_TYPE_PRIVATE,
					   device_key(""));
	while ((name = mailbox_attribute_iter_next(iter)) != NULL) {
		/* not "<device>/status" */
		if (!lemo_device_name_is_valid(name))
			continue;
		name = t_strdup(name);
		array_push_back(names, &name);
	}
	return mailbox_attribute_iter_deinit(&iter);
}

static int each(struct mailbox *box, lemonade_device_t *callback, void *context)
{
	struct mail_attribute_value value;
	ARRAY_TYPE(const_string) names;
	const char *name;
	int ret;

	t_array_init(&names, LEMO_DEVICES_MAX);
	ret = get_names(box, &names);
	array_foreach_elem(&names, name) {
		if (ret < 0)
			break;
		ret = mailbox_attribute_get(box, MAIL_ATTRIBUTE_TYPE_PRIVATE,
					    device_key(name), &value);
		if (ret > 0)
			callback(name, value.value, context);
	}
	return ret < 0 ? -1 : 0;
}

int lemonade_device_each(struct mail_user *user, lemonade_device_t *callback,
			 void *context, struct lemonade_store_error *error_r)
{
	struct mailbox *box;
	int ret;

	if (open_box(user, &box, error_r) < 0)
		return -1;
	ret = each(box, callback, context);
	if (ret < 0)
		box_error(box, error_r);
	mailbox_free(&box);
	return ret;
}
