#include "lib.h"
#include "lemo-device-uri.h"
#include "lemo-mailto.h"
#include "lemo-payload.h"
#include "lemo-sip.h"
#include "lemo-sms.h"
#include "lemo-xmpp.h"
#include "lemonade-channels.h"
#include "lemonade-settings.h"

struct channel_rules {
	const char *name;
	/* The setting (a string) without which it is not served, and where
	   that is; NULL: it always is. */
	const char *needs;
	size_t needs_offset;
	/* one that will do instead */
	const char *or_needs;
	size_t or_offset;
	/* The setting (a number) that is its ceiling; 0: it is fixed. */
	size_t ceiling_offset;
	enum lemo_payload ceiling;
	/* NULL: its devices have no URI. */
	const char *(*uri_refusal)(const struct lemonade_settings *set,
				   const char *uri);
};

static const char *mailto_refusal(const struct lemonade_settings *set,
				  const char *uri)
{
	return lemo_mailto_refusal(uri, set->lemonade_mailto_from,
				   set->lemonade_allow_hosts);
}

static const char *sip_refusal(const struct lemonade_settings *set,
			       const char *uri)
{
	return lemo_sip_refusal(uri, set->lemonade_sip_from,
				set->lemonade_allow_hosts);
}

static const char *sms_refusal(const struct lemonade_settings *set,
			       const char *uri)
{
	return lemo_sms_refusal(uri, set->lemonade_sms_allow);
}

static const char *xmpp_refusal(const struct lemonade_settings *set,
				const char *uri)
{
	return lemo_xmpp_refusal(uri, set->lemonade_xmpp_from,
				 set->lemonade_allow_hosts);
}

#define OFFSET(setting) offsetof(struct lemonade_settings, setting)
#define NEEDS(setting) .needs = #setting, .needs_offset = OFFSET(setting)

#define OR_NEEDS(setting) .or_needs = #setting, .or_offset = OFFSET(setting)

static const struct channel_rules channels[] = {
	{ .name = "emn", NEEDS(lemonade_emn_ppg_url),
	  OR_NEEDS(lemonade_sms_url),
	  .ceiling = LEMO_SMS_PAYLOAD_MAX, .uri_refusal = sms_refusal },
	/* it stays in the house, as log and null do */
	{ .name = "exec", NEEDS(lemonade_exec_program),
	  .ceiling = LEMO_PAYLOAD_SNIPPET },
	{ .name = "log", .ceiling = LEMO_PAYLOAD_SNIPPET },
	{ .name = "mailto", NEEDS(lemonade_mailto_url),
	  .ceiling = LEMO_MAILTO_PAYLOAD_MAX, .uri_refusal = mailto_refusal },
	{ .name = "null", .ceiling = LEMO_PAYLOAD_SNIPPET },
	{ .name = "sip", NEEDS(lemonade_sip_url),
	  .ceiling = LEMO_SIP_PAYLOAD_MAX, .uri_refusal = sip_refusal },
	{ .name = "sms", NEEDS(lemonade_sms_url),
	  .ceiling = LEMO_SMS_PAYLOAD_MAX, .uri_refusal = sms_refusal },
	{ .name = "token", NEEDS(lemonade_token_url),
	  .ceiling = LEMO_PAYLOAD_STATE },
	{ .name = "webhook",
	  .ceiling_offset = OFFSET(lemonade_webhook_payload) },
	/* RFC 8292 2.1: the push service wants to know whom to ask */
	{ .name = "webpush", NEEDS(lemonade_contact),
	  .ceiling_offset = OFFSET(lemonade_webpush_payload) },
	{ .name = "xmpp", NEEDS(lemonade_xmpp_server),
	  .ceiling = LEMO_XMPP_PAYLOAD_MAX, .uri_refusal = xmpp_refusal }
};

static const struct channel_rules *rules_of(const char *channel)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(channels); i++) {
		if (strcmp(channels[i].name, channel) == 0)
			return &channels[i];
	}
	return NULL;
}

static bool is_set(const struct lemonade_settings *set, size_t offset)
{
	const char *const *value = CONST_PTR_OFFSET(set, offset);

	return **value != '\0';
}

const char *lemonade_channel_refusal(const struct lemonade_settings *set,
				     const char *channel)
{
	const struct channel_rules *rules = rules_of(channel);

	if (rules == NULL)
		return "is not known here";
	if (rules->needs == NULL || is_set(set, rules->needs_offset) ||
	    (rules->or_needs != NULL && is_set(set, rules->or_offset)))
		return NULL;
	return t_strdup_printf("is not served here: the administrator has "
			       "set no %s%s%s", rules->needs,
			       rules->or_needs == NULL ? "" : " or ",
			       rules->or_needs == NULL ? "" : rules->or_needs);
}

unsigned int lemonade_channel_ceiling(const struct lemonade_settings *set,
				      const char *channel)
{
	const struct channel_rules *rules = rules_of(channel);
	const unsigned int *value;

	if (rules == NULL)
		return LEMO_PAYLOAD_WAKEUP;
	if (rules->ceiling_offset == 0)
		return rules->ceiling;
	value = CONST_PTR_OFFSET(set, rules->ceiling_offset);
	return *value;
}

const char *lemonade_uri_refusal(const struct lemonade_settings *set,
				 const char *uri)
{
	const struct lemo_device_uri *scheme = lemo_device_uri_find(uri);
	const struct channel_rules *rules = scheme == NULL ? NULL :
		rules_of(scheme->channel);

	if (rules == NULL || rules->uri_refusal == NULL)
		return "has a scheme that is not served here";
	return rules->uri_refusal(set, uri);
}
