#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "imap-common.h"
#include "lemonade-access.h"
#include "lemonade-device.h"
#include "lemonade-user.h"
#include "imap-lemonade-client.h"
#include "imap-lemonade-presence.h"

#define IMAP_LEMONADE_CONTEXT(obj) \
	MODULE_CONTEXT(obj, imap_lemonade_imap_module)

struct imap_lemonade_client {
	union imap_module_context module_ctx;
	struct client *client;
	struct lemonade_user *luser;
	/* NULL: the user has no device */
	struct imap_lemonade_presence *presence;
	/* namespaces are there; a client may be destroyed before */
	bool ready;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_imap_module,
				  &imap_module_register);

static void user_devices(struct client *client,
			 ARRAY_TYPE(const_string) *names)
{
	t_array_init(names, LEMO_DEVICES_MAX + 1);
	/* METADATA that cannot be read is logged and has no device */
	if (lemonade_devices_list(client->user, NULL, pool_datastack_create(),
				  names) < 0)
		array_clear(names);
}

static void client_begin(struct imap_lemonade_client *lclient)
{
	if (lclient->presence == NULL) {
		lclient->presence =
			imap_lemonade_presence_begin(lclient->luser);
	}
}

/* Can anybody want to hear of it? The user has a device, or there is a feed:
   else METADATA need not be read. */
static bool client_is_heard(const struct imap_lemonade_client *lclient)
{
	return lclient->ready &&
		(lclient->presence != NULL || lclient->luser->feed != 0);
}

static void client_init(struct client *client)
{
	struct imap_lemonade_client *lclient = IMAP_LEMONADE_CONTEXT(client);
	ARRAY_TYPE(const_string) names;

	lclient->module_ctx.super.init(client);
	lclient->ready = TRUE;
	/* nobody asks whether a user without devices is there */
	T_BEGIN {
		user_devices(client, &names);
		if (array_is_empty(&names))
			imap_lemonade_presence_end(&lclient->presence);
		else
			client_begin(lclient);
	} T_END;
	if (!client->user->session_restored && client_is_heard(lclient))
		lemonade_access_login(lclient->luser);
}

/* The suggestions of RFC 5423 section 4.3, as far as Dovecot tells. */
static const char *disconnect_type(const struct client *client,
				   const char *reason)
{
	if (client->logged_out)
		return "graceful";
	if (client->disconnect_reason != NULL)
		reason = client->disconnect_reason;
	if (reason != NULL && (strstr(reason, "nactivity") != NULL ||
			       strstr(reason, "imed out") != NULL))
		return "timeout";
	return "abort";
}

static void client_logout(struct imap_lemonade_client *lclient,
			  const char *reason)
{
	const struct client *client = lclient->client;
	time_t begin = client->user->session_create_time;

	lemonade_access_logout(lclient->luser,
			       disconnect_type(client, reason),
			       ioloop_time > begin ? ioloop_time - begin : 0);
}

static void client_destroy_hook(struct client *client, const char *reason)
{
	struct imap_lemonade_client *lclient = IMAP_LEMONADE_CONTEXT(client);
	bool heard;

	lclient->luser->device_written = NULL;
	if (client->hibernated)
		imap_lemonade_presence_hibernate(&lclient->presence);
	else {
		heard = client_is_heard(lclient);
		imap_lemonade_presence_end(&lclient->presence);
		if (heard)
			client_logout(lclient, reason);
	}
	lclient->module_ctx.super.destroy(client, reason);
}

static void client_device_written(const char *name, void *context)
{
	imap_lemonade_client_claim(context, name);
}

void imap_lemonade_client_create(struct client *client)
{
	struct lemonade_user *luser = lemonade_user_get(client->user);
	struct imap_client_vfuncs *v = &client->v;
	struct imap_lemonade_client *lclient;

	if (luser == NULL || luser->set == NULL)
		return;
	lclient = p_new(client->pool, struct imap_lemonade_client, 1);
	lclient->module_ctx.super = *v;
	lclient->client = client;
	lclient->luser = luser;
	v->init = client_init;
	v->destroy = client_destroy_hook;
	MODULE_CONTEXT_SET(client, imap_lemonade_imap_module, lclient);

	luser->device_written = client_device_written;
	luser->device_written_context = client;
	/* before imap-hibernate lets go of a session that wakes up, so that it
	   is never missed: whether it is of use is seen later */
	if (client->user->session_restored)
		client_begin(lclient);
}

void imap_lemonade_client_claim(struct client *client, const char *device)
{
	struct imap_lemonade_client *lclient = IMAP_LEMONADE_CONTEXT(client);
	ARRAY_TYPE(const_string) names;

	if (lclient == NULL || !lclient->ready)
		return;
	T_BEGIN {
		user_devices(client, &names);
		if (array_lsearch(&names, &device, i_strcmp_p) != NULL) {
			client_begin(lclient);
			imap_lemonade_presence_add(lclient->presence, device);
		}
	} T_END;
}
