/* Collects what happened in a transaction. */

#include "lib.h"
#include "array.h"
#include "llist.h"
#include "str.h"
#include "imap-util.h"
#include "lemonade-ring.h"
#include "lemonade-txn.h"
#include "lemonade-user.h"

struct lemonade_txn *
lemonade_txn_begin(struct lemonade_user *luser,
		   struct mailbox_transaction_context *t)
{
	struct lemonade_txn *txn;

	txn = i_new(struct lemonade_txn, 1);
	txn->luser = luser;
	txn->t = t;
	txn->box = t->box;
	DLLIST_PREPEND(&luser->txns, txn);
	return txn;
}

void lemonade_txn_free(struct lemonade_txn **_txn)
{
	struct lemonade_txn *txn = *_txn;

	*_txn = NULL;
	DLLIST_REMOVE(&txn->luser->txns, txn);
	lemonade_devices_free(&txn->devices);
	pool_unref(&txn->pool);
	i_free(txn);
}

struct lemonade_txn *
lemonade_txn_find(struct lemonade_user *luser,
		  const struct mailbox_transaction_context *t)
{
	struct lemonade_txn *txn;

	for (txn = luser->txns; txn != NULL; txn = txn->next) {
		if (txn->t == t)
			return txn;
	}
	return NULL;
}

static void txn_init_pool(struct lemonade_txn *txn)
{
	if (txn->pool == NULL) {
		txn->pool = pool_alloconly_create("lemonade transaction",
						  2048);
	}
}

bool lemonade_txn_wanted(struct lemonade_txn *txn)
{
	if (txn->ignored || array_is_created(&txn->devices))
		return !txn->ignored;
	txn_init_pool(txn);
	lemonade_devices_read(txn->luser->user, txn->box, txn->pool,
			      &txn->devices);
	txn->ignored = array_is_empty(&txn->devices) &&
		txn->luser->feed == 0 &&
		lemonade_ring_find(txn->luser->user->username) == NULL;
	return !txn->ignored;
}

static const char *mail_flag_names(struct mail *mail, pool_t pool)
{
	enum mail_flags flags = mail_get_flags(mail) & MAIL_FLAGS_NONRECENT;
	const char *const *keywords = mail_get_keywords(mail);
	string_t *str;

	if (flags == 0 && keywords[0] == NULL)
		return NULL;
	str = t_str_new(128);
	imap_write_flags(str, flags, keywords);
	return p_strdup(pool, str_c(str));
}

void lemonade_txn_add_save(struct lemonade_txn *txn,
			   enum lemo_event_type type, struct mail *mail)
{
	struct lemonade_save *save;

	if (!array_is_created(&txn->saves))
		p_array_init(&txn->saves, txn->pool, 4);
	save = array_append_space(&txn->saves);
	save->type = type;
	save->idx = mail->transaction->save_count;
	save->flag_names = mail_flag_names(mail, txn->pool);
}

bool lemonade_txn_add_expunge(struct lemonade_txn *txn,
			      enum lemo_event_type type, uint32_t uid)
{
	struct lemonade_change *change;
	bool first = !array_is_created(&txn->expunges);

	if (first)
		p_array_init(&txn->expunges, txn->pool, 2);
	array_foreach_modifiable(&txn->expunges, change) {
		if (change->type == type) {
			seq_range_array_add(&change->uids, uid);
			return first;
		}
	}
	change = array_append_space(&txn->expunges);
	change->type = type;
	p_array_init(&change->uids, txn->pool, 16);
	seq_range_array_add(&change->uids, uid);
	return first;
}

static struct lemonade_flags *
txn_flags_get(struct lemonade_txn *txn, enum mail_flags set,
	      enum mail_flags cleared)
{
	struct lemonade_flags *flags;

	if (!array_is_created(&txn->flags))
		p_array_init(&txn->flags, txn->pool, 2);
	array_foreach_modifiable(&txn->flags, flags) {
		if (flags->set == set && flags->cleared == cleared)
			return flags;
	}
	flags = array_append_space(&txn->flags);
	flags->set = set;
	flags->cleared = cleared;
	p_array_init(&flags->uids, txn->pool, 16);
	return flags;
}

void lemonade_txn_add_flags(struct lemonade_txn *txn, uint32_t uid,
			    enum mail_flags old_flags,
			    enum mail_flags new_flags)
{
	enum mail_flags set = new_flags & ~old_flags & MAIL_FLAGS_NONRECENT;
	enum mail_flags cleared =
		old_flags & ~new_flags & MAIL_FLAGS_NONRECENT;

	if (set == 0 && cleared == 0)
		return;
	seq_range_array_add(&txn_flags_get(txn, set, cleared)->uids, uid);
}

/* True if what `to' has and `from' has not is exactly diff, in this order. */
static bool keywords_diff_equals(const char *const *from,
				 const char *const *to,
				 const char *const *diff)
{
	for (; *to != NULL; to++) {
		if (str_array_find(from, *to))
			continue;
		if (*diff == NULL || strcmp(*diff, *to) != 0)
			return FALSE;
		diff++;
	}
	return *diff == NULL;
}

static const char *const *
keywords_diff(pool_t pool, const char *const *from, const char *const *to)
{
	ARRAY_TYPE(const_string) diff;

	p_array_init(&diff, pool, 4);
	for (; *to != NULL; to++) {
		if (!str_array_find(from, *to)) {
			const char *name = p_strdup(pool, *to);
			array_push_back(&diff, &name);
		}
	}
	array_append_zero(&diff);
	return array_front(&diff);
}

static struct lemonade_keywords *
txn_keywords_get(struct lemonade_txn *txn, const char *const *old_keywords,
		 const char *const *new_keywords)
{
	struct lemonade_keywords *keywords;

	if (!array_is_created(&txn->keywords))
		p_array_init(&txn->keywords, txn->pool, 2);
	array_foreach_modifiable(&txn->keywords, keywords) {
		if (keywords_diff_equals(old_keywords, new_keywords,
					 keywords->set) &&
		    keywords_diff_equals(new_keywords, old_keywords,
					 keywords->cleared))
			return keywords;
	}
	keywords = array_append_space(&txn->keywords);
	keywords->set = keywords_diff(txn->pool, old_keywords, new_keywords);
	keywords->cleared = keywords_diff(txn->pool, new_keywords,
					  old_keywords);
	p_array_init(&keywords->uids, txn->pool, 16);
	return keywords;
}

void lemonade_txn_add_keywords(struct lemonade_txn *txn, uint32_t uid,
			       const char *const *old_keywords,
			       const char *const *new_keywords)
{
	struct lemonade_keywords *keywords =
		txn_keywords_get(txn, old_keywords, new_keywords);

	seq_range_array_add(&keywords->uids, uid);
}

void lemonade_txn_add_device(struct lemonade_txn *txn, const char *name,
			     const char *json)
{
	struct lemonade_device_change *change;

	txn_init_pool(txn);
	if (!array_is_created(&txn->device_changes))
		p_array_init(&txn->device_changes, txn->pool, 2);
	array_foreach_modifiable(&txn->device_changes, change) {
		if (strcmp(change->name, name) == 0) {
			change->json = p_strdup(txn->pool, json);
			return;
		}
	}
	change = array_append_space(&txn->device_changes);
	change->name = p_strdup(txn->pool, name);
	change->json = p_strdup(txn->pool, json);
}

/*
 * Flag changes as events
 */

static void change_add(ARRAY_TYPE(lemonade_change) *changes, pool_t pool,
		       enum lemo_event_type type, enum mail_flags flags,
		       const char *const *keywords,
		       const ARRAY_TYPE(seq_range) *uids)
{
	struct lemonade_change *change;
	string_t *names;

	if (flags == 0 && (keywords == NULL || keywords[0] == NULL))
		return;
	names = t_str_new(64);
	imap_write_flags(names, flags, keywords);
	array_foreach_modifiable(changes, change) {
		if (change->type == type &&
		    strcmp(change->flag_names, str_c(names)) == 0) {
			seq_range_array_merge(&change->uids, uids);
			return;
		}
	}
	change = array_append_space(changes);
	change->type = type;
	change->flag_names = p_strdup(pool, str_c(names));
	p_array_init(&change->uids, pool, array_count(uids));
	array_append_array(&change->uids, uids);
}

static void flags_add(ARRAY_TYPE(lemonade_change) *changes, pool_t pool,
		      const struct lemonade_flags *flags, bool simple)
{
	enum mail_flags set = flags->set;

	if (simple) {
		change_add(changes, pool, LEMO_EVENT_MESSAGE_READ,
			   set & MAIL_SEEN, NULL, &flags->uids);
		change_add(changes, pool, LEMO_EVENT_MESSAGE_TRASH,
			   set & MAIL_DELETED, NULL, &flags->uids);
		set &= ENUM_NEGATE(MAIL_SEEN | MAIL_DELETED);
	}
	change_add(changes, pool, LEMO_EVENT_FLAGS_SET, set, NULL,
		   &flags->uids);
	change_add(changes, pool, LEMO_EVENT_FLAGS_CLEAR, flags->cleared,
		   NULL, &flags->uids);
}

static bool changes_merge(struct lemonade_change *into,
			  const struct lemonade_change *from, pool_t pool)
{
	if (into->type != from->type ||
	    (into->type != LEMO_EVENT_FLAGS_SET &&
	     into->type != LEMO_EVENT_FLAGS_CLEAR) ||
	    !array_cmp(&into->uids, &from->uids))
		return FALSE;
	into->flag_names = p_strconcat(pool, into->flag_names, " ",
				       from->flag_names, NULL);
	return TRUE;
}

static void changes_merge_all(ARRAY_TYPE(lemonade_change) *changes,
			      pool_t pool)
{
	unsigned int i, j;

	for (i = 0; i < array_count(changes); i++) {
		struct lemonade_change *into = array_idx_modifiable(changes, i);

		for (j = i + 1; j < array_count(changes); ) {
			if (changes_merge(into, array_idx(changes, j), pool))
				array_delete(changes, j, 1);
			else
				j++;
		}
	}
}

void lemonade_txn_get_flag_changes(struct lemonade_txn *txn, bool simple,
				   ARRAY_TYPE(lemonade_change) *changes)
{
	const struct lemonade_flags *flags;
	const struct lemonade_keywords *keywords;

	if (array_is_created(&txn->flags)) {
		array_foreach(&txn->flags, flags)
			flags_add(changes, txn->pool, flags, simple);
	}
	if (array_is_created(&txn->keywords)) {
		array_foreach(&txn->keywords, keywords) {
			change_add(changes, txn->pool, LEMO_EVENT_FLAGS_SET,
				   0, keywords->set, &keywords->uids);
			change_add(changes, txn->pool, LEMO_EVENT_FLAGS_CLEAR,
				   0, keywords->cleared, &keywords->uids);
		}
	}
	changes_merge_all(changes, txn->pool);
}
