/* Filters of RFC 5466 in METADATA: checked when they are set, so that a SEARCH
   does not have to fail for what is wrong with them. */

#include "lib.h"
#include "array.h"
#include "istream.h"
#include "str-sanitize.h"
#include "mail-storage-private.h"
#include "mailbox-attribute-private.h"
#include "lemo-utf8.h"
#include "lemonade-attribute.h"
#include "lemonade-compat.h"
#include "lemonade-named-filter.h"
#include "lemonade-txn.h"
#include "lemonade-user.h"

/* One of the two directories; each is there twice, private and shared. */
struct filter_dir {
	enum lemonade_filter_dir dir;
	const char *prefix;
	size_t size_max;
	int (*check)(struct mailbox_transaction_context *t, const char *value);
};

static int refuse(struct mailbox_transaction_context *t, enum mail_error error,
		  const char *text)
{
	mail_storage_set_error(t->box->storage, error, text);
	return -1;
}

static int check_value(struct mailbox_transaction_context *t,
		       const char *value)
{
	const char *error;

	if (lemonade_named_filter_check(t->box->storage->user, value,
					&error) == 0)
		return 0;
	return refuse(t, MAIL_ERROR_NOTPOSSIBLE, t_strdup_printf(
		"filter: these are no SEARCH criteria: %s",
		str_sanitize_utf8(error, 200)));
}

static int check_text(struct mailbox_transaction_context *t,
		      const char *value)
{
	if (lemo_utf8_is_valid(value, strlen(value)))
		return 0;
	return refuse(t, MAIL_ERROR_NOTPOSSIBLE,
		      "filter: a description is UTF-8");
}

static const struct filter_dir dirs[] = {
	{ LEMONADE_FILTER_DIR_VALUES, LEMONADE_FILTER_VALUES_KEY_PREFIX,
	  LEMO_NAMED_FILTER_SIZE_MAX, check_value },
	{ LEMONADE_FILTER_DIR_TEXTS, LEMONADE_FILTER_TEXTS_KEY_PREFIX,
	  LEMO_NAMED_FILTER_TEXT_MAX, check_text }
};

static const struct filter_dir *dir_find(const char *key)
{
	return str_begins_with(key, dirs[0].prefix) ? &dirs[0] : &dirs[1];
}

/*
 * Limits
 */

/* These begin with a response code of RFC 5464 section 4.3, which IMAP passes
   on. */
static int refuse_size(struct mailbox_transaction_context *t,
		       const struct filter_dir *dir)
{
	return refuse(t, MAIL_ERROR_LIMIT, t_strdup_printf(
		"[METADATA MAXSIZE %zu] It may have %zu octets",
		dir->size_max, dir->size_max));
}

static int refuse_count(struct mailbox_transaction_context *t)
{
	return refuse(t, MAIL_ERROR_LIMIT, t_strdup_printf(
		"[METADATA TOOMANY] A user may have %u filters",
		LEMO_NAMED_FILTERS_MAX));
}

/* The literal of an IMAP client comes as a stream of any size. */
static int get_value(struct mailbox_transaction_context *t,
		     const struct filter_dir *dir,
		     const struct mail_attribute_value *value,
		     const char **str_r)
{
	uoff_t size;

	if (value->value_stream != NULL &&
	    i_stream_get_size(value->value_stream, TRUE, &size) > 0 &&
	    size > dir->size_max)
		return refuse_size(t, dir);
	if (mailbox_attribute_value_to_string(t->box->storage, value,
					      str_r) < 0)
		return -1;
	return strlen(*str_r) > dir->size_max ? refuse_size(t, dir) : 0;
}

static bool is_stored(struct mailbox_transaction_context *t,
		      enum mail_attribute_type type, const char *key)
{
	struct mail_attribute_value value;

	return mailbox_attribute_get(t->box, type, key, &value) > 0;
}

static int count_stored(struct mailbox_transaction_context *t,
			enum mail_attribute_type type, const char *prefix,
			unsigned int *count_r)
{
	struct mailbox_attribute_iter *iter;
	unsigned int count = 0;

	iter = mailbox_attribute_iter_init(t->box, type, prefix);
	while (mailbox_attribute_iter_next(iter) != NULL)
		count++;
	*count_r = count;
	return mailbox_attribute_iter_deinit(&iter);
}

/* Those that are new in this transaction count, too. */
static int check_count(struct mailbox_transaction_context *t,
		       struct lemonade_txn *txn, const struct filter_dir *dir,
		       enum mail_attribute_type type, const char *key)
{
	unsigned int count, *added = NULL;

	if (is_stored(t, type, key))
		return 0;
	if (count_stored(t, type, dir->prefix, &count) < 0)
		return -1;
	if (txn != NULL) {
		added = type == MAIL_ATTRIBUTE_TYPE_SHARED ?
			&txn->shared_filters[dir->dir] :
			&txn->private_filters[dir->dir];
		count += (*added)++;
	}
	return count < LEMO_NAMED_FILTERS_MAX ? 0 : refuse_count(t);
}

/*
 * Entries
 */

static int filter_store(struct mailbox_transaction_context *t,
			struct lemonade_user *luser,
			enum mail_attribute_type type, const char *key,
			const struct mail_attribute_value *value)
{
	const struct filter_dir *dir = dir_find(key);
	const char *name = key + strlen(dir->prefix), *str;

	if (!lemo_named_filter_name_is_valid(name, strlen(name))) {
		return refuse(t, MAIL_ERROR_NOTPOSSIBLE, t_strdup_printf(
			"filter: a name has 1 to %u atom characters and no /",
			LEMO_NAMED_FILTER_NAME_MAX));
	}
	if (get_value(t, dir, value, &str) < 0 || dir->check(t, str) < 0)
		return -1;
	return check_count(t, lemonade_txn_find(luser, t), dir, type, key);
}

static bool is_checked(const struct lemonade_user *luser,
		       const struct mailbox_transaction_context *t)
{
	return luser != NULL &&
		(t->flags & MAILBOX_TRANSACTION_FLAG_SYNC) == 0;
}

static bool is_unset(const struct mail_attribute_value *value)
{
	return value->value == NULL && value->value_stream == NULL;
}

/* RFC 5466 section 5: anonymous users SHOULD NOT be allowed to. */
static int private_set(struct mailbox_transaction_context *t, const char *key,
		       const struct mail_attribute_value *value)
{
	struct lemonade_user *luser = lemonade_attribute_user(t->box);

	if (!is_checked(luser, t))
		return 0;
	if (luser->user->anonymous) {
		return refuse(t, MAIL_ERROR_PERM,
			      "filter: anonymous users have none of their own");
	}
	return is_unset(value) ? 0 :
		filter_store(t, luser, MAIL_ATTRIBUTE_TYPE_PRIVATE, key, value);
}

/* The administrator's. Whoever deletes a filter as section 3.2 tells, with NIL
   for both, need not know that. */
static int shared_set(struct mailbox_transaction_context *t, const char *key,
		      const struct mail_attribute_value *value)
{
	struct lemonade_user *luser = lemonade_attribute_user(t->box);

	if (!is_checked(luser, t) ||
	    (is_unset(value) &&
	     !is_stored(t, MAIL_ATTRIBUTE_TYPE_SHARED, key)))
		return 0;
	if (!luser->doveadm) {
		return refuse(t, MAIL_ERROR_PERM, "filter: shared filters are "
			"the administrator's; make a private one");
	}
	return is_unset(value) ? 0 :
		filter_store(t, luser, MAIL_ATTRIBUTE_TYPE_SHARED, key, value);
}

/*
 * Shared filters of the settings, for whoever has none of that name in
 * METADATA
 */

static unsigned int set_filters(struct mailbox *box,
				const char *const **filters_r)
{
	const struct lemonade_user *luser = lemonade_attribute_user(box);
	unsigned int count;

	if (luser == NULL || luser->set == NULL ||
	    !array_is_created(&luser->set->lemonade_filter))
		return 0;
	*filters_r = array_get(&luser->set->lemonade_filter, &count);
	return count;
}

static int shared_value_get(struct mailbox *box, const char *key,
			    struct mail_attribute_value *value_r)
{
	const char *name = key + strlen(LEMONADE_FILTER_VALUES_KEY_PREFIX);
	const char *const *filters = NULL;
	unsigned int i, count = set_filters(box, &filters);

	for (i = 0; i + 1 < count; i += 2) {
		if (strcmp(filters[i], name) == 0) {
			value_r->value = filters[i + 1];
			return 1;
		}
	}
	return 0;
}

static int shared_value_iter(struct mailbox *box, const char *key_prefix,
			     pool_t pool ATTR_UNUSED,
			     ARRAY_TYPE(const_string) *keys)
{
	const char *const *filters = NULL, *self = "";
	unsigned int i, count = set_filters(box, &filters);

	for (i = 0; i + 1 < count; i += 2) {
		/* the entry itself is the child "" of its own name */
		if (*key_prefix == '\0')
			array_push_back(keys, &filters[i]);
		else if (strcmp(filters[i], key_prefix) == 0)
			array_push_back(keys, &self);
	}
	return 0;
}

/* Without it Dovecot would list the directory as if it had a value. */
static int no_iter(struct mailbox *box ATTR_UNUSED,
		   const char *key_prefix ATTR_UNUSED,
		   pool_t pool ATTR_UNUSED,
		   ARRAY_TYPE(const_string) *keys ATTR_UNUSED)
{
	return 0;
}

#define ENTRIES(_type, _prefix, _set) { \
	.type = MAIL_ATTRIBUTE_TYPE_##_type, \
	.key = _prefix, \
	.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_OVERRIDE, \
	.flags = MAIL_ATTRIBUTE_INTERNAL_FLAG_CHILDREN, \
	.set = _set, \
	.iter = no_iter \
}

static const struct mailbox_attribute_internal iattrs[] = {
	ENTRIES(PRIVATE, LEMONADE_FILTER_VALUES_KEY_PREFIX, private_set),
	ENTRIES(PRIVATE, LEMONADE_FILTER_TEXTS_KEY_PREFIX, private_set),
	{
		.type = MAIL_ATTRIBUTE_TYPE_SHARED,
		.key = LEMONADE_FILTER_VALUES_KEY_PREFIX,
		.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_DEFAULT,
		.flags = MAIL_ATTRIBUTE_INTERNAL_FLAG_CHILDREN,

		.get = shared_value_get,
		.set = shared_set,
		.iter = shared_value_iter
	},
	ENTRIES(SHARED, LEMONADE_FILTER_TEXTS_KEY_PREFIX, shared_set)
};

void lemonade_attribute_filter_init(void)
{
	mailbox_attribute_register_internals(iattrs, N_ELEMENTS(iattrs));
	lemonade_named_filter_init();
}

void lemonade_attribute_filter_deinit(void)
{
	mailbox_attribute_unregister_internals(iattrs, N_ELEMENTS(iattrs));
}
