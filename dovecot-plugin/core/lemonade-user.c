/* The plugin's part of a mail user: settings, names, what is raised. */

#include "lib.h"
#include "llist.h"
#include "lemonade-compat.h"
#include "lemonade-quota.h"
#include "lemonade-user.h"

#include <time.h>

#define LEMONADE_USER_CONTEXT(obj) \
	MODULE_CONTEXT(obj, lemonade_user_module)
#define LOG_INTERVAL_SECS 60
#define DOVEADM_REASON_PREFIX "doveadm:cmd_"

static MODULE_CONTEXT_DEFINE_INIT(lemonade_user_module,
				  &mail_user_module_register);

static struct event_category event_category_lemonade = {
	.name = "lemonade"
};

static struct lemonade_user *lemonade_users;

bool lemonade_log_now(time_t *last)
{
	time_t now = time(NULL);

	if (*last != 0 && now >= *last && now - *last < LOG_INTERVAL_SECS)
		return FALSE;
	*last = now;
	return TRUE;
}

struct lemonade_user *lemonade_user_get(struct mail_user *user)
{
	return LEMONADE_USER_CONTEXT(user);
}

struct lemonade_user *lemonade_user_find(const char *username)
{
	struct lemonade_user *luser = lemonade_users;

	while (luser != NULL && strcmp(luser->user->username, username) != 0)
		luser = luser->next;
	return luser;
}

static void lemonade_user_deinit(struct mail_user *user)
{
	struct lemonade_user *luser = lemonade_user_get(user);

	DLLIST_REMOVE(&lemonade_users, luser);
	luser->module_ctx.super.deinit(user);
	lemonade_settings_free(&luser->set);
	event_unref(&luser->event);
}

static void lemonade_user_deinit_pre(struct mail_user *user)
{
	struct lemonade_user *luser = lemonade_user_get(user);

	lemonade_quota_deinit(luser);
	luser->module_ctx.super.deinit_pre(user);
}

static lemo_event_mask_t parse_mask(const char *names)
{
	lemo_event_mask_t mask = 0;
	const char *error;
	size_t pos;

	/* the settings' check has refused wrong names */
	(void)lemo_event_mask_parse(names, &mask, &error, &pos);
	return mask;
}

static void lemonade_user_read_settings(struct lemonade_user *luser)
{
	static time_t last_error;
	const struct lemonade_settings *set;
	const char *error;

	if (lemonade_settings_get_user(luser->user, &set, &error) < 0) {
		if (lemonade_log_now(&last_error)) {
			e_error(luser->event, "No notifications until this "
				"setting is corrected: %s", error);
		}
		return;
	}
	luser->set = set;
	luser->events = parse_mask(set->lemonade_events);
	luser->feed = parse_mask(set->lemonade_feed_events);
	luser->hostname = *set->lemonade_hostname != '\0' ?
		set->lemonade_hostname : luser->user->set->hostname;
}

static bool protocol_is_access(const char *protocol)
{
	static const char *const protocols[] = {
		"imap", "pop3", "submission", "managesieve", "sieve", NULL
	};

	return str_array_find(protocols, protocol);
}

void lemonade_user_created(struct mail_user *user)
{
	struct mail_user_vfuncs *v = user->vlast;
	const char *protocol = lemonade_user_protocol(user);
	struct lemonade_user *luser;

	if (user->autocreated)
		return;

	luser = p_new(user->pool, struct lemonade_user, 1);
	luser->module_ctx.super = *v;
	user->vlast = &luser->module_ctx.super;
	v->deinit_pre = lemonade_user_deinit_pre;
	v->deinit = lemonade_user_deinit;
	luser->user = user;
	luser->event = event_create(user->event);
	event_add_category(luser->event, &event_category_lemonade);
	event_set_append_log_prefix(luser->event, "lemonade: ");
	if (protocol != NULL) {
		luser->access_protocol = protocol_is_access(protocol);
		luser->doveadm = strcmp(protocol, "doveadm") == 0;
	}
	lemonade_user_read_settings(luser);
	MODULE_CONTEXT_SET(user, lemonade_user_module, luser);
	DLLIST_PREPEND(&lemonade_users, luser);
	lemonade_quota_init(luser);
}

const char *lemonade_user_doveadm_cmd(const struct lemonade_user *luser)
{
	const char *codes, *const *code;

	if (!luser->doveadm)
		return NULL;
	codes = event_find_field_recursive_str(luser->event,
					       EVENT_REASON_CODE);
	if (codes == NULL)
		return NULL;
	for (code = t_strsplit(codes, ","); *code != NULL; code++) {
		if (str_begins_with(*code, DOVEADM_REASON_PREFIX))
			return *code + strlen(DOVEADM_REASON_PREFIX);
	}
	return NULL;
}

bool lemonade_user_replicates(const struct lemonade_user *luser)
{
	const char *cmd = lemonade_user_doveadm_cmd(luser);

	return luser->user->dsyncing ||
		(cmd != NULL && strcmp(cmd, "import") == 0);
}
