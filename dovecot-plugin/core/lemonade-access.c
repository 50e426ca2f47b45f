/* Login and Logout. They happen in no mailbox: a device hears of them if any
   of its event groups names them. */

#include "lib.h"
#include "array.h"
#include "net.h"
#include "lemonade-access.h"
#include "lemonade-compat.h"
#include "lemonade-device.h"
#include "lemonade-handoff.h"
#include "lemonade-line.h"
#include "lemonade-match.h"
#include "lemonade-text.h"
#include "lemonade-user.h"

/* Octets; a longer name is cut. */
#define DOMAIN_MAX_LEN 255

static const char *server_domain(const struct mail_user *user)
{
	const char *name = lemonade_user_local_name(user);

	if (name != NULL && *name != '\0')
		return lemonade_text_utf8(name, DOMAIN_MAX_LEN);
	if (user->conn.local_ip == NULL || user->conn.local_ip->family == 0)
		return NULL;
	return net_ip2addr(user->conn.local_ip);
}

static void access_send(struct lemonade_user *luser, struct lemo_event *event,
			const ARRAY_TYPE(lemonade_device) *devices)
{
	struct lemonade_handoff *handoff;
	struct lemonade_verdicts verdicts;

	lemonade_match_event(devices, event->type, NULL, &verdicts);
	if (!event->feed && !lemonade_match_any(&verdicts))
		return;
	event->server_domain = server_domain(luser->user);
	event->server_port = luser->user->conn.local_port;
	lemonade_line_set_devices(devices, &verdicts, event);
	lemonade_line_finish(luser, FALSE, event);
	handoff = lemonade_handoff_begin(luser);
	lemonade_handoff_add(handoff, event, TRUE);
	lemonade_handoff_end(&handoff);
}

static void access_raise(struct lemonade_user *luser,
			 enum lemo_event_type type, const char *how,
			 unsigned int duration)
{
	ARRAY_TYPE(lemonade_device) devices;
	struct lemo_event event;
	pool_t pool;

	if (luser->set == NULL ||
	    (luser->events & LEMO_EVENT_MASK(type)) == 0)
		return;
	pool = pool_alloconly_create("lemonade access", 1024);
	T_BEGIN {
		lemonade_devices_read(luser->user, NULL, pool, &devices);
		lemonade_line_init(luser, type, &event);
		event.disconnect = how;
		event.duration = duration;
		access_send(luser, &event, &devices);
		lemonade_devices_free(&devices);
	} T_END;
	pool_unref(&pool);
}

void lemonade_access_login(struct lemonade_user *luser)
{
	access_raise(luser, LEMO_EVENT_LOGIN, NULL, 0);
}

void lemonade_access_logout(struct lemonade_user *luser, const char *how,
			    unsigned int duration)
{
	access_raise(luser, LEMO_EVENT_LOGOUT, how, duration);
}
