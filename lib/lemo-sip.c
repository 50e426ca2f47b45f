#include "lemo-sip.h"
#include "lemo-fence.h"
#include "lemo-host.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

/* What of RFC 3261's user and mark means nothing anywhere else. */
#define USER_CHARS LEMO_ALNUM "-_.+~*"

static size_t scheme_len(const char *str)
{
	if (strncasecmp(str, "sip:", 4) == 0)
		return 4;
	return strncasecmp(str, "sips:", 5) == 0 ? 5 : 0;
}

/* ":5060" up to the end, or nothing */
static bool parse_port(const char *str, unsigned int *port_r)
{
	unsigned int i;

	*port_r = 0;
	if (*str == '\0')
		return true;
	if (*str++ != ':' || *str == '0')
		return false;
	for (i = 0; i < 5 && str[i] >= '0' && str[i] <= '9'; i++)
		*port_r = *port_r * 10 + (str[i] - '0');
	return i > 0 && str[i] == '\0' && *port_r <= 65535;
}

int lemo_sip_uri_parse(const char *str, struct lemo_sip_uri *uri_r,
		       const char **error_r)
{
	size_t len = scheme_len(str);

	memset(uri_r, 0, sizeof(*uri_r));
	*error_r = "must be sip:user@host or sips:user@host";
	if (len == 0)
		return -1;
	if (strlen(str) > LEMO_SIP_URI_MAX) {
		*error_r = "is a SIP URI longer than 200 octets";
		return -1;
	}
	uri_r->sips = len == 5;
	uri_r->user = str + len;
	uri_r->user_len = strspn(uri_r->user, USER_CHARS);
	if (uri_r->user_len == 0 || uri_r->user[uri_r->user_len] != '@')
		return -1;
	uri_r->host = uri_r->user + uri_r->user_len + 1;
	uri_r->host_len = strspn(uri_r->host, LEMO_HOST_CHARS);
	return lemo_host_is_valid(uri_r->host, uri_r->host_len) &&
		parse_port(uri_r->host + uri_r->host_len, &uri_r->port) ?
		0 : -1;
}

static bool is_listed(const struct lemo_sip_uri *uri, const char *allow_hosts)
{
	char host[LEMO_DOMAIN_MAX + 1];
	size_t i;

	for (i = 0; i < uri->host_len; i++) {
		char c = uri->host[i];

		host[i] = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
	}
	host[i] = '\0';
	return lemo_fence_listed(allow_hosts, host,
				 uri->port != 0 ? uri->port :
				 uri->sips ? 5061 : 5060, NULL, 0);
}

const char *lemo_sip_refusal(const char *uri, const char *from,
			     const char *allow_hosts)
{
	struct lemo_sip_uri to, own;
	const char *error;

	if (lemo_sip_uri_parse(uri, &to, &error) < 0)
		return error;
	if (lemo_sip_uri_parse(from, &own, &error) == 0 &&
	    to.port == own.port && to.host_len == own.host_len &&
	    strncasecmp(to.host, own.host, to.host_len) == 0)
		return NULL;
	return is_listed(&to, allow_hosts) ? NULL :
		"has a SIP domain that is not allowed here";
}

enum lemo_answer lemo_sip_answer_of_status(unsigned int status)
{
	switch (status) {
	case 401: /* Unauthorized */
	case 407: /* Proxy Authentication Required */
	case 408: /* Request Timeout */
	case 480: /* Temporarily Unavailable */
	case 486: /* Busy Here */
	case 491: /* Request Pending */
	case 600: /* Busy Everywhere */
		return LEMO_ANSWER_RETRY;
	case 501: /* Not Implemented */
	case 505: /* Version Not Supported */
	case 513: /* Message Too Large */
		return LEMO_ANSWER_PERMANENT;
	default:
		break;
	}
	if (status < 200 || (status >= 500 && status < 600))
		return LEMO_ANSWER_RETRY;
	return status < 300 ? LEMO_ANSWER_DONE : LEMO_ANSWER_PERMANENT;
}
