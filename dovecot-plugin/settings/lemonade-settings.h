#ifndef LEMONADE_SETTINGS_H
#define LEMONADE_SETTINGS_H

/*
 * All settings, for every process. In 2.4 they are typed settings declared by
 * lib22_lemonade_settings.so; in 2.3 they live in plugin { } and are read by
 * name. The body of both is lemonade-settings.c; only that file and compat/
 * know the difference.
 */

#include "array-decl.h"

struct event;
struct mail_user;

struct lemonade_settings {
	pool_t pool;

	/* Mail process */
	/* Notifier's socket, relative to base_dir. */
	const char *lemonade_socket;
	/* How long a mail process waits for the acknowledgement. */
	unsigned int lemonade_handoff_timeout; /* ms */
	/* RFC 5423 types the plugin raises at all ("all"). */
	const char *lemonade_events;
	/* yes: \Seen and \Deleted come as MessageRead and MessageTrash;
	   no: as FlagsSet (RFC 5423 4.2). */
	bool lemonade_simple_flag_events;
	/* Host name in IMAP URLs; empty: this host's name. */
	const char *lemonade_hostname;

	/* Told to clients in /shared/vendor/vendor.lemonade/ and, the
	   contact, also as /shared/admin */
	const char *lemonade_contact;
	const char *lemonade_policy;
	const char *lemonade_submit_host;
	/* Filters of RFC 5466 that all users may name: name, SEARCH criteria,
	   and so on. In 2.3 each is a setting, lemonade_filter_NAME. */
	ARRAY_TYPE(const_string) lemonade_filter;

	/* The admin's feed: the types it gets ("" = no feed) and the file
	   with a line "DOMAIN URL SECRET-FILE" a domain ("*" for all
	   others), read by the notifier as root. */
	const char *lemonade_feed_events;
	const char *lemonade_feed_file;
	unsigned int lemonade_feed_payload;

	/* Payload ceilings of users' webhooks and of Web Push */
	unsigned int lemonade_webhook_payload;
	unsigned int lemonade_webpush_payload;

	/* Where device tokens (Delta Chat) are posted to; empty: they are not
	   served. */
	const char *lemonade_token_url;

	/* The mail server that takes notifications, smtp://host:port or
	   smtps://host:port, and the address that they come from; empty:
	   there is no channel mailto. */
	const char *lemonade_mailto_url;
	const char *lemonade_mailto_from;

	/* The JSON-RPC URL of the SIP proxy, and the URI that MESSAGEs come
	   from; empty: there is no channel sip. */
	const char *lemonade_sip_url;
	const char *lemonade_sip_from;

	/* File with a line "sms USER PASSWORD" or "emn USER PASSWORD" for
	   each gateway that asks for them, read by the notifier as root. */
	const char *lemonade_gateway_file;
	/* Kannel's sendsms; empty: there is no channel sms. */
	const char *lemonade_sms_url;
	/* Prefixes of the numbers that users may register, "+49 +43", see
	   lemo_sms_refusal(); empty: none. */
	const char *lemonade_sms_allow;
	/* SMS and WAP pushes in a day (UTC), for a user and all together. */
	unsigned int lemonade_sms_daily_user;
	unsigned int lemonade_sms_daily_total;
	/* The Push Proxy Gateway that gets EMNs (PAP); empty: they go as SMS
	   to lemonade_sms_url, and without that there is no channel emn. */
	const char *lemonade_emn_ppg_url;
	/* What an EMN names: see lemo_emn_mailbox_parse(). */
	const char *lemonade_emn_mailbox;

	/* host:port where the XMPP server listens for components, the XMPP
	   address that messages come from (its host is the component), and
	   the file with the component's secret, read by the notifier as root;
	   empty: there is no channel xmpp. */
	const char *lemonade_xmpp_server;
	const char *lemonade_xmpp_from;
	const char *lemonade_xmpp_secret_file;

	/* Whom Sieve scripts may notify that is no device of the user: see
	   lemo_notify_listed(). */
	const char *lemonade_sieve_targets;

	/* Notifier */
	/* Outbox, spool, key; made by the service. */
	const char *lemonade_state_dir;
	/* System user the service becomes. */
	const char *lemonade_user;
	/* normal: survives kill -9; full: survives a power cut. */
	const char *lemonade_outbox_sync;
	/* Rows kept at most for one system uid, all users of it together. */
	unsigned int lemonade_outbox_limit;
	/* How long, and in how many octets, it is known what became of an
	   event; 0 s = no trace. */
	unsigned int lemonade_trace_retention; /* seconds */
	uoff_t lemonade_trace_size;
	/* Give up on a push after this long. */
	unsigned int lemonade_retry_deadline; /* seconds */
	/* Total time for one request, DNS included. */
	unsigned int lemonade_request_timeout; /* ms */
	/* Requests open at once to one origin. */
	unsigned int lemonade_origin_connections;
	/* Pushes an hour; 0 = no limit. */
	unsigned int lemonade_budget_user;
	unsigned int lemonade_budget_device;
	unsigned int lemonade_budget_origin;
	/* Notifications a day of one user's Sieve scripts to
	   lemonade_sieve_targets; 0 = no limit. */
	unsigned int lemonade_budget_sieve;
	/* Hosts and networks of the admin's own that the SSRF fence lets
	   through, also by plain http: see lemo_fence_listed(). */
	const char *lemonade_allow_hosts;
	/* PEM file of a private CA, in addition to nothing: replaces the
	   system's for users' webhooks and feeds. Empty: the system's. */
	const char *lemonade_ca_file;
	/* http://host:port for sites without a direct way out. */
	const char *lemonade_http_proxy;
	/* Program that devices with the channel exec are told by; empty: there
	   is no such channel. */
	const char *lemonade_exec_program;
};

/* Reads the settings of a mail user (mail processes, and doveadm's commands
   for a user) and checks them: a mistake gives -1, *error_r names the setting
   and the remedy and *set_r is untouched. The result lives until
   lemonade_settings_free(). */
int lemonade_settings_get_user(struct mail_user *user,
			       const struct lemonade_settings **set_r,
			       const char **error_r);
/* The same for the notifier. It reads the configuration itself, i.e. it
   stands where other services call master_service_settings_read_simple():
   after master_getopt(), before master_service_init_log().
   event: NULL, or a child of the master service's event (2.4 only). */
int lemonade_settings_get_service(struct event *event,
				  const struct lemonade_settings **set_r,
				  const char **error_r);
void lemonade_settings_free(const struct lemonade_settings **set);

#endif
