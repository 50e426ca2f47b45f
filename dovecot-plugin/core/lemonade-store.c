/* The plugin's own attributes. */

#include "lib.h"
#include "mail-storage-private.h"
#include "lemonade-device.h"
#include "lemonade-store.h"

static const char *store_key(const char *name)
{
	return t_strconcat(LEMONADE_STORE_PREFIX, name, NULL);
}

int lemonade_store_get(struct mail_user *user, const char *name,
		       const char **value_r)
{
	struct mail_attribute_value value;
	struct mailbox *inbox = lemonade_inbox_alloc(user);
	int ret;

	if (inbox == NULL)
		return -1;
	mail_storage_last_error_push(inbox->storage);
	ret = mailbox_attribute_get(inbox, MAIL_ATTRIBUTE_TYPE_PRIVATE,
				    store_key(name), &value);
	if (ret > 0)
		*value_r = t_strdup(value.value);
	mail_storage_last_error_pop(inbox->storage);
	mailbox_free(&inbox);
	return ret;
}

static int store_set(struct mailbox *inbox, const char *name,
		     const char *value)
{
	struct mail_attribute_value attr = { .value = value };
	struct mailbox_transaction_context *trans;

	if (mailbox_open(inbox) < 0)
		return -1;
	trans = mailbox_transaction_begin(inbox,
		MAILBOX_TRANSACTION_FLAG_EXTERNAL |
		MAILBOX_TRANSACTION_FLAG_NO_NOTIFY, "lemonade");
	if (mailbox_attribute_set(trans, MAIL_ATTRIBUTE_TYPE_PRIVATE,
				  store_key(name), &attr) < 0) {
		mailbox_transaction_rollback(&trans);
		return -1;
	}
	return mailbox_transaction_commit(&trans);
}

int lemonade_store_set(struct mail_user *user, const char *name,
		       const char *value)
{
	struct mailbox *inbox = lemonade_inbox_alloc(user);
	int ret;

	if (inbox == NULL)
		return -1;
	mail_storage_last_error_push(inbox->storage);
	ret = store_set(inbox, name, value);
	mail_storage_last_error_pop(inbox->storage);
	mailbox_free(&inbox);
	return ret;
}
