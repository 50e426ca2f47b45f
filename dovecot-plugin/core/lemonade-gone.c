#include "lib.h"
#include "mail-storage-private.h"
#include "lemo-token.h"
#include "lemonade-device.h"
#include "lemonade-endpoint-hash.h"
#include "lemonade-gone.h"
#include "lemonade-token.h"
#include "lemonade-user.h"

static bool device_is(struct mailbox *box, const char *device, const char *key,
		      const char *hash)
{
	struct mail_attribute_value value;
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	bool same;

	if (mailbox_attribute_get(box, MAIL_ATTRIBUTE_TYPE_PRIVATE, key,
				  &value) <= 0 ||
	    lemo_subscription_parse(value.value, strlen(value.value), device,
				    &sub, &error) < 0)
		return FALSE;
	same = strcmp(lemonade_endpoint_hash(sub), hash) == 0;
	lemo_subscription_free(&sub);
	return same;
}

static int device_unset(struct mailbox *box, const char *key)
{
	struct mailbox_transaction_context *trans;

	trans = mailbox_transaction_begin(box,
		MAILBOX_TRANSACTION_FLAG_EXTERNAL, __func__);
	if (mailbox_attribute_unset(trans, MAIL_ATTRIBUTE_TYPE_PRIVATE,
				    key) < 0) {
		mailbox_transaction_rollback(&trans);
		return -1;
	}
	return mailbox_transaction_commit(&trans);
}

static void device_remove(struct lemonade_user *luser, struct mailbox *box,
			  const char *key)
{
	if (device_unset(box, key) < 0) {
		e_error(luser->event, "Removing a device whose push resource "
			"is gone failed: %s",
			mailbox_get_last_internal_error(box, NULL));
	} else {
		e_info(luser->event, "Removed a device whose push resource is "
		       "gone");
	}
}

static void gone_remove(struct lemonade_user *luser, const char *device,
			const char *hash)
{
	const char *key = t_strconcat(LEMONADE_PUSH_KEY_PREFIX, device, NULL);
	struct mailbox *box = lemonade_inbox_alloc(luser->user);

	if (box == NULL)
		return;
	mail_storage_last_error_push(box->storage);
	/* what cannot be opened is tried with the next event */
	if (mailbox_open(box) == 0 && device_is(box, device, key, hash))
		device_remove(luser, box, key);
	mail_storage_last_error_pop(box->storage);
	mailbox_free(&box);
}

void lemonade_gone_remove(struct lemonade_user *luser, const char *device,
			  const char *hash)
{
	/* his mailboxes are closed already: next time */
	if (luser->user->deinitializing || !lemo_device_name_is_valid(device))
		return;
	/* the name of a token is its hash */
	T_BEGIN {
		if (lemo_token_id_of_device(device) != NULL)
			lemonade_token_gone(luser, device);
		else
			gone_remove(luser, device, hash);
	} T_END;
}
