#include "lib.h"
#include "array.h"
#include "imap-common.h"
#include "mail-index-private.h"
#include "mail-index-transaction-private.h"
#include "mail-storage-private.h"
#include "imap-lemonade-own.h"

#define IMAP_LEMONADE_OWN_CONTEXT(obj) \
	MODULE_CONTEXT(obj, imap_lemonade_own_module)

struct own_range {
	const struct mail_user *user;
	/* The index's, which tells mailboxes apart: indexid is only the time
	   when it was made. */
	char *path;
	uint32_t file_seq;
	/* in octets */
	uoff_t start, end;
};

struct own_transaction {
	union mail_index_transaction_module_context module_ctx;
	const struct mail_user *user;
	char *path;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_own_module,
				  &mail_index_module_register);
static ARRAY(struct own_range) own_ranges = ARRAY_INIT;

static void own_add(struct own_transaction *own,
		    const struct mail_index_transaction_commit_result *result)
{
	struct own_range *range;

	if (!array_is_created(&own_ranges))
		i_array_init(&own_ranges, 8);
	range = array_append_space(&own_ranges);
	range->user = own->user;
	range->path = own->path;
	own->path = NULL;
	range->file_seq = result->log_file_seq;
	range->end = result->log_file_offset;
	range->start = range->end - result->commit_size;
}

static void own_transaction_free(struct own_transaction *own)
{
	i_free(own->path);
	i_free(own);
}

static int own_commit(struct mail_index_transaction *t,
		      struct mail_index_transaction_commit_result *result_r)
{
	struct own_transaction *own = IMAP_LEMONADE_OWN_CONTEXT(t);
	int ret;

	ret = own->module_ctx.super.commit(t, result_r);
	if (ret == 0 && result_r->commit_size > 0)
		own_add(own, result_r);
	own_transaction_free(own);
	return ret;
}

static void own_rollback(struct mail_index_transaction *t)
{
	struct own_transaction *own = IMAP_LEMONADE_OWN_CONTEXT(t);

	own->module_ctx.super.rollback(t);
	own_transaction_free(own);
}

void imap_lemonade_own_attribute(struct mailbox_transaction_context *t)
{
	struct own_transaction *own = IMAP_LEMONADE_OWN_CONTEXT(t->itrans);

	if (own != NULL)
		return;
	own = i_new(struct own_transaction, 1);
	own->module_ctx.super = t->itrans->v;
	own->user = t->box->storage->user;
	own->path = i_strdup(t->box->index->filepath);
	t->itrans->v.commit = own_commit;
	t->itrans->v.rollback = own_rollback;
	MODULE_CONTEXT_SET(t->itrans, imap_lemonade_own_module, own);
}

bool imap_lemonade_own_is(struct mailbox *box, uint32_t file_seq,
			  uoff_t offset)
{
	const struct own_range *range;

	if (!array_is_created(&own_ranges))
		return FALSE;
	array_foreach(&own_ranges, range) {
		if (range->user == box->storage->user &&
		    strcmp(range->path, box->index->filepath) == 0 &&
		    range->file_seq == file_seq &&
		    range->start <= offset && offset < range->end)
			return TRUE;
	}
	return FALSE;
}

/* path NULL: of all mailboxes */
static void forget(const struct mail_user *user, const char *path)
{
	struct own_range *range;
	unsigned int i = 0;

	if (!array_is_created(&own_ranges))
		return;
	while (i < array_count(&own_ranges)) {
		range = array_idx_modifiable(&own_ranges, i);
		if (range->user == user &&
		    (path == NULL || strcmp(range->path, path) == 0)) {
			i_free(range->path);
			array_delete(&own_ranges, i, 1);
		} else {
			i++;
		}
	}
}

void imap_lemonade_own_forget(struct mailbox *box)
{
	forget(box->storage->user, box->index->filepath);
}

void imap_lemonade_own_forget_all(struct client *client)
{
	forget(client->user, NULL);
}

/* Every client has taken its own with it. */
void imap_lemonade_own_deinit(void)
{
	if (array_is_created(&own_ranges))
		array_free(&own_ranges);
}
