#include "lemo-xmpp.h"
#include "lemo-fence.h"
#include "lemo-host.h"
#include "lemo-utf8.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define SCHEME "xmpp:"
#define SCHEME_LEN (sizeof(SCHEME) - 1)
/* What of RFC 5122's nodeid and resid means nothing in XML, and more than
   nothing in no other place. */
#define LOCAL_CHARS LEMO_ALNUM "-_.+~*"
/* RFC 3986 3.4, without "%" */
#define QUERY_CHARS LEMO_ALNUM "-._~!$&'()*+,;=:@/?"
/* For domains in lemonade_allow_hosts: what servers talk to each other on */
#define SERVER_PORT 5269

static bool local_is_valid(const char *str, size_t len)
{
	return len > 0 && strspn(str, LOCAL_CHARS) == len;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool query_is_valid(const char *str)
{
	for (;;) {
		str += strspn(str, QUERY_CHARS);
		if (*str == '\0')
			return true;
		if (*str != '%' || hex_value(str[1]) < 0 ||
		    hex_value(str[2]) < 0)
			return false;
		str += 3;
	}
}

/* "/phone" up to the query */
static bool resource_is_valid(const char *str, size_t len)
{
	return len == 0 || (*str == '/' &&
			    strspn(str + 1, LOCAL_CHARS) == len - 1 && len > 1);
}

static bool parse_address(struct lemo_xmpp_uri *uri)
{
	size_t len = strcspn(uri->jid, "@");

	if (uri->jid[len] != '@' || len >= uri->jid_len ||
	    !local_is_valid(uri->jid, len))
		return false;
	uri->domain = uri->jid + len + 1;
	uri->domain_len = strspn(uri->domain, LEMO_HOST_CHARS);
	uri->bare_len = len + 1 + uri->domain_len;
	return lemo_host_is_valid(uri->domain, uri->domain_len) &&
		resource_is_valid(uri->jid + uri->bare_len,
				  uri->jid_len - uri->bare_len);
}

int lemo_xmpp_uri_parse(const char *str, struct lemo_xmpp_uri *uri_r,
			const char **error_r)
{
	memset(uri_r, 0, sizeof(*uri_r));
	*error_r = "must be xmpp:user@host";
	if (strncasecmp(str, SCHEME, SCHEME_LEN) != 0)
		return -1;
	uri_r->jid = str + SCHEME_LEN;
	uri_r->jid_len = strcspn(uri_r->jid, "?");
	if (uri_r->jid_len > LEMO_XMPP_JID_MAX) {
		*error_r = "has an XMPP address longer than 200 octets";
		return -1;
	}
	if (strlen(str) > LEMO_XMPP_URI_MAX) {
		*error_r = "is an XMPP URI longer than 1000 octets";
		return -1;
	}
	if (!parse_address(uri_r))
		return -1;
	if (uri_r->jid[uri_r->jid_len] == '\0')
		return 0;
	uri_r->query = uri_r->jid + uri_r->jid_len + 1;
	*error_r = "has a query with characters that are to be escaped";
	return query_is_valid(uri_r->query) ? 0 : -1;
}

/* The pair's value if it has that key, NULL if not. */
static const char *pair_value(const char *pair, size_t len, const char *key)
{
	size_t key_len = strlen(key);

	return len > key_len && pair[key_len] == '=' &&
		memcmp(pair, key, key_len) == 0 ? pair + key_len + 1 : NULL;
}

static void add_decoded(struct lemo_buf *buf, const char *str,
			const char *end)
{
	for (; str < end; str++) {
		if (*str != '%')
			lemo_buf_addc(buf, *str);
		else {
			lemo_buf_addc(buf, hex_value(str[1]) << 4 |
				      hex_value(str[2]));
			str += 2;
		}
	}
}

static bool get_value(const char *str, const char *end, struct lemo_buf *value)
{
	struct lemo_buf decoded;
	bool ok;

	lemo_buf_init(&decoded, LEMO_XMPP_URI_MAX);
	add_decoded(&decoded, str, end);
	ok = !decoded.failed &&
		(decoded.len == 0 ||
		 lemo_utf8_is_valid(decoded.data, decoded.len));
	if (ok && decoded.len > 0)
		lemo_buf_add(value, decoded.data, decoded.len);
	lemo_buf_free(&decoded);
	return ok;
}

bool lemo_xmpp_uri_get(const struct lemo_xmpp_uri *uri, const char *key,
		       struct lemo_buf *value)
{
	const char *pair = uri->query, *found;
	size_t len;

	if (pair == NULL)
		return false;
	/* the first is what to do: to send a message */
	pair += strcspn(pair, ";");
	while (*pair == ';') {
		len = strcspn(++pair, ";");
		found = pair_value(pair, len, key);
		if (found != NULL)
			return get_value(found, pair + len, value);
		pair += len;
	}
	return false;
}

const char *lemo_xmpp_domain(const char *jid)
{
	const char *at = strchr(jid, '@');

	return at == NULL ? jid : at + 1;
}

bool lemo_xmpp_is_address(const char *jid)
{
	const char *domain = lemo_xmpp_domain(jid);
	size_t len = strlen(domain);

	return (domain == jid || local_is_valid(jid, domain - 1 - jid)) &&
		strlen(jid) <= LEMO_XMPP_JID_MAX &&
		strspn(domain, LEMO_HOST_CHARS) == len &&
		lemo_host_is_valid(domain, len);
}

static bool is_own(const struct lemo_xmpp_uri *uri, const char *from)
{
	const char *dot = strchr(lemo_xmpp_domain(from), '.');

	return dot != NULL && strlen(dot + 1) == uri->domain_len &&
		strncasecmp(dot + 1, uri->domain, uri->domain_len) == 0;
}

static bool is_listed(const struct lemo_xmpp_uri *uri, const char *allow_hosts)
{
	char host[LEMO_DOMAIN_MAX + 1];

	memcpy(host, uri->domain, uri->domain_len);
	host[uri->domain_len] = '\0';
	return lemo_fence_listed(allow_hosts, host, SERVER_PORT, NULL, 0);
}

const char *lemo_xmpp_refusal(const char *uri, const char *from,
			      const char *allow_hosts)
{
	struct lemo_xmpp_uri to;
	const char *error;

	if (lemo_xmpp_uri_parse(uri, &to, &error) < 0)
		return error;
	return is_own(&to, from) || is_listed(&to, allow_hosts) ? NULL :
		"has an XMPP domain that is not allowed here";
}

enum lemo_answer lemo_xmpp_answer_of_error(const char *type,
					   unsigned int tries)
{
	return strcmp(type, "wait") == 0 && tries + 1 < LEMO_XMPP_TRIES_MAX ?
		LEMO_ANSWER_RETRY : LEMO_ANSWER_PERMANENT;
}
