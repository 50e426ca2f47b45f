/* Device tokens. What is stored may have been brought by dsync: what is no
   token of ours is not there. */

#include "lib.h"
#include "array.h"
#include "hex-binary.h"
#include "ioloop.h"
#include "sha2.h"
#include "str.h"
#include "time-util.h"
#include "mail-storage-private.h"
#include "lemo-token.h"
#include "lemonade-token.h"
#include "lemonade-txn.h"
#include "lemonade-user.h"

#define TOKEN_KEY_PREFIX \
	MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT LEMONADE_TOKEN_DIR
/* Around the token. */
#define SUBSCRIPTION_EXTRA 128

struct token {
	const char *id, *token;
	int64_t refreshed;
};
ARRAY_DEFINE_TYPE(token, struct token);

bool lemonade_token_is_served(const struct lemonade_user *luser)
{
	return luser != NULL && luser->set != NULL &&
		*luser->set->lemonade_token_url != '\0';
}

static const char *token_key(const char *id)
{
	return t_strconcat(TOKEN_KEY_PREFIX, id, NULL);
}

static const char *token_device(const char *id)
{
	return t_strconcat(LEMO_TOKEN_DEVICE_PREFIX, id, NULL);
}

static const char *token_id(const char *token)
{
	unsigned char digest[SHA256_RESULTLEN];

	sha256_get_digest(token, strlen(token), digest);
	return binary_to_hex(digest, LEMO_TOKEN_ID_LEN / 2);
}

static int64_t token_expires(const struct token *token)
{
	return token->refreshed + LEMO_TOKEN_LIFETIME_SECS;
}

static bool token_is_expired(const struct token *token)
{
	return token_expires(token) <= ioloop_time;
}

static const char *token_subscription(const struct token *token)
{
	struct lemo_buf buf;
	const char *json;

	lemo_buf_init(&buf, LEMO_TOKEN_MAX + SUBSCRIPTION_EXTRA);
	lemo_token_add_subscription(&buf, token->token,
		t_strfgmtime("%Y-%m-%dT%H:%M:%SZ", token_expires(token)));
	json = t_strndup(buf.data, buf.len);
	lemo_buf_free(&buf);
	return json;
}

/*
 * Reading
 */

static int token_newer(const struct token *t1, const struct token *t2)
{
	if (t1->refreshed != t2->refreshed)
		return t1->refreshed > t2->refreshed ? -1 : 1;
	return strcmp(t1->id, t2->id);
}

static void token_read(struct mailbox *inbox, const char *id,
		       ARRAY_TYPE(token) *tokens)
{
	struct mail_attribute_value value;
	struct token token = { .id = id };

	if (lemo_token_id_of_device(token_device(id)) == NULL ||
	    mailbox_attribute_get(inbox, MAIL_ATTRIBUTE_TYPE_PRIVATE,
				  token_key(id), &value) <= 0 ||
	    !lemo_token_parse_value(t_strdup(value.value), &token.refreshed,
				    &token.token))
		return;
	array_push_back(tokens, &token);
}

/* All that are stored, newest first. */
static int tokens_list(struct mailbox *inbox, ARRAY_TYPE(token) *tokens)
{
	struct mailbox_attribute_iter *iter;
	ARRAY_TYPE(const_string) ids;
	const char *id;

	t_array_init(tokens, 4);
	t_array_init(&ids, 4);
	iter = mailbox_attribute_iter_init(inbox, MAIL_ATTRIBUTE_TYPE_PRIVATE,
					   TOKEN_KEY_PREFIX);
	while ((id = mailbox_attribute_iter_next(iter)) != NULL) {
		id = t_strdup(id);
		array_push_back(&ids, &id);
	}
	if (mailbox_attribute_iter_deinit(&iter) < 0)
		return -1;
	array_foreach_elem(&ids, id)
		token_read(inbox, id, tokens);
	array_sort(tokens, token_newer);
	return 0;
}

/* The same without what has had its time. */
static int tokens_list_live(struct mailbox *inbox, ARRAY_TYPE(token) *tokens)
{
	unsigned int count;

	if (tokens_list(inbox, tokens) < 0)
		return -1;
	count = I_MIN(array_count(tokens), LEMO_TOKENS_MAX);
	while (count > 0 && token_is_expired(array_idx(tokens, count - 1)))
		count--;
	array_delete(tokens, count, array_count(tokens) - count);
	return 0;
}

int lemonade_token_get_all(struct mailbox *inbox, const char **tokens_r)
{
	string_t *str = t_str_new(512);
	ARRAY_TYPE(token) tokens;
	const struct token *token;

	if (tokens_list_live(inbox, &tokens) < 0)
		return -1;
	array_foreach(&tokens, token) {
		if (str_len(str) > 0)
			str_append_c(str, ' ');
		str_append(str, token->token);
	}
	*tokens_r = str_c(str);
	return 0;
}

void lemonade_tokens_read(struct mailbox *inbox, pool_t pool,
			  ARRAY_TYPE(lemonade_device) *devices)
{
	ARRAY_TYPE(token) tokens;
	const struct token *token;
	struct lemonade_device *device;

	if (tokens_list_live(inbox, &tokens) < 0)
		return;
	array_foreach(&tokens, token) {
		device = array_append_space(devices);
		device->name = p_strdup(pool, token_device(token->id));
		device->json = p_strdup(pool, token_subscription(token));
	}
}

/*
 * Writing
 */

static int token_remove(struct lemonade_txn *txn,
			struct mailbox_transaction_context *t, const char *id)
{
	if (mailbox_attribute_unset(t, MAIL_ATTRIBUTE_TYPE_PRIVATE,
				    token_key(id)) < 0)
		return -1;
	if (txn != NULL)
		lemonade_txn_add_device(txn, token_device(id), NULL);
	return 0;
}

static int token_store(struct lemonade_txn *txn,
		       struct mailbox_transaction_context *t,
		       const struct token *token)
{
	struct mail_attribute_value value;
	struct lemo_buf buf;

	lemo_buf_init(&buf, LEMO_TOKEN_MAX + SUBSCRIPTION_EXTRA);
	lemo_token_add_value(&buf, token->token, token->refreshed);
	i_zero(&value);
	value.value = t_strndup(buf.data, buf.len);
	lemo_buf_free(&buf);
	if (mailbox_attribute_set(t, MAIL_ATTRIBUTE_TYPE_PRIVATE,
				  token_key(token->id), &value) < 0)
		return -1;
	if (txn != NULL) {
		lemonade_txn_add_device(txn, token_device(token->id),
					token_subscription(token));
	}
	return 0;
}

int lemonade_token_add(struct lemonade_user *luser,
		       struct mailbox_transaction_context *t,
		       const char *str)
{
	struct lemonade_txn *txn = lemonade_txn_find(luser, t);
	struct token token = {
		.id = token_id(str), .token = str, .refreshed = ioloop_time
	};
	ARRAY_TYPE(token) tokens;
	const struct token *old;
	unsigned int kept = 1;

	if (tokens_list(t->box, &tokens) < 0)
		return -1;
	array_foreach(&tokens, old) {
		if (strcmp(old->id, token.id) == 0)
			continue;
		if ((token_is_expired(old) || kept == LEMO_TOKENS_MAX) &&
		    token_remove(txn, t, old->id) < 0)
			return -1;
		kept = I_MIN(kept + 1, LEMO_TOKENS_MAX);
	}
	return token_store(txn, t, &token);
}

int lemonade_token_remove_all(struct lemonade_user *luser,
			      struct mailbox_transaction_context *t)
{
	struct lemonade_txn *txn = lemonade_txn_find(luser, t);
	ARRAY_TYPE(token) tokens;
	const struct token *token;

	if (tokens_list(t->box, &tokens) < 0)
		return -1;
	array_foreach(&tokens, token) {
		if (token_remove(txn, t, token->id) < 0)
			return -1;
	}
	return 0;
}

static int token_unset(struct lemonade_user *luser, struct mailbox *box,
		       const char *id)
{
	struct mailbox_transaction_context *trans;

	if (mailbox_open(box) < 0)
		return -1;
	trans = mailbox_transaction_begin(box,
		MAILBOX_TRANSACTION_FLAG_EXTERNAL, __func__);
	if (token_remove(lemonade_txn_find(luser, trans), trans, id) < 0) {
		mailbox_transaction_rollback(&trans);
		return -1;
	}
	return mailbox_transaction_commit(&trans);
}

void lemonade_token_gone(struct lemonade_user *luser, const char *device)
{
	const char *id = lemo_token_id_of_device(device);
	struct mailbox *box = lemonade_inbox_alloc(luser->user);

	if (box == NULL)
		return;
	mail_storage_last_error_push(box->storage);
	if (token_unset(luser, box, id) < 0) {
		e_error(luser->event, "Removing a device token that is gone "
			"failed: %s",
			mailbox_get_last_internal_error(box, NULL));
	} else {
		e_info(luser->event, "Removed a device token that is gone");
	}
	mail_storage_last_error_pop(box->storage);
	mailbox_free(&box);
}
