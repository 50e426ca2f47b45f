/* Whom a notification of Sieve goes to: URLs in one form, and which of them
   the administrator lets users notify. */

#include "lemo-notify-uri.h"
#include "lemo-utf8.h"
#include "lemo-weburl.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define SEPARATORS " ,\t\r\n"
#define WEB "https://"

static bool is_web(const char *url)
{
	return strncasecmp(url, WEB, strlen(WEB)) == 0;
}

static bool is_number(const char *url)
{
	return strncasecmp(url, "tel:", 4) == 0 ||
		strncasecmp(url, "sms:", 4) == 0 ||
		strncasecmp(url, "emn:", 4) == 0;
}

static void add_lower(char *dest, const char *src, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		dest[i] = src[i] >= 'A' && src[i] <= 'Z' ?
			src[i] - 'A' + 'a' : src[i];
	}
}

/* What RFC 3261 19.1.4 compares exactly: the user; here also a resource of
   RFC 6120 and the path of a web URL. */
static void lower_insensitive(const char *url, size_t len, char *dest)
{
	size_t scheme = strcspn(url, ":"), from, to;
	const char *at;

	memcpy(dest, url, len);
	add_lower(dest, url, scheme);
	from = is_web(url) ? strlen(WEB) : scheme;
	if (strncasecmp(url, "sip", 3) == 0 &&
	    (at = memchr(url, '@', len)) != NULL)
		from = at - url;
	to = from + strcspn(url + from, "/?#");
	add_lower(dest + from, url + from, to - from);
}

/* A number is written in one way, and sms: and tel: are the same telephone. */
static void normalize_number(char *url)
{
	char *dest = url;

	if (strncmp(url, "sms:", 4) == 0)
		memcpy(url, "tel:", 4);
	for (; *url != '\0'; url++) {
		if (strchr("-.()", *url) == NULL)
			*dest++ = *url;
	}
	*dest = '\0';
}

bool lemo_notify_normalize(const char *url, char *url_r)
{
	static const char port[] = ":443";
	size_t len = strlen(url), host;

	if (len > LEMO_DEVICE_URL_MAX)
		return false;
	lower_insensitive(url, len + 1, url_r);
	/* what an address is to be told is no part of it */
	if (strncmp(url_r, "xmpp:", 5) == 0)
		url_r[strcspn(url_r, "?")] = '\0';
	if (is_number(url_r))
		normalize_number(url_r);
	if (!is_web(url_r))
		return true;
	host = strlen(WEB) + strcspn(url_r + strlen(WEB), "/?#");
	if (host > strlen(port) &&
	    strncmp(url_r + host - strlen(port), port, strlen(port)) == 0) {
		memmove(url_r + host - strlen(port), url_r + host,
			len - host + 1);
	}
	return true;
}

/* Octets of the control character at str: C0 and DEL 1, C1 2, none 0. */
static size_t control_len(const char *str, size_t len)
{
	unsigned char c = *str;

	if (c < ' ' || c == 0x7f)
		return 1;
	return c == 0xc2 && len > 1 && (unsigned char)str[1] < 0xa0 ? 2 : 0;
}

void lemo_notify_clean(const char *text, size_t len, size_t max, char *str_r)
{
	size_t i, n = 0, control, cut = lemo_utf8_cut(text, len, max);

	for (i = 0; i < cut; i += control > 0 ? control : 1) {
		control = control_len(text + i, cut - i);
		if (control == 0)
			str_r[n++] = text[i];
		else if (text[i] == '\n')
			str_r[n++] = '\n';
		else if (text[i] != '\r' || i + 1 == cut ||
			 text[i + 1] != '\n')
			str_r[n++] = ' ';
	}
	while (n > 0 && (str_r[n - 1] == ' ' || str_r[n - 1] == '\n'))
		n--;
	if (cut < len) {
		memcpy(str_r + n, "\xe2\x80\xa6", 3);
		n += 3;
	}
	str_r[n] = '\0';
}

/* Entry and URL are the same up to the entry's end; what follows in the URL?
   After an address of XMPP it may be a resource. */
static bool ends_well(const char *entry, size_t len, const char *rest)
{
	if (is_number(entry))
		return true;
	if (*rest == '\0')
		return true;
	return is_web(entry) ? entry[len - 1] == '/' :
		*rest == '/' && strncmp(entry, "xmpp:", 5) == 0;
}

/* "sip:example.org" and "sip:bob@example.org:5060" */
static bool is_host_of(const char *entry, size_t len, const char *url)
{
	size_t scheme = strcspn(entry, ":") + 1, host;
	const char *at = strchr(url, '@');

	if (scheme >= len || memchr(entry, '@', len) != NULL || at == NULL ||
	    strncmp(entry, url, scheme) != 0)
		return false;
	at++;
	host = strcspn(at, ":/");
	return host == len - scheme &&
		strncmp(entry + scheme, at, host) == 0;
}

static bool entry_lists(const char *entry, size_t len, const char *url)
{
	char normal[LEMO_DEVICE_URL_MAX + 1], copy[LEMO_DEVICE_URL_MAX + 1];

	if (len > LEMO_DEVICE_URL_MAX)
		return false;
	memcpy(copy, entry, len);
	copy[len] = '\0';
	if (!lemo_notify_normalize(copy, normal))
		return false;
	len = strlen(normal);
	if (strncmp(normal, url, len) == 0 &&
	    ends_well(normal, len, url + len))
		return true;
	return !is_web(normal) && !is_number(normal) &&
		is_host_of(normal, len, url);
}

const char *lemo_notify_listed(const char *list, const char *url,
			       size_t *len_r)
{
	for (;; list += *len_r) {
		list += strspn(list, SEPARATORS);
		if (*list == '\0')
			return NULL;
		*len_r = strcspn(list, SEPARATORS);
		if (entry_lists(list, *len_r, url))
			return list;
	}
}

static const char *check_web(const char *entry, size_t len)
{
	struct lemo_weburl url;
	char copy[LEMO_DEVICE_URL_MAX + 1];
	const char *error;

	memcpy(copy, entry, len);
	copy[len] = '\0';
	if (lemo_weburl_parse(copy, &url, &error) < 0)
		return error;
	/* "https://example.org" would also be "https://example.org.test" */
	return strchr(copy + strlen(WEB), '/') != NULL ? NULL :
		"needs a path, at least /";
}

/* NULL or an error */
static const char *check_entry(const char *entry, size_t len)
{
	unsigned int i;

	if (len > LEMO_DEVICE_URL_MAX)
		return "is too long";
	for (i = 0; lemo_notify_schemes[i] != NULL; i++) {
		size_t scheme = strlen(lemo_notify_schemes[i]);

		if (len <= scheme + 1 || entry[scheme] != ':' ||
		    strncasecmp(entry, lemo_notify_schemes[i], scheme) != 0)
			continue;
		if (is_number(entry) && entry[scheme + 1] != '+')
			return "needs a + and the country's number";
		return strcmp(lemo_notify_schemes[i], "https") == 0 ?
			check_web(entry, len) : NULL;
	}
	return "has no scheme that Sieve can notify by";
}

int lemo_notify_list_check(const char *list, const char **error_r,
			   size_t *pos_r)
{
	const char *p = list, *error;
	size_t len;

	for (p += strspn(p, SEPARATORS); *p != '\0';
	     p += len, p += strspn(p, SEPARATORS)) {
		len = strcspn(p, SEPARATORS);
		error = check_entry(p, len);
		if (error == NULL)
			continue;
		*error_r = error;
		*pos_r = p - list;
		return -1;
	}
	return 0;
}

bool lemo_notify_is_device(const char *name)
{
	size_t len = strlen(LEMO_NOTIFY_DEVICE_PREFIX);

	if (strncmp(name, LEMO_NOTIFY_DEVICE_PREFIX, len) != 0)
		return false;
	name += len;
	return strspn(name, "0123456789abcdef") == LEMO_NOTIFY_ID_LEN &&
		name[LEMO_NOTIFY_ID_LEN] == '\0';
}

void lemo_notify_add_subscription(struct lemo_buf *buf, const char *url)
{
	lemo_buf_adds(buf, "{\"url\":\"");
	lemo_buf_adds(buf, url);
	lemo_buf_adds(buf, "\",\"payload\":2,\"whenConnected\":\"always\"}");
}
