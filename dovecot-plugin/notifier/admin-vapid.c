/* VAPID-SHOW, -EXPORT, -IMPORT, -ROTATE */

#include "lib.h"
#include "safe-memset.h"
#include "admin-private.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "vapid.h"

/* RFC 8292 would do without a contact; push services do not. */
static const char *key_state(const struct notifier *notifier,
			     unsigned int index)
{
	if (index > 0)
		return "old";
	return *notifier->set->lemonade_contact == '\0' ?
		"not published: lemonade_contact is not set" : "published";
}

const char *admin_cmd_vapid_show(struct admin_client *client,
				 const char *const *args ATTR_UNUSED)
{
	const struct lemo_vapid_keys *keys;
	const char *error;
	unsigned int i;

	keys = vapid_keys(client->notifier->vapid, &error);
	if (keys == NULL)
		return error;
	for (i = 0; i < lemo_vapid_keys_count(keys); i++) {
		admin_row(client, t_strconcat("key=", lemo_vapid_key_public(
				lemo_vapid_keys_get(keys, i)), NULL),
			  t_strconcat("state=", key_state(client->notifier,
							  i), NULL), NULL);
	}
	return NULL;
}

/* The listener's mode is 0600: who gets here could read the file as well. */
const char *admin_cmd_vapid_export(struct admin_client *client,
				   const char *const *args ATTR_UNUSED)
{
	const struct lemo_vapid_keys *keys;
	const char *error;
	struct lemo_buf buf;
	int ret;

	keys = vapid_keys(client->notifier->vapid, &error);
	if (keys == NULL)
		return error;
	lemo_buf_init(&buf, LEMO_VAPID_FILE_MAX);
	/* the last end of line is the printer's */
	ret = lemo_vapid_keys_format(keys, &buf);
	if (ret == 0)
		admin_row(client, t_strdup_printf("pem=%.*s",
				(int)buf.len - 1, buf.data), NULL);
	if (buf.data != NULL)
		safe_memset(buf.data, 0, buf.size);
	lemo_buf_free(&buf);
	return ret == 0 ? NULL : "keys cannot be written as PEM";
}

const char *admin_cmd_vapid_import(struct admin_client *client,
				   const char *const *args)
{
	const char *error;

	if (vapid_import(client->notifier->vapid, args[1], strlen(args[1]),
			 &error) < 0)
		return error;
	return admin_cmd_vapid_show(client, args);
}

const char *admin_cmd_vapid_rotate(struct admin_client *client,
				   const char *const *args)
{
	const char *error;

	if (vapid_rotate(client->notifier->vapid, &error) < 0)
		return error;
	return admin_cmd_vapid_show(client, args);
}
