/* The service: starts as root, makes its directories, reads the feeds'
   secrets, drops to lemonade_user and serves. */

#include "lib.h"
#include "ioloop.h"
#include "ipwd.h"
#include "master-service.h"
#include "restrict-access.h"
#include "account.h"
#include "admin.h"
#include "channel-exec.h"
#include "channel-mailto.h"
#include "channel-xmpp.h"
#include "clock-watch.h"
#include "anvil.h"
#include "feeds.h"
#include "gateway-login.h"
#include "held.h"
#include "http-sender.h"
#include "ingest.h"
#include "lemo-webpush.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-client.h"
#include "notify-clock.h"
#include "outbox.h"
#include "quiet.h"
#include "presence.h"
#include "rang.h"
#include "scheduler.h"
#include "sms-cap.h"
#include "spool-drain.h"
#include "state-dir.h"
#include "trace.h"
#include "user.h"
#include "vapid.h"

#include <unistd.h>

#define ANVIL_SOCKET "anvil"
#define DNS_CLIENT_SOCKET "dns-client"
#define ADMIN_LISTENER_SUFFIX "-admin"

/* Of the connections that there may be, so many percent are for sessions that
   only say that they are there; the others are for events. */
#define PRESENCE_PERCENT 75

static struct notifier notifier;
static struct anvil *anvil;
static struct event_category event_category_lemonade = { .name = "lemonade" };

static void client_connected(struct master_service_connection *conn)
{
	size_t len = strlen(conn->name);
	size_t suffix_len = strlen(ADMIN_LISTENER_SUFFIX);

	master_service_client_connection_accept(conn);
	if (len >= suffix_len && strcmp(conn->name + len - suffix_len,
					ADMIN_LISTENER_SUFFIX) == 0)
		admin_client_create(notifier.admins, conn->fd);
	else
		notify_client_create(notifier.clients, conn->fd);
}

/* The outbox may hold work for hours while nobody is connected. */
static bool idle_die(void)
{
	return FALSE;
}

static void find_user(const char *name, uid_t *uid_r, gid_t *gid_r)
{
	struct passwd pw;

	switch (i_getpwnam(name, &pw)) {
	case -1:
		i_fatal("lemonade_user: getpwnam(%s) failed: %m", name);
	case 0:
		i_fatal("lemonade_user: there is no system user '%s'; make it, "
			"e.g. adduser --system --group --no-create-home %s",
			name, name);
	default:
		*uid_r = pw.pw_uid;
		*gid_r = pw.pw_gid;
	}
	if (*uid_r == 0)
		i_fatal("lemonade_user: must not be root");
}

static void drop_privileges(const char *name, uid_t uid, gid_t gid)
{
	struct restrict_access_settings rset;

	restrict_access_init(&rset);
	rset.uid = uid;
	rset.gid = gid;
	rset.system_groups_user = name;
	rset.uid_source = rset.gid_source = "lemonade_user";
	restrict_access(&rset, 0, NULL);
	restrict_access_allow_coredumps(TRUE);
}

static void read_secret_files(const struct lemonade_settings *set)
{
	notifier.feeds = feeds_init(notifier.event, set->lemonade_feed_file);
	gateway_logins_init(notifier.event, set->lemonade_gateway_file);
	channel_xmpp_read_secret(set);
}

/* What only root can do. Trouble with the directories is not fatal: the
   admin is to see it in `doveadm lemonade status', and mail goes on. */
static void start_as_root(const struct lemonade_settings *set)
{
	const char *error;
	uid_t uid;
	gid_t gid;

	find_user(set->lemonade_user, &uid, &gid);
	if (state_dir_prepare(set->lemonade_state_dir, uid, gid, &error) < 0)
		i_error("lemonade_state_dir: %s", error);
	read_secret_files(set);
	drop_privileges(set->lemonade_user, uid, gid);
}

/* Without root (tests, standalone) the directories are the caller's own. */
static void start_as_user(const struct lemonade_settings *set)
{
	const char *error;

	if (state_dir_prepare(set->lemonade_state_dir, geteuid(), getegid(),
			      &error) < 0)
		i_error("lemonade_state_dir: %s", error);
	read_secret_files(set);
}

static void read_secret(const char *dir)
{
	const char *error;

	if (state_dir_lock(dir, &error) < 0 ||
	    state_dir_secret(dir, &notifier.secret, &error) < 0)
		i_fatal("lemonade_state_dir: %s", error);
}

static int outbox_opened(void *context ATTR_UNUSED)
{
	return ingest_load(notifier.ingest);
}

static void connections_init(unsigned int client_limit)
{
	unsigned int presences = client_limit * PRESENCE_PERCENT / 100;

	notifier.presence = presence_init(&notifier, anvil, presences);
	notifier.clients = notify_clients_init(&notifier,
					       client_limit - presences);
	notifier.admins = admin_clients_init(&notifier);
}

static void notifier_init(const struct lemonade_settings *set)
{
	const char *error;
	size_t pos;

	if (lemo_event_mask_parse(set->lemonade_feed_events,
				  &notifier.feed_events, &error, &pos) < 0)
		i_fatal("lemonade_feed_events: %s", error);
	notify_clock_init(0);
	notifier.clock_watch = clock_watch_init();
	notifier.set = set;
	notifier.started = ioloop_time;
	notifier.vapid = vapid_init(notifier.event, set->lemonade_state_dir,
				    set->lemonade_contact);
	notifier.outbox = outbox_init(notifier.event, set->lemonade_state_dir,
		strcmp(set->lemonade_outbox_sync, "full") == 0);
	notifier.accounts = accounts_init(&notifier);
	notifier.trace = trace_init(&notifier);
	notifier.rang = rang_init(&notifier);
	notifier.users = users_init(&notifier);
	notifier.http = http_sender_init(notifier.event, set,
					 DNS_CLIENT_SOCKET);
	feeds_start(notifier.feeds, &notifier, DNS_CLIENT_SOCKET);
	notifier.webpush = lemo_webpush_init();
	channel_exec_init(set);
	channel_mailto_init(notifier.event, set, DNS_CLIENT_SOCKET);
	channel_xmpp_init(notifier.event, set, DNS_CLIENT_SOCKET);
	notifier.sms_cap = sms_cap_init(&notifier);
	notifier.scheduler = scheduler_init(&notifier);
	notifier.quiet = quiet_init(&notifier);
	notifier.held = held_init(&notifier);
	connections_init(master_service_get_client_limit(master_service));
	notifier.ingest = ingest_init(&notifier);
	outbox_set_opened_callback(notifier.outbox, outbox_opened, NULL);
	(void)outbox_is_usable(notifier.outbox);
	notifier.spool = spool_init(&notifier, t_strconcat(
		set->lemonade_state_dir, "/"STATE_SPOOL_NAME, NULL));
}

/* What arrived is written and acknowledged; what is in flight is cut and will
   be made again, under the same id. */
static void notifier_deinit(void)
{
	ingest_flush(notifier.ingest);
	scheduler_stop(notifier.scheduler);
	channel_exec_deinit();
	feeds_stop(notifier.feeds);
	channel_mailto_deinit();
	channel_xmpp_deinit();
	http_sender_deinit(&notifier.http);
	admin_clients_deinit(&notifier.admins);
	notify_clients_deinit(&notifier.clients);
	spool_deinit(&notifier.spool);
	ingest_deinit(&notifier.ingest);
	held_deinit(&notifier.held);
	quiet_deinit(&notifier.quiet);
	presence_deinit(&notifier.presence);
	scheduler_deinit(&notifier.scheduler);
	sms_cap_deinit(&notifier.sms_cap);
	users_deinit(&notifier.users);
	lemo_webpush_deinit(&notifier.webpush);
	rang_deinit(&notifier.rang);
	trace_deinit(&notifier.trace);
	accounts_deinit(&notifier.accounts);
	outbox_deinit(&notifier.outbox);
	vapid_deinit(&notifier.vapid);
	feeds_deinit(&notifier.feeds);
	gateway_logins_deinit();
	clock_watch_deinit(&notifier.clock_watch);
	lemo_keyring_clear(&notifier.secret);
}

int main(int argc, char *argv[])
{
	const struct lemonade_settings *set;
	const char *error;

	master_service = master_service_init("lemonade-notify", 0,
					     &argc, &argv, "");
	if (master_getopt(master_service) > 0)
		return FATAL_DEFAULT;
	if (lemonade_settings_get_service(NULL, &set, &error) < 0)
		i_fatal("%s", error);
	master_service_init_log(master_service);
	notifier.event = event_create(NULL);
	event_add_category(notifier.event, &event_category_lemonade);

	anvil = anvil_init(notifier.event, ANVIL_SOCKET);
	if (geteuid() == 0)
		start_as_root(set);
	else
		start_as_user(set);
	read_secret(set->lemonade_state_dir);
	master_service_set_idle_die_callback(master_service, idle_die);
	notifier_init(set);
	master_service_init_finish(master_service);
	master_service_run(master_service, client_connected);

	notifier_deinit();
	event_unref(&notifier.event);
	lemonade_settings_free(&set);
	master_service_deinit(&master_service);
	return 0;
}
