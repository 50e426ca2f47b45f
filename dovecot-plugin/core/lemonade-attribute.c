/* What both kinds of METADATA entries share, and the names that are neither. */

#include "lib.h"
#include "array.h"
#include "mail-storage-private.h"
#include "mailbox-attribute-private.h"
#include "lemonade-attribute.h"
#include "lemonade-compat.h"
#include "lemonade-device.h"
#include "lemonade-user.h"

static bool iterating_raw;

void lemonade_attribute_iterating(bool raw)
{
	iterating_raw = raw;
}

struct lemonade_user *lemonade_attribute_user(struct mailbox *box)
{
	struct mail_user *user = box->storage->user;

	if (iterating_raw || user->dsyncing)
		return NULL;
	return lemonade_user_get(user);
}

/*
 * Names below vendor/vendor.lemonade that mean nothing. Dovecot itself would
 * store them and answer OK, and the client would wait for pushes.
 */

int lemonade_attribute_refuse(struct mailbox_transaction_context *t,
			      const char *key,
			      const struct mail_attribute_value *value)
{
	bool server = str_begins_with(key,
		MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER);

	if (lemonade_attribute_user(t->box) == NULL ||
	    (t->flags & MAILBOX_TRANSACTION_FLAG_SYNC) != 0 ||
	    (value->value == NULL && value->value_stream == NULL))
		return 0;
	mail_storage_set_error(t->box->storage, MAIL_ERROR_NOTPOSSIBLE,
		server ? "Lemonade has no such entry: devices are "
			"/private/"LEMONADE_PUSH_PREFIX"NAME" :
		"Lemonade has no entries of mailboxes: device entries belong "
			"on the mailbox \"\"");
	return -1;
}

/* Without it Dovecot would list the name as if it had a value. */
static int no_iter(struct mailbox *box ATTR_UNUSED,
		   const char *key_prefix ATTR_UNUSED,
		   pool_t pool ATTR_UNUSED,
		   ARRAY_TYPE(const_string) *keys ATTR_UNUSED)
{
	return 0;
}

#define REFUSE(_type, _key, _flags) { \
	.type = MAIL_ATTRIBUTE_TYPE_##_type, \
	.key = _key, \
	.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_OVERRIDE, \
	.flags = _flags, \
	.set = lemonade_attribute_refuse, \
	.iter = no_iter \
}
#define CHILDREN MAIL_ATTRIBUTE_INTERNAL_FLAG_CHILDREN

/* What is below the server's names is with the devices and with what the
   server tells. */
static const struct mailbox_attribute_internal iattrs[] = {
	REFUSE(PRIVATE, LEMONADE_VENDOR_KEY, 0),
	REFUSE(SHARED, LEMONADE_VENDOR_KEY, 0),
	REFUSE(PRIVATE, LEMONADE_VENDOR_NAME, 0),
	REFUSE(SHARED, LEMONADE_VENDOR_NAME, 0),
	REFUSE(PRIVATE, LEMONADE_VENDOR_PREFIX, CHILDREN),
	REFUSE(SHARED, LEMONADE_VENDOR_PREFIX, CHILDREN)
};

void lemonade_attribute_init(void)
{
	lemonade_attribute_device_init();
	lemonade_attribute_filter_init();
	lemonade_attribute_token_init();
	lemonade_attribute_server_init();
	mailbox_attribute_register_internals(iattrs, N_ELEMENTS(iattrs));
}

void lemonade_attribute_deinit(void)
{
	mailbox_attribute_unregister_internals(iattrs, N_ELEMENTS(iattrs));
	lemonade_attribute_server_deinit();
	lemonade_attribute_token_deinit();
	lemonade_attribute_filter_deinit();
	lemonade_attribute_device_deinit();
}
