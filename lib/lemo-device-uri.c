#include "lemo-device-uri.h"
#include "lemo-mailto.h"
#include "lemo-sip.h"
#include "lemo-sms.h"
#include "lemo-xmpp.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define EMN_MUST_BE "must be emn:+ and an international number"
#define MAILTO_MUST_BE "must be mailto:user@host"
#define SIP_MUST_BE "must be sip:user@host or sips:user@host"
#define SMS_MUST_BE "must be tel: or sms: and then + and an international " \
	"number"
#define XMPP_MUST_BE "must be xmpp:user@host"

static int check_mailto(const char *uri, const char **error_r)
{
	struct lemo_mailto_address address;

	return lemo_mailto_parse(uri, &address, error_r);
}

static int check_sip(const char *uri, const char **error_r)
{
	struct lemo_sip_uri parts;

	return lemo_sip_uri_parse(uri, &parts, error_r);
}

static int check_number(const char *uri, const char **error_r)
{
	struct lemo_sms_number number;

	return lemo_sms_parse_url(uri, &number, error_r);
}

static int check_xmpp(const char *uri, const char **error_r)
{
	struct lemo_xmpp_uri parts;

	if (lemo_xmpp_uri_parse(uri, &parts, error_r) < 0)
		return -1;
	*error_r = XMPP_MUST_BE;
	return parts.query == NULL ? 0 : -1;
}

static const struct lemo_device_uri uris[] = {
	{ "emn", "emn", EMN_MUST_BE, check_number },
	{ "mailto", "mailto", MAILTO_MUST_BE, check_mailto },
	{ "sip", "sip", SIP_MUST_BE, check_sip },
	{ "sips", "sip", SIP_MUST_BE, check_sip },
	{ "sms", "sms", SMS_MUST_BE, check_number },
	{ "tel", "sms", SMS_MUST_BE, check_number },
	{ "xmpp", "xmpp", XMPP_MUST_BE, check_xmpp }
};
#define URIS_COUNT (sizeof(uris) / sizeof(uris[0]))

const struct lemo_device_uri *lemo_device_uri_find(const char *uri)
{
	size_t i, len = strcspn(uri, ":");

	for (i = 0; i < URIS_COUNT && uri[len] == ':'; i++) {
		if (strlen(uris[i].scheme) == len &&
		    strncasecmp(uris[i].scheme, uri, len) == 0)
			return &uris[i];
	}
	return NULL;
}

const struct lemo_device_uri *lemo_device_uri_of_channel(const char *channel)
{
	size_t i;

	for (i = 0; i < URIS_COUNT; i++) {
		if (strcmp(uris[i].channel, channel) == 0)
			return &uris[i];
	}
	return NULL;
}
