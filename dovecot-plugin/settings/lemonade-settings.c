/* Defaults and checks; how settings are read is in compat/. */

#include "lib.h"
#include "array.h"
#include "lemonade-settings-private.h"
#include "lemo-emn.h"
#include "lemo-event.h"
#include "lemo-fence.h"
#include "lemo-mailto.h"
#include "lemo-named-filter.h"
#include "lemo-notify-uri.h"
#include "lemo-payload.h"
#include "lemo-sip.h"
#include "lemo-sms.h"
#include "lemo-weburl.h"

#include <ctype.h>

#define HANDOFF_TIMEOUT_MAX_MSECS (10 * 1000)
#define REQUEST_TIMEOUT_MIN_MSECS 100
#define REQUEST_TIMEOUT_MAX_MSECS (5 * 60 * 1000)
#define RETRY_DEADLINE_MAX_SECS (28 * 24 * 3600)
#define OUTBOX_LIMIT_MIN 100
#define TRACE_RETENTION_MAX_SECS (366 * 24 * 3600)
#define TRACE_SIZE_MIN (1024 * 1024)
#define ORIGIN_CONNECTIONS_MAX 100
#define SMS_DAILY_MAX (10 * 1000 * 1000)
#define HOST_CHARS "abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

#define SETTING_DEFAULT(type, name, value) .name = value,
const struct lemonade_settings lemonade_default_settings = {
	LEMONADE_SETTINGS(SETTING_DEFAULT)
};

static int check_range(const char *name, unsigned int value,
		       unsigned int min, unsigned int max, const char *unit,
		       const char **error_r)
{
	if (value >= min && value <= max)
		return 0;
	*error_r = t_strdup_printf("%s: %u%s is out of range; "
				   "set it to between %u and %u%s",
				   name, value, unit, min, max, unit);
	return -1;
}

static int check_path(const char *name, const char *value, const char *what,
		      const char **error_r)
{
	if (!lemonade_setting_is_known(value) || *value == '/')
		return 0;
	*error_r = t_strdup_printf("%s: '%s' is not an absolute path; "
				   "give the full path of %s",
				   name, value, what);
	return -1;
}

static int check_events(const char *name, const char *value,
			const char **error_r)
{
	lemo_event_mask_t mask;
	const char *error;
	size_t pos;

	if (!lemonade_setting_is_known(value) ||
	    lemo_event_mask_parse(value, &mask, &error, &pos) == 0)
		return 0;
	*error_r = t_strdup_printf("%s: %s at '%s'; give event names of "
		"RFC 5423 such as 'MessageNew MessageExpunge', or 'all'",
		name, error, t_strcut(value + pos, ' '));
	return -1;
}

static int check_mail_process(const struct lemonade_settings *set,
			      const char **error_r)
{
	if (*set->lemonade_socket == '\0') {
		*error_r = "lemonade_socket: is empty; remove the setting or "
			"name the notifier's socket (lemonade-notify)";
		return -1;
	}
	if (check_range("lemonade_handoff_timeout",
			set->lemonade_handoff_timeout, 1,
			HANDOFF_TIMEOUT_MAX_MSECS, " ms", error_r) < 0)
		return -1;
	return check_events("lemonade_events", set->lemonade_events, error_r);
}

/* Push services refuse contacts that only this host understands. */
static bool host_is_fqdn(const char *host)
{
	const char *dot = strrchr(host, '.');

	return dot != NULL && *host != '.' && i_isalpha(dot[1]) &&
		strcasecmp(dot + 1, "localhost") != 0 &&
		strcasecmp(dot + 1, "localdomain") != 0 &&
		host[strspn(host, HOST_CHARS)] == '\0';
}

static bool contact_is_valid(const char *contact)
{
	struct lemo_weburl url;
	const char *error, *at;

	if (strncasecmp(contact, "mailto:", 7) == 0) {
		at = strrchr(contact, '@');
		return at != NULL && at > contact + 7 && host_is_fqdn(at + 1);
	}
	return lemo_weburl_parse(contact, &url, &error) == 0 && url.https &&
		host_is_fqdn(url.host);
}

static int check_contact(const char *contact, const char **error_r)
{
	if (!lemonade_setting_is_known(contact) || *contact == '\0' ||
	    contact_is_valid(contact))
		return 0;
	*error_r = t_strdup_printf("lemonade_contact: '%s' is no contact; "
		"give a mailto: or https: URL with a full host name, not "
		"localhost or an address, e.g. "
		"mailto:postmaster@example.org", contact);
	return -1;
}

static int check_host(const char *name, const char *value, const char *chars,
		      const char **error_r)
{
	if (!lemonade_setting_is_known(value) ||
	    value[strspn(value, chars)] == '\0')
		return 0;
	*error_r = t_strdup_printf("%s: '%s' is no host name; give a name "
				   "like mail.example.org", name, value);
	return -1;
}

static int check_policy(const char *policy, const char **error_r)
{
	for (; *policy != '\0'; policy++) {
		if (iscntrl((unsigned char)*policy) && *policy != '\n') {
			*error_r = "lemonade_policy: has control characters; "
				"give plain UTF-8 text or a URL";
			return -1;
		}
	}
	return 0;
}

static int check_told(const struct lemonade_settings *set,
		      const char **error_r)
{
	if (check_host("lemonade_hostname", set->lemonade_hostname,
		       HOST_CHARS, error_r) < 0 ||
	    check_host("lemonade_submit_host", set->lemonade_submit_host,
		       HOST_CHARS":[]", error_r) < 0 ||
	    check_policy(set->lemonade_policy, error_r) < 0)
		return -1;
	return check_contact(set->lemonade_contact, error_r);
}

static int check_payload(const struct lemonade_settings *set,
			 const char **error_r)
{
	if (check_range("lemonade_feed_payload", set->lemonade_feed_payload,
			LEMO_PAYLOAD_WAKEUP, LEMO_PAYLOAD_SNIPPET, "",
			error_r) < 0)
		return -1;
	if (check_range("lemonade_webhook_payload",
			set->lemonade_webhook_payload,
			LEMO_PAYLOAD_WAKEUP, LEMO_PAYLOAD_SNIPPET, "",
			error_r) < 0)
		return -1;
	return check_range("lemonade_webpush_payload",
			   set->lemonade_webpush_payload,
			   LEMO_PAYLOAD_WAKEUP, LEMO_PAYLOAD_SNIPPET, "",
			   error_r);
}

static int check_feed(const struct lemonade_settings *set,
		      const char **error_r)
{
	if (check_events("lemonade_feed_events", set->lemonade_feed_events,
			 error_r) < 0)
		return -1;
	if (*set->lemonade_feed_file == '\0')
		return 0;
	return check_path("lemonade_feed_file", set->lemonade_feed_file,
			  "the file with the feed's URLs", error_r);
}

static int check_state(const struct lemonade_settings *set,
		       const char **error_r)
{
	const char *sync = set->lemonade_outbox_sync;

	if (check_path("lemonade_state_dir", set->lemonade_state_dir,
		       "the directory for outbox and spool", error_r) < 0)
		return -1;
	if (*set->lemonade_user == '\0') {
		*error_r = "lemonade_user: is empty; name the system user "
			"that lemonade-notify runs as";
		return -1;
	}
	if (lemonade_setting_is_known(sync) &&
	    strcmp(sync, "normal") != 0 && strcmp(sync, "full") != 0) {
		*error_r = t_strdup_printf("lemonade_outbox_sync: '%s' is "
			"unknown; set it to normal or full", sync);
		return -1;
	}
	return check_range("lemonade_outbox_limit", set->lemonade_outbox_limit,
			   OUTBOX_LIMIT_MIN, INT_MAX, "", error_r);
}

static int check_trace(const struct lemonade_settings *set,
		       const char **error_r)
{
	if (check_range("lemonade_trace_retention",
			set->lemonade_trace_retention, 0,
			TRACE_RETENTION_MAX_SECS, " s", error_r) < 0)
		return -1;
	if (set->lemonade_trace_size >= TRACE_SIZE_MIN)
		return 0;
	*error_r = "lemonade_trace_size: is less than 1 MB; give more, or set "
		"lemonade_trace_retention to 0";
	return -1;
}

static int check_sending(const struct lemonade_settings *set,
			 const char **error_r)
{
	if (check_range("lemonade_retry_deadline",
			set->lemonade_retry_deadline, 1,
			RETRY_DEADLINE_MAX_SECS, " s", error_r) < 0)
		return -1;
	if (check_range("lemonade_request_timeout",
			set->lemonade_request_timeout,
			REQUEST_TIMEOUT_MIN_MSECS, REQUEST_TIMEOUT_MAX_MSECS,
			" ms", error_r) < 0)
		return -1;
	return check_range("lemonade_origin_connections",
			   set->lemonade_origin_connections, 1,
			   ORIGIN_CONNECTIONS_MAX, "", error_r);
}

static int check_proxy(const char *proxy, const char **error_r)
{
	struct lemo_weburl url;
	const char *error;

	if (!lemonade_setting_is_known(proxy) || *proxy == '\0')
		return 0;
	if (lemo_weburl_parse(proxy, &url, &error) == 0 && !url.https)
		return 0;
	*error_r = t_strdup_printf("lemonade_http_proxy: '%s' is no proxy; "
		"give http://host:port, e.g. http://proxy.example.org:3128",
		proxy);
	return -1;
}

/* Tokens do not go over the open net. */
static int check_token_url(const struct lemonade_settings *set,
			   const char **error_r)
{
	const char *value = set->lemonade_token_url, *error;
	struct lemo_weburl url;

	if (!lemonade_setting_is_known(value) || *value == '\0')
		return 0;
	if (lemo_weburl_parse(value, &url, &error) < 0) {
		*error_r = t_strdup_printf("lemonade_token_url: '%s' %s; give "
			"the https URL of the notifier, e.g. "
			"https://notifications.example.org/notify", value,
			error);
		return -1;
	}
	if (url.https ||
	    !lemonade_setting_is_known(set->lemonade_allow_hosts) ||
	    lemo_fence_listed(set->lemonade_allow_hosts, url.host, url.port,
			      NULL, 0))
		return 0;
	*error_r = t_strdup_printf("lemonade_token_url: '%s' is not https; "
		"give an https URL, or name its host in "
		"lemonade_allow_hosts", value);
	return -1;
}

static bool host_is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 ||
		strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
		strcmp(host, "[::1]") == 0;
}

/* A gateway of the administrator's, which is told who hears of what, and may
   want a password. example: such a URL */
static int check_gateway_url(const struct lemonade_settings *set,
			     const char *name, const char *value,
			     const char *example, const char **error_r)
{
	struct lemo_weburl url;
	const char *error;

	if (!lemonade_setting_is_known(value) || *value == '\0')
		return 0;
	if (lemo_weburl_parse(value, &url, &error) < 0) {
		*error_r = t_strdup_printf("%s: '%s' %s; give the URL of the "
			"gateway, e.g. %s", name, value, error, example);
		return -1;
	}
	if (url.https || host_is_loopback(url.host) ||
	    !lemonade_setting_is_known(set->lemonade_allow_hosts) ||
	    lemo_fence_listed(set->lemonade_allow_hosts, url.host, url.port,
			      NULL, 0))
		return 0;
	*error_r = t_strdup_printf("%s: '%s' is not https; give an https URL "
		"or one of this host, or name its host in "
		"lemonade_allow_hosts", name, value);
	return -1;
}

static int check_sip(const struct lemonade_settings *set,
		     const char **error_r)
{
	const char *from = set->lemonade_sip_from, *error;
	struct lemo_sip_uri uri;

	if (lemonade_setting_is_known(from) && *from != '\0' &&
	    lemo_sip_uri_parse(from, &uri, &error) < 0) {
		*error_r = t_strdup_printf("lemonade_sip_from: '%s' %s, e.g. "
			"sip:lemonade@example.org", from, error);
		return -1;
	}
	return check_gateway_url(set, "lemonade_sip_url",
				 set->lemonade_sip_url,
				 "http://127.0.0.1:5060/RPC", error_r);
}

static int check_sms(const struct lemonade_settings *set,
		     const char **error_r)
{
	const char *allow = set->lemonade_sms_allow, *error;
	size_t pos;

	if (lemonade_setting_is_known(allow) &&
	    lemo_sms_allow_check(allow, &error, &pos) < 0) {
		*error_r = t_strdup_printf("lemonade_sms_allow: %s at '%s'; "
			"give prefixes of international numbers, e.g. "
			"+4915 +4916 +4917", error,
			t_strcut(allow + pos, ' '));
		return -1;
	}
	if (check_range("lemonade_sms_daily_user",
			set->lemonade_sms_daily_user, 1, SMS_DAILY_MAX, "",
			error_r) < 0 ||
	    check_range("lemonade_sms_daily_total",
			set->lemonade_sms_daily_total, 1, SMS_DAILY_MAX, "",
			error_r) < 0)
		return -1;
	return check_gateway_url(set, "lemonade_sms_url",
				 set->lemonade_sms_url,
				 "http://127.0.0.1:13013/cgi-bin/sendsms",
				 error_r);
}

static int check_emn(const struct lemonade_settings *set,
		     const char **error_r)
{
	const char *mailbox = set->lemonade_emn_mailbox;
	enum lemo_emn_mailbox form;

	if (lemonade_setting_is_known(mailbox) &&
	    !lemo_emn_mailbox_parse(mailbox, &form)) {
		*error_r = t_strdup_printf("lemonade_emn_mailbox: '%s' is "
			"unknown; set it to mailat, imap or device", mailbox);
		return -1;
	}
	if (*set->lemonade_gateway_file != '\0' &&
	    check_path("lemonade_gateway_file", set->lemonade_gateway_file,
		       "the file with users and passwords of gateways",
		       error_r) < 0)
		return -1;
	return check_gateway_url(set, "lemonade_emn_ppg_url",
				 set->lemonade_emn_ppg_url,
				 "http://127.0.0.1:8080/wappush", error_r);
}

static int check_mailto(const struct lemonade_settings *set,
			const char **error_r)
{
	const char *url = set->lemonade_mailto_url;
	const char *from = set->lemonade_mailto_from, *error;
	struct lemo_mailto_address address;
	struct lemo_mailto_relay relay;

	if (lemonade_setting_is_known(url) && *url != '\0' &&
	    lemo_mailto_relay_parse(url, &relay, &error) < 0) {
		*error_r = t_strdup_printf("lemonade_mailto_url: '%s' %s, "
			"e.g. smtp://127.0.0.1:25", url, error);
		return -1;
	}
	if (lemonade_setting_is_known(from) && *from != '\0' &&
	    lemo_mailto_address_parse(from, &address, &error) < 0) {
		*error_r = t_strdup_printf("lemonade_mailto_from: '%s' %s",
					   from, error);
		return -1;
	}
	return 0;
}

static int check_reach(const struct lemonade_settings *set,
		       const char **error_r)
{
	const char *hosts = set->lemonade_allow_hosts, *error;
	size_t pos;

	if (lemonade_setting_is_known(hosts) &&
	    lemo_fence_list_check(hosts, &error, &pos) < 0) {
		*error_r = t_strdup_printf("lemonade_allow_hosts: %s at '%s'; "
			"give host, host:port, [IPv6]:port or network/bits",
			error, t_strcut(hosts + pos, ' '));
		return -1;
	}
	if (*set->lemonade_ca_file != '\0' &&
	    check_path("lemonade_ca_file", set->lemonade_ca_file,
		       "a PEM file", error_r) < 0)
		return -1;
	if (*set->lemonade_exec_program != '\0' &&
	    check_path("lemonade_exec_program", set->lemonade_exec_program,
		       "a program", error_r) < 0)
		return -1;
	return check_proxy(set->lemonade_http_proxy, error_r);
}

static int check_filter(const char *name, const char *value,
			const char **error_r)
{
	const char *error;
	size_t pos;

	/* METADATA names are in lower case */
	if (!lemo_named_filter_name_is_valid(name, strlen(name)) ||
	    strcmp(name, t_str_lcase(name)) != 0) {
		*error_r = t_strdup_printf("lemonade_filter: '%s' is no name; "
			"name filters with lower case letters, digits and "
			"hyphens", name);
		return -1;
	}
	if (!lemonade_setting_is_known(value) ||
	    lemo_named_filter_check(value, strlen(value), &error, &pos) == 0)
		return 0;
	*error_r = t_strdup_printf("lemonade_filter: %s %s (at octet %zu); "
				   "give IMAP SEARCH criteria", name, error,
				   pos);
	return -1;
}

static int check_filters(const struct lemonade_settings *set,
			 const char **error_r)
{
	const char *const *filters;
	unsigned int i, count;

	if (!array_is_created(&set->lemonade_filter))
		return 0;
	filters = array_get(&set->lemonade_filter, &count);
	for (i = 0; i + 1 < count; i += 2) {
		if (check_filter(filters[i], filters[i + 1], error_r) < 0)
			return -1;
	}
	return 0;
}

static int check_sieve(const struct lemonade_settings *set,
		       const char **error_r)
{
	const char *targets = set->lemonade_sieve_targets, *error;
	size_t pos;

	if (!lemonade_setting_is_known(targets) ||
	    lemo_notify_list_check(targets, &error, &pos) == 0)
		return 0;
	*error_r = t_strdup_printf("lemonade_sieve_targets: '%s' %s; give "
		"sip:example.org, sip:user@example.org, tel:+49 or "
		"https://hooks.example.org/", t_strcut(targets + pos, ' '),
		error);
	return -1;
}

int lemonade_settings_check_together(const struct lemonade_settings *set,
				     const char **error_r)
{
	if (*set->lemonade_mailto_url != '\0' &&
	    *set->lemonade_mailto_from == '\0') {
		*error_r = "lemonade_mailto_from: is empty but "
			"lemonade_mailto_url is not; give the address that "
			"notifications come from, or empty "
			"lemonade_mailto_url";
		return -1;
	}
	if (*set->lemonade_sip_url != '\0' &&
	    *set->lemonade_sip_from == '\0') {
		*error_r = "lemonade_sip_from: is empty but lemonade_sip_url "
			"is not; give the SIP URI that messages come from, "
			"or empty lemonade_sip_url";
		return -1;
	}
	if (lemonade_settings_check_xmpp_together(set, error_r) < 0)
		return -1;
	if (*set->lemonade_feed_events == '\0' ||
	    *set->lemonade_feed_file != '\0')
		return 0;
	*error_r = "lemonade_feed_file: is empty but lemonade_feed_events "
		"is not; name the file with the feed's URLs, or empty "
		"lemonade_feed_events";
	return -1;
}

int lemonade_settings_check(const struct lemonade_settings *set,
			    const char **error_r)
{
	static int (*const checks[])(const struct lemonade_settings *set,
				     const char **error_r) = {
		check_mail_process, check_told, check_payload, check_feed,
		check_state, check_trace, check_sending, check_reach,
		check_token_url, check_mailto, check_sip, check_sms, check_emn,
		lemonade_settings_check_xmpp, check_filters, check_sieve
	};
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(checks); i++) {
		if (checks[i](set, error_r) < 0)
			return -1;
	}
	return 0;
}
