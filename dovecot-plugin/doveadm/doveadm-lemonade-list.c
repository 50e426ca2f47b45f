/* doveadm lemonade device list: what METADATA says and what the notifier
   knows, side by side. */

#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "mail-user.h"
#include "lemo-subscription.h"
#include "lemo-notify-uri.h"
#include "lemo-token.h"
#include "lemo-weburl.h"
#include "doveadm-lemonade.h"

/* One row; strings in the list's pool or the data stack, or NULL. */
struct device_row {
	const char *name, *channel, *origin, *state;
	const char *payload, *last_event, *last_sent, *last_result;
	const char *pending, *held_back;
	bool stored, verified, disabled;
};
ARRAY_DEFINE_TYPE(device_row, struct device_row);

struct device_list {
	pool_t pool;
	ARRAY_TYPE(device_row) rows;
	bool notifier_known;
};

static const struct lemonade_column columns[] = {
	{ "device", "device", 0 },
	{ "channel", "channel", 0 },
	{ "origin", "origin", DOVEADM_PRINT_HEADER_FLAG_EXPAND },
	{ "payload", "payload", LEMONADE_COLUMN_NUMBER },
	{ "state", "state", 0 },
	{ "last_event", "last_event", 0 },
	{ "last_sent", "last_sent", 0 },
	{ "last_result", "last_result", 0 },
	{ "pending", "pending", LEMONADE_COLUMN_NUMBER },
	{ "held_back", "held_back", 0 },
	{ NULL, NULL, 0 }
};

static struct device_row *
row_get(struct device_list *list, const char *name)
{
	struct device_row *row;

	array_foreach_modifiable(&list->rows, row) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	row = array_append_space(&list->rows);
	row->name = p_strdup(list->pool, name);
	return row;
}

static bool value_is_true(const char *const *fields, const char *key)
{
	const char *value = lemonade_admin_value(fields, key);

	return value != NULL && *value != '\0' && strcmp(value, "0") != 0;
}

static void notifier_row(const char *const *fields, void *context)
{
	struct device_list *list = context;
	const char *name = lemonade_admin_value(fields, "device");
	struct device_row *row;

	if (name == NULL)
		return;
	row = row_get(list, name);
	row->verified = value_is_true(fields, "verified");
	row->disabled = value_is_true(fields, "disabled");
#define COPY(field) \
	row->field = p_strdup(list->pool, lemonade_admin_value(fields, #field))
	COPY(last_event);
	COPY(last_sent);
	COPY(last_result);
	COPY(pending);
	COPY(held_back);
#undef COPY
}

static void ask_notifier(struct lemonade_mail_cmd *cmd,
			 struct mail_user *user, struct device_list *list)
{
	const char *args[] = {
		"DEVICES", user->username, dec2str(geteuid()), NULL
	};
	struct lemonade_admin_error error = cmd->admin_error;

	if (cmd->admin != NULL &&
	    lemonade_admin_command(cmd->admin, args,
				   LEMONADE_ADMIN_TIMEOUT_MSECS,
				   notifier_row, list, &error) == 0)
		return;
	/* what is stored is worth showing all the same */
	(void)lemonade_mail_cmd_fail(cmd, error.exit_code, error.text);
}

static const char *subscription_state(const struct lemo_subscription *sub,
				      const struct device_row *row,
				      bool notifier_known)
{
	if (sub->disabled)
		return "disabled";
	if (sub->expires != 0 && sub->expires <= ioloop_time)
		return "expired";
	if (row->disabled)
		return "failed";
	if (!notifier_known)
		return "unknown";
	return sub->url != NULL && !row->verified ? "unverified" : "ok";
}

/* Only the origin: the rest of a push URL is often a secret. */
static const char *url_origin(const char *url)
{
	struct lemo_weburl weburl;
	const char *error;

	if (url == NULL || lemo_weburl_parse(url, &weburl, &error) < 0)
		return "";
	return t_strdup(weburl.origin);
}

static void add_stored(const char *device, const char *json, void *context)
{
	struct device_list *list = context;
	struct device_row *row = row_get(list, device);
	struct lemo_subscription *sub;
	struct lemo_subscription_error error;

	row->stored = TRUE;
	if (lemo_subscription_parse(json, strlen(json), row->name,
				    &sub, &error) < 0) {
		row->state = t_strdup_printf("invalid (%s: %s)", error.field,
					     error.reason);
		return;
	}
	row->channel = t_strdup(sub->channel);
	row->origin = url_origin(sub->url);
	row->payload = dec2str(sub->payload);
	row->state = subscription_state(sub, row, list->notifier_known);
	lemo_subscription_free(&sub);
}

/* The notifier remembers what is no longer stored; a device token is stored
   elsewhere, and forgotten when it goes, as is a target of a Sieve script. */
static const char *state_not_stored(const struct device_row *row)
{
	return lemo_token_id_of_device(row->name) != NULL ||
		lemo_notify_is_device(row->name) ? "ok" : "removed";
}

static const char *row_channel(const struct device_row *row)
{
	return lemo_token_id_of_device(row->name) != NULL ? "token" :
		row->channel;
}

static void row_print(const struct device_row *row)
{
	const char *fields[] = {
		t_strconcat("device=", row->name, NULL),
		t_strconcat("channel=", row_channel(row), NULL),
		t_strconcat("origin=", row->origin, NULL),
		t_strconcat("payload=", row->payload, NULL),
		t_strconcat("state=", row->stored ? row->state :
			    state_not_stored(row), NULL),
		t_strconcat("last_event=", row->last_event, NULL),
		t_strconcat("last_sent=", row->last_sent, NULL),
		t_strconcat("last_result=", row->last_result, NULL),
		t_strconcat("pending=", row->pending, NULL),
		t_strconcat("held_back=", row->held_back, NULL),
		NULL
	};

	lemonade_print_row(columns, fields);
}

static int row_cmp(const struct device_row *row1,
		   const struct device_row *row2)
{
	if (row1->stored != row2->stored)
		return row1->stored ? -1 : 1;
	return strcmp(row1->name, row2->name);
}

static int cmd_list_run(struct doveadm_mail_cmd_context *ctx,
			struct mail_user *user)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_get(ctx);
	struct device_list list;
	const struct device_row *row;
	int ret;

	if (lemonade_mail_cmd_begin(cmd, user) < 0)
		return -1;
	list.pool = pool_alloconly_create("lemonade devices", 2048);
	p_array_init(&list.rows, list.pool, LEMO_DEVICES_MAX);
	list.notifier_known = cmd->admin != NULL;
	ask_notifier(cmd, user, &list);
	ret = lemonade_mail_cmd_each(cmd, user, add_stored, &list);
	array_sort(&list.rows, row_cmp);
	array_foreach(&list.rows, row)
		row_print(row);
	pool_unref(&list.pool);
	return ret < 0 || cmd->ctx.exit_code != 0 ? -1 : 0;
}

static void cmd_list_init(struct doveadm_mail_cmd_context *ctx
			  LEMONADE_DOVEADM_INIT_ARGS)
{
	lemonade_mail_cmd_want_admin(lemonade_mail_cmd_get(ctx), FALSE);
	lemonade_print_headers(columns);
}

struct doveadm_mail_cmd_context *cmd_lemonade_device_list_alloc(void)
{
	struct lemonade_mail_cmd *cmd = lemonade_mail_cmd_alloc();

	cmd->ctx.v.init = cmd_list_init;
	cmd->ctx.v.run = cmd_list_run;
	doveadm_print_init(DOVEADM_PRINT_TYPE_TABLE);
	return &cmd->ctx;
}
