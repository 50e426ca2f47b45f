/* What the server tells its clients in METADATA: read-only. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "mail-storage-private.h"
#include "mailbox-attribute-internal.h"
#include "lemo-subscription.h"
#include "lemonade-attribute.h"
#include "lemonade-channels.h"
#include "lemonade-config.h"
#include "lemonade-device.h"
#include "lemonade-user.h"
#include "lemonade-vapid.h"

/* Returns the value in the data stack; NULL or "" if there is none. The
   user's settings are known to be right. */
typedef const char *entry_get_t(const struct lemonade_user *luser);

static const char *get_channels(const struct lemonade_user *luser)
{
	string_t *str = t_str_new(64);
	unsigned int i;

	for (i = 0; lemo_channel_names[i] != NULL; i++) {
		const char *name = lemo_channel_names[i];

		if (lemonade_channel_refusal(luser->set, name) == NULL)
			str_printfa(str, "%s\"%s\"",
				    str_len(str) == 0 ? "[" : ",", name);
	}
	str_append_c(str, ']');
	return str_c(str);
}

static const char *get_ceilings(const struct lemonade_user *luser)
{
	string_t *str = t_str_new(64);
	unsigned int i;

	for (i = 0; lemo_channel_names[i] != NULL; i++) {
		const char *name = lemo_channel_names[i];

		if (lemonade_channel_refusal(luser->set, name) != NULL)
			continue;
		str_printfa(str, "%s\"%s\":%u",
			    str_len(str) == 0 ? "{" : ",", name,
			    lemonade_channel_ceiling(luser->set, name));
	}
	str_append_c(str, '}');
	return str_c(str);
}

static const char *get_limits(const struct lemonade_user *luser)
{
	return t_strdup_printf(
		"{\"devices\":%u,\"deviceSize\":%u,\"urlSize\":%u,"
		"\"filterSize\":%u,\"maxTtl\":%u,\"maxCollapse\":%u,"
		"\"pushesPerHourUser\":%u,\"pushesPerHourDevice\":%u}",
		LEMO_DEVICES_MAX, LEMO_DEVICE_MAX_SIZE, LEMO_DEVICE_URL_MAX,
		LEMO_DEVICE_FILTER_MAX, LEMO_DEVICE_TTL_MAX,
		LEMO_DEVICE_COLLAPSE_MAX, luser->set->lemonade_budget_user,
		luser->set->lemonade_budget_device);
}

static const char *get_submit(const struct lemonade_user *luser)
{
	return luser->set->lemonade_submit_host;
}

static const char *get_policy(const struct lemonade_user *luser)
{
	return luser->set->lemonade_policy;
}

static const char *get_contact(const struct lemonade_user *luser)
{
	return luser->set->lemonade_contact;
}

static const char *get_version(const struct lemonade_user *luser ATTR_UNUSED)
{
	return LEMONADE_VERSION;
}

/* applicationServerKey of the W3C Push API (RFC 8292 4.1) */
static const char *get_vapid(const struct lemonade_user *luser)
{
	return lemonade_vapid_published(luser);
}

/* The canonical name of the account (ManageSieve says it as OWNER, RFC 5804
   1.7, but Pigeonhole does not). */
static const char *get_account(const struct lemonade_user *luser)
{
	return luser->user->username;
}

static const struct {
	const char *name;
	entry_get_t *get;
} entries[] = {
	{ "account", get_account },
	{ "channels", get_channels },
	{ "ceilings", get_ceilings },
	{ "limits", get_limits },
	{ "submit", get_submit },
	{ "policy", get_policy },
	{ "version", get_version },
	{ "contact", get_contact },
	{ "vapid", get_vapid }
};

static const char *entry_value(const struct lemonade_user *luser,
			       unsigned int i)
{
	const char *value;

	if (luser == NULL || luser->set == NULL)
		return NULL;
	value = entries[i].get(luser);
	return value == NULL || *value == '\0' ? NULL : value;
}

static int vendor_get(struct mailbox *box, const char *key,
		      struct mail_attribute_value *value_r)
{
	const struct lemonade_user *luser = lemonade_attribute_user(box);
	const char *name = key + strlen(LEMONADE_VENDOR_KEY_PREFIX);
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(entries); i++) {
		if (strcmp(entries[i].name, name) == 0) {
			value_r->value = entry_value(luser, i);
			return value_r->value == NULL ? 0 : 1;
		}
	}
	return 0;
}

static int vendor_set(struct mailbox_transaction_context *t,
		      const char *key ATTR_UNUSED,
		      const struct mail_attribute_value *value ATTR_UNUSED)
{
	mail_storage_set_error(t->box->storage, MAIL_ERROR_NOTPOSSIBLE,
			       "This entry is read-only");
	return -1;
}

static int vendor_iter(struct mailbox *box, const char *key_prefix,
		       pool_t pool, ARRAY_TYPE(const_string) *keys)
{
	const struct lemonade_user *luser = lemonade_attribute_user(box);
	size_t len = strlen(key_prefix);
	const char *key;
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(entries); i++) {
		/* the entry itself is the child "" of its own name */
		if (entry_value(luser, i) == NULL ||
		    (len > 0 && strcmp(entries[i].name, key_prefix) != 0))
			continue;
		key = len > 0 ? "" : p_strdup(pool, entries[i].name);
		array_push_back(keys, &key);
	}
	return 0;
}

static const struct mailbox_attribute_internal iattr_vendor = {
	.type = MAIL_ATTRIBUTE_TYPE_SHARED,
	.key = LEMONADE_VENDOR_KEY_PREFIX,
	.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_AUTHORITY,
	.flags = MAIL_ATTRIBUTE_INTERNAL_FLAG_CHILDREN,

	.get = vendor_get,
	.set = vendor_set,
	.iter = vendor_iter
};

/* /shared/admin (RFC 5464 section 6.2.1) is Dovecot's own, from its setting
   mail_server_admin; that one goes first. */

static const char *admin_value(struct mailbox *box)
{
	const struct lemonade_user *luser = lemonade_attribute_user(box);

	if (*box->storage->set->mail_server_admin != '\0')
		return box->storage->set->mail_server_admin;
	return luser == NULL || luser->set == NULL ||
		*luser->set->lemonade_contact == '\0' ? NULL :
		luser->set->lemonade_contact;
}

static int admin_get(struct mailbox *box, const char *key ATTR_UNUSED,
		     struct mail_attribute_value *value_r)
{
	value_r->value = admin_value(box);
	return value_r->value == NULL ? 0 : 1;
}

static const struct mailbox_attribute_internal iattr_admin = {
	.type = MAIL_ATTRIBUTE_TYPE_SHARED,
	.key = MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT_SERVER
		MAIL_SERVER_ATTRIBUTE_ADMIN,
	.rank = MAIL_ATTRIBUTE_INTERNAL_RANK_AUTHORITY,

	.get = admin_get,
	.set = vendor_set
};

void lemonade_attribute_server_init(void)
{
	mailbox_attribute_register_internal(&iattr_vendor);
	/* takes the place of the one with the same key */
	mailbox_attribute_unregister_internal(&iattr_admin);
	mailbox_attribute_register_internal(&iattr_admin);
}

void lemonade_attribute_server_deinit(void)
{
	mailbox_attribute_unregister_internal(&iattr_admin);
	mailbox_attribute_unregister_internal(&iattr_vendor);
	lemonade_vapid_deinit();
}
