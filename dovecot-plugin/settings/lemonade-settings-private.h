#ifndef LEMONADE_SETTINGS_PRIVATE_H
#define LEMONADE_SETTINGS_PRIVATE_H

/*
 * For lemonade-settings.c and compat/ only: the one table of settings and
 * their defaults, from which each version makes its own list.
 */

#include "lemonade-settings.h"
#include "lemonade-config.h"

#ifndef LEMONADE_STATE_DIR
#  define LEMONADE_STATE_DIR "/var/lib/dovecot/lemonade"
#endif

/* X(type, name, default). Types are those of settings-parser.h that 2.3 and
   2.4 share. TIME is in seconds, TIME_MSECS in milliseconds. lemonade(7) and
   doc/conf follow this table. */
#define LEMONADE_SETTINGS(X) \
	X(STR, lemonade_socket, "lemonade-notify") \
	X(TIME_MSECS, lemonade_handoff_timeout, 50) \
	X(STR, lemonade_events, "all") \
	X(BOOL, lemonade_simple_flag_events, TRUE) \
	X(STR, lemonade_hostname, "") \
	X(STR, lemonade_contact, "") \
	X(STR, lemonade_policy, "") \
	X(STR, lemonade_submit_host, "") \
	X(STRLIST, lemonade_filter, ARRAY_INIT) \
	X(STR, lemonade_feed_events, "") \
	X(STR, lemonade_feed_file, "") \
	X(UINT, lemonade_feed_payload, 2) \
	X(UINT, lemonade_webhook_payload, 2) \
	X(UINT, lemonade_webpush_payload, 3) \
	X(STR, lemonade_token_url, "") \
	X(STR, lemonade_mailto_url, "") \
	X(STR, lemonade_mailto_from, "") \
	X(STR, lemonade_sip_url, "") \
	X(STR, lemonade_sip_from, "") \
	X(STR, lemonade_gateway_file, "") \
	X(STR, lemonade_sms_url, "") \
	X(STR, lemonade_sms_allow, "") \
	X(UINT, lemonade_sms_daily_user, 20) \
	X(UINT, lemonade_sms_daily_total, 1000) \
	X(STR, lemonade_emn_ppg_url, "") \
	X(STR, lemonade_emn_mailbox, "mailat") \
	X(STR, lemonade_xmpp_server, "") \
	X(STR, lemonade_xmpp_from, "") \
	X(STR, lemonade_xmpp_secret_file, "") \
	X(STR, lemonade_sieve_targets, "") \
	X(STR, lemonade_state_dir, LEMONADE_STATE_DIR) \
	X(STR, lemonade_user, "lemonade") \
	X(STR, lemonade_outbox_sync, "normal") \
	X(UINT, lemonade_outbox_limit, 200000) \
	X(TIME, lemonade_trace_retention, 7 * 24 * 3600) \
	X(SIZE, lemonade_trace_size, 256 * 1024 * 1024) \
	X(TIME, lemonade_retry_deadline, 5 * 3600) \
	X(TIME_MSECS, lemonade_request_timeout, 10 * 1000) \
	X(UINT, lemonade_origin_connections, 8) \
	X(UINT, lemonade_budget_user, 600) \
	X(UINT, lemonade_budget_device, 300) \
	X(UINT, lemonade_budget_origin, 36000) \
	X(UINT, lemonade_budget_sieve, 100) \
	X(STR, lemonade_allow_hosts, "") \
	X(STR, lemonade_ca_file, "") \
	X(STR, lemonade_http_proxy, "") \
	X(STR, lemonade_exec_program, "")

extern const struct lemonade_settings lemonade_default_settings;

/* Checks a filled struct. -1: *error_r names the setting and the remedy. A
   string whose value is not known yet (see compat/lemonade-settings-24.c)
   is not judged. */
int lemonade_settings_check(const struct lemonade_settings *set,
			    const char **error_r);
/* The same for settings that need one another. The config process of 2.4
   sees a protocol { } block without what is set outside of it, so this is
   for the settings as a process uses them. */
int lemonade_settings_check_together(const struct lemonade_settings *set,
				     const char **error_r);

/* lemonade-settings-xmpp.c: the parts of both for lemonade_xmpp_*. */
int lemonade_settings_check_xmpp(const struct lemonade_settings *set,
				 const char **error_r);
int lemonade_settings_check_xmpp_together(const struct lemonade_settings *set,
					  const char **error_r);

/* compat/: false if str stands for %variables that are not expanded yet. */
bool lemonade_setting_is_known(const char *str);

#endif
