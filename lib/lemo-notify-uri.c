#include "lemo-notify-uri.h"
#include "lemo-device-uri.h"
#include "lemo-utf8.h"
#include "lemo-weburl.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define VISUAL_SEPARATORS "-.()"

/* What is known while a URI is parsed. */
struct parser {
	struct lemo_notify_uri *uri;
	/* of LEMO_NOTIFY_URI_MAX + 1 octets, for each value */
	char *value;
	const char *error;
};

typedef bool parse_func_t(struct parser *p, const char *uri);

static bool fail(struct parser *p, const char *error)
{
	p->error = error;
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Into p->value. */
static bool decode(struct parser *p, const char *str, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (str[i] != '%') {
			p->value[n++] = str[i];
			continue;
		}
		if (len - i < 3 || hex_digit(str[i + 1]) < 0 ||
		    hex_digit(str[i + 2]) < 0)
			return fail(p, "has a % without two hex digits");
		p->value[n++] = hex_digit(str[i + 1]) << 4 |
			hex_digit(str[i + 2]);
		i += 2;
	}
	if (!lemo_utf8_is_valid(p->value, n))
		return fail(p, "has escapes that are not UTF-8 text");
	p->value[n] = '\0';
	return true;
}

/* True if the key of str is this one. */
static bool is_key(const char *str, size_t len, const char *key,
		   const char **value_r, size_t *value_len_r)
{
	size_t key_len = strlen(key);

	if (len <= key_len || str[key_len] != '=' ||
	    strncasecmp(str, key, key_len) != 0)
		return false;
	*value_r = str + key_len + 1;
	*value_len_r = len - key_len - 1;
	return true;
}

static bool parse_text(struct parser *p, const char *str, size_t len)
{
	const char *value;
	size_t value_len;
	bool body = is_key(str, len, "body", &value, &value_len);

	if (!body && !is_key(str, len, "subject", &value, &value_len))
		return true;
	if (!decode(p, value, value_len))
		return false;
	if (body) {
		lemo_notify_clean(p->value, strlen(p->value),
				  LEMO_NOTIFY_TEXT_MAX, p->uri->body);
	} else {
		lemo_notify_clean(p->value, strlen(p->value),
				  LEMO_NOTIFY_SUBJECT_MAX, p->uri->subject);
	}
	return true;
}

/* "body=...&subject=...", keys in any order; unknown ones are ignored */
static bool parse_query(struct parser *p, const char *query, char separator)
{
	const char separators[] = { separator, '\0' };
	size_t len;

	for (;; query += len + 1) {
		len = strcspn(query, separators);
		if (!parse_text(p, query, len))
			return false;
		if (query[len] == '\0')
			return true;
	}
}

/* len octets of uri become the URL. */
static bool set_url(struct parser *p, const char *uri, size_t len)
{
	char url[LEMO_DEVICE_URL_MAX + 1];
	const struct lemo_device_uri *scheme;

	if (len > LEMO_DEVICE_URL_MAX)
		return fail(p, "is longer than 1000 octets");
	memcpy(url, uri, len);
	url[len] = '\0';
	scheme = lemo_device_uri_find(url);
	if (scheme == NULL)
		return fail(p, "has a scheme that is not served here");
	if (scheme->check(url, &p->error) < 0)
		return false;
	return lemo_notify_normalize(url, p->uri->url) ||
		fail(p, "is longer than 1000 octets");
}

static bool has_method_message(const char *params, size_t len)
{
	static const char wanted[] = "method=MESSAGE";
	size_t one;

	/* begins with a ";" or is empty */
	while (len > 0) {
		params++;
		len--;
		one = strcspn(params, ";?");
		if (one == strlen(wanted) &&
		    strncasecmp(params, wanted, one) == 0)
			return true;
		params += one;
		len -= one;
	}
	return false;
}

static bool parse_sip(struct parser *p, const char *uri)
{
	size_t end = strcspn(uri, "?"), addr = strcspn(uri, ";?");

	if (!has_method_message(uri + addr, end - addr)) {
		return fail(p, "must have the parameter ;method=MESSAGE "
			    "(RFC 6468)");
	}
	return set_url(p, uri, addr) &&
		(uri[end] == '\0' || parse_query(p, uri + end + 1, '&'));
}

static bool parse_xmpp(struct parser *p, const char *uri)
{
	static const char message[] = "message;";
	size_t len = strcspn(uri, "?#");
	const char *path = strchr(uri, ':') + 1, *query = uri + len + 1;

	if (strncmp(path, "//", 2) == 0 || strchr(uri, '#') != NULL)
		return fail(p, "must have no authority (//) and no fragment");
	if (!set_url(p, uri, len))
		return false;
	if (uri[len] == '\0' ||
	    strncasecmp(query, message, strlen(message)) != 0)
		return true;
	return parse_query(p, query + strlen(message), ';');
}

/* Parameters of RFC 3966 that make it another number. */
static bool params_are_harmless(const char *params, const char *end)
{
	const char *value;
	size_t len, value_len;

	while (params < end) {
		params++;
		len = strcspn(params, ";?");
		if (is_key(params, len, "ext", &value, &value_len) ||
		    is_key(params, len, "isub", &value, &value_len) ||
		    is_key(params, len, "phone-context", &value, &value_len))
			return false;
		params += len;
	}
	return true;
}

static bool parse_number(struct parser *p, const char *uri)
{
	size_t end = strcspn(uri, "?"), addr = strcspn(uri, ";?"), i, n = 0;
	char *url = p->value;

	for (i = 0; i < addr; i++) {
		if (strchr(VISUAL_SEPARATORS, uri[i]) == NULL)
			url[n++] = uri[i];
	}
	url[n] = '\0';
	if (memchr(uri, ',', addr) != NULL)
		return fail(p, "must have one number");
	if (!params_are_harmless(uri + addr, uri + end)) {
		return fail(p, "must be a global number without an extension "
			    "or subaddress");
	}
	if (!set_url(p, url, n))
		return false;
	return uri[end] == '\0' || strncasecmp(uri, "sms:", 4) != 0 ||
		parse_query(p, uri + end + 1, '&');
}

/* Who looks the path up may go up by these: "." and "..", escaped or not. */
static bool is_dot_segment(const char *str, size_t len)
{
	size_t i = 0, dots = 0;

	while (i < len) {
		if (str[i] == '.')
			i++;
		else if (len - i >= 3 && strncasecmp(str + i, "%2e", 3) == 0)
			i += 3;
		else
			return false;
		dots++;
	}
	return dots == 1 || dots == 2;
}

/* Some take an escaped slash for one. */
static size_t segment_len(const char *str)
{
	size_t len = strcspn(str, "/?"), i;

	for (i = 0; i + 3 <= len; i++) {
		if (strncasecmp(str + i, "%2f", 3) == 0 ||
		    strncasecmp(str + i, "%5c", 3) == 0)
			return i;
	}
	return len;
}

static bool has_dot_segment(const char *url)
{
	size_t len;

	for (url = strchr(url + strlen("https://"), '/');
	     url != NULL && (*url == '/' || *url == '%'); url += len) {
		url += *url == '%' ? 3 : 1;
		len = segment_len(url);
		if (is_dot_segment(url, len))
			return true;
	}
	return false;
}

static bool parse_https(struct parser *p, const char *uri)
{
	struct lemo_weburl url;

	if (lemo_weburl_parse(uri, &url, &p->error) < 0)
		return false;
	if (strpbrk(uri, "\"\\<>^`{|}") != NULL)
		return fail(p, "has characters that need %-escapes");
	if (has_dot_segment(uri))
		return fail(p, "must have no . or .. in its path");
	return lemo_notify_normalize(uri, p->uri->url) ||
		fail(p, "is longer than 1000 octets");
}

const char *const lemo_notify_schemes[] = {
	"emn", "https", "sip", "sips", "sms", "tel", "xmpp", NULL
};

/* In the order above. */
static parse_func_t *const parsers[] = {
	parse_number, parse_https, parse_sip, parse_sip, parse_number,
	parse_number, parse_xmpp
};

static bool has_scheme(const char *uri, const char *scheme)
{
	size_t len = strlen(scheme);

	return strncasecmp(uri, scheme, len) == 0 && uri[len] == ':';
}

static bool is_plain(const char *uri)
{
	for (; *uri != '\0'; uri++) {
		if (*uri <= ' ' || *uri > '~')
			return false;
	}
	return true;
}

static bool parse(struct parser *p, const char *uri)
{
	unsigned int i;

	if (strlen(uri) > LEMO_NOTIFY_URI_MAX)
		return fail(p, "is longer than 4000 octets");
	if (!is_plain(uri)) {
		return fail(p, "must be printable ASCII without spaces; "
			    "write others as %-escapes");
	}
	for (i = 0; lemo_notify_schemes[i] != NULL; i++) {
		if (has_scheme(uri, lemo_notify_schemes[i]))
			return parsers[i](p, uri);
	}
	return fail(p, "has a scheme that is not served here");
}

int lemo_notify_uri_parse(const char *uri, struct lemo_notify_uri *uri_r,
			  const char **error_r)
{
	char value[LEMO_NOTIFY_URI_MAX + 1];
	struct parser p = { uri_r, value, NULL };

	memset(uri_r, 0, sizeof(*uri_r));
	if (parse(&p, uri))
		return 0;
	*error_r = p.error;
	return -1;
}

bool lemo_notify_ttl_parse(const char *value, uint32_t *ttl_r)
{
	uint32_t ttl = 0;

	if (*value == '0' || *value == '\0')
		return false;
	for (; *value >= '0' && *value <= '9'; value++) {
		ttl = ttl * 10 + (*value - '0');
		if (ttl > LEMO_DEVICE_TTL_MAX)
			return false;
	}
	if (*value != '\0')
		return false;
	*ttl_r = ttl;
	return true;
}
