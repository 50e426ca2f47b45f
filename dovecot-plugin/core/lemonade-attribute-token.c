/* /private/devicetoken of INBOX, as Delta Chat sets it: each value is one more
   token, the same one again renews it. */

#include "lib.h"
#include "array.h"
#include "istream.h"
#include "mail-storage-private.h"
#include "mailbox-attribute-private.h"
#include "lemo-token.h"
#include "lemonade-attribute.h"
#include "lemonade-token.h"
#include "lemonade-user.h"

#define TOKEN_KEY "devicetoken"

static int refuse(struct mailbox_transaction_context *t, const char *text)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_NOTPOSSIBLE, text);
	return -1;
}

static int refuse_size(struct mailbox_transaction_context *t)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_LIMIT,
		t_strdup_printf("[METADATA MAXSIZE %u] A device token may "
				"have %u octets", LEMO_TOKEN_MAX,
				LEMO_TOKEN_MAX));
	return -1;
}

/* NULL if it is not served here. */
static struct lemonade_user *token_user(struct mailbox *box)
{
	struct lemonade_user *luser = lemonade_attribute_user(box);

	return box->inbox_user && lemonade_token_is_served(luser) ? luser :
		NULL;
}

static int get_token(struct mailbox_transaction_context *t,
		     const struct mail_attribute_value *value,
		     const char **token_r)
{
	uoff_t size;

	if (value->value_stream != NULL &&
	    i_stream_get_size(value->value_stream, TRUE, &size) > 0 &&
	    size > LEMO_TOKEN_MAX)
		return refuse_size(t);
	if (mailbox_attribute_value_to_string(t->box->storage, value,
					      token_r) < 0)
		return -1;
	if (strlen(*token_r) > LEMO_TOKEN_MAX)
		return refuse_size(t);
	if (!lemo_token_is_valid(*token_r, strlen(*token_r))) {
		return refuse(t, "A device token has printable ASCII only, "
			      "no space, quotation mark or backslash");
	}
	return 0;
}

static int token_set(struct mailbox_transaction_context *t,
		     const char *key ATTR_UNUSED,
		     const struct mail_attribute_value *value)
{
	struct lemonade_user *luser = token_user(t->box);
	const char *token;

	/* dsync carries what is kept under names of our own */
	if (t->box->storage->user->dsyncing)
		return 0;
	if (luser == NULL && t->box->inbox_user)
		return refuse(t, "Device tokens are not served here");
	if (luser == NULL)
		return refuse(t, "A device token belongs on INBOX");
	if (value->value == NULL && value->value_stream == NULL)
		return lemonade_token_remove_all(luser, t);
	if (get_token(t, value, &token) < 0)
		return -1;
	return lemonade_token_add(luser, t, token);
}

static int token_get(struct mailbox *box, const char *key ATTR_UNUSED,
		     struct mail_attribute_value *value_r)
{
	const char *tokens;

	if (token_user(box) == NULL)
		return 0;
	if (lemonade_token_get_all(box, &tokens) < 0)
		return -1;
	if (*tokens == '\0')
		return 0;
	value_r->value = tokens;
	return 1;
}

/* It is not listed: of a name that stands alone Dovecot would list all but the
   last letter, and without this function the name even where there is no
   token. */
static int token_iter(struct mailbox *box ATTR_UNUSED,
		      const char *key_prefix ATTR_UNUSED,
		      pool_t pool ATTR_UNUSED,
		      ARRAY_TYPE(const_string) *keys ATTR_UNUSED)
{
	return 0;
}

static const struct mailbox_attribute_internal iattr_token = {
	.type = MAIL_ATTRIBUTE_TYPE_PRIVATE,
	.key = TOKEN_KEY,
	.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_AUTHORITY,

	.get = token_get,
	.set = token_set,
	.iter = token_iter
};

void lemonade_attribute_token_init(void)
{
	mailbox_attribute_register_internal(&iattr_token);
}

void lemonade_attribute_token_deinit(void)
{
	mailbox_attribute_unregister_internal(&iattr_token);
}
