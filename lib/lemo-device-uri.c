#include "lemo-device-uri.h"
#include "lemo-sip.h"
#include "lemo-xmpp.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define SIP_MUST_BE "must be sip:user@host or sips:user@host"
#define XMPP_MUST_BE "must be xmpp:user@host"

static int check_sip(const char *uri, const char **error_r)
{
	struct lemo_sip_uri parts;

	return lemo_sip_uri_parse(uri, &parts, error_r);
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
	{ "sip", "sip", SIP_MUST_BE, check_sip },
	{ "sips", "sip", SIP_MUST_BE, check_sip },
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
