#include "lib.h"
#include "module-context.h"
#include "str.h"
#include "unichar.h"
#include "imap-common.h"
#include "imap-commands.h"
#include "imap-msgpart.h"
#include "lemonade-compat.h"
#include "lemonade-user.h"
#include "imap-lemonade-urlauth.h"

#define IMAP_LEMONADE_URLAUTH_CONTEXT(obj) \
	MODULE_CONTEXT(obj, imap_lemonade_urlauth_module)

struct imap_lemonade_urlauth_client {
	union imap_module_context module_ctx;
	struct imap_lemonade_urlauth urlauth;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_urlauth_module,
				  &imap_module_register);

const struct imap_lemonade_urlauth *
imap_lemonade_urlauth_get(struct client *client)
{
	struct imap_lemonade_urlauth_client *uclient =
		IMAP_LEMONADE_URLAUTH_CONTEXT(client);

	return uclient == NULL ? NULL : &uclient->urlauth;
}

/*
 * URLs
 */

static int check_section(const struct imap_url *url, const char **error_r)
{
	struct imap_msgpart *part;

	if (url->section == NULL)
		return 0;
	/* else 2.3's imap-urlauth-worker gives up on it */
	if (imap_msgpart_parse(url->section, &part) < 0) {
		*error_r = "section is not valid";
		return -1;
	}
	imap_msgpart_free(&part);
	return 0;
}

static int check_url(const struct imap_url *url, const char **error_r)
{
	/* of an IP address, 2.3 has no name to compare */
	if (url->host.name == NULL) {
		*error_r = "host is no name";
		return -1;
	}
	if (url->mailbox == NULL || url->uid == 0 ||
	    url->search_program != NULL) {
		*error_r = "URL names no message";
		return -1;
	}
	if (!uni_utf8_str_is_valid(url->mailbox)) {
		*error_r = "mailbox is not UTF-8";
		return -1;
	}
	if (url->userid == NULL || *url->userid == '\0') {
		*error_r = "owner is missing";
		return -1;
	}
	if (url->uauth_rumpurl == NULL) {
		*error_r = "access identifier is missing";
		return -1;
	}
	return check_section(url, error_r);
}

int imap_lemonade_urlauth_parse(const struct imap_lemonade_urlauth *urlauth,
				const char *str, struct imap_url **url_r,
				enum lemo_urlauth_access *access_r,
				const char **error_r)
{
	struct imap_url *url;

	if (strlen(str) > LEMO_URLAUTH_URL_MAX) {
		*error_r = "URL is too long";
		return -1;
	}
	if (imap_url_parse(str, NULL, IMAP_URL_PARSE_ALLOW_URLAUTH, &url,
			   error_r) < 0 ||
	    check_url(url, error_r) < 0 ||
	    lemo_urlauth_access_parse(url->uauth_access_application,
				      url->uauth_access_user, access_r,
				      error_r) < 0)
		return -1;
	if ((urlauth->access & *access_r) == 0) {
		*error_r = "access identifier is switched off";
		return -1;
	}
	*url_r = url;
	return 0;
}

void imap_lemonade_urlauth_refresh(struct client *client,
				   const struct imap_url *url)
{
	struct mail_namespace *ns =
		mail_namespace_find(client->user->namespaces, url->mailbox);
	struct mailbox *box;

	if (ns == NULL)
		return;
	box = mailbox_alloc(ns->list, url->mailbox, MAILBOX_FLAG_READONLY);
	/* whoever opens it next tells what is wrong */
	if (mailbox_open(box) == 0)
		(void)mailbox_sync(box, 0);
	mailbox_free(&box);
}

/*
 * Client
 */

/* 2.4 hides them unless the administrator lists them. */
static void add_capability(struct client *client, const char *name)
{
	const char *const *names =
		t_strsplit_spaces(str_c(client->capability_string), " ");

	if (!str_array_icase_find(names, name))
		client_add_capability(client, name);
}

/* set: NULL if the settings are wrong; then no URL is good. */
static void urlauth_init(struct imap_lemonade_urlauth *urlauth,
			 const struct lemonade_settings *set,
			 const struct mail_user *user)
{
	const char *error;
	size_t pos;

	if (set == NULL ||
	    lemo_urlauth_list_parse(set->lemonade_urlauth_access,
				    &urlauth->access, &error, &pos) < 0)
		urlauth->access = 0;
	urlauth->tls_missing = set != NULL && set->lemonade_urlauth_tls &&
		!lemonade_user_is_secured(user);
}

void imap_lemonade_urlauth_client_created(struct client *client)
{
	struct lemonade_user *luser = lemonade_user_get(client->user);
	struct imap_lemonade_urlauth_client *uclient;

	if (luser == NULL || client->urlauth_ctx == NULL)
		return;
	uclient = p_new(client->pool, struct imap_lemonade_urlauth_client, 1);
	MODULE_CONTEXT_SET(client, imap_lemonade_urlauth_module, uclient);
	urlauth_init(&uclient->urlauth, luser->set, client->user);
	if (luser->set != NULL) T_BEGIN {
		add_capability(client, "URLAUTH");
		add_capability(client, "URLAUTH=BINARY");
	} T_END;
}

void imap_lemonade_urlauth_init(void)
{
	command_unregister("GENURLAUTH");
	command_register("GENURLAUTH", imap_lemonade_cmd_genurlauth, 0);
	command_unregister("URLFETCH");
	command_register("URLFETCH", imap_lemonade_cmd_urlfetch, 0);
}

void imap_lemonade_urlauth_deinit(void)
{
	command_unregister("GENURLAUTH");
	command_register("GENURLAUTH", cmd_genurlauth, 0);
	command_unregister("URLFETCH");
	command_register("URLFETCH", cmd_urlfetch, 0);
}
