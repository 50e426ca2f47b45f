#include "lemo-weburl.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

/* Parts of the text; nothing is copied until all is known to be right. */
struct parts {
	const char *host, *port;
	size_t host_len, port_len;
	bool bracketed;
};

static bool text_is_printable(const char *url)
{
	for (; *url != '\0'; url++) {
		if (*url <= ' ' || *url > '~')
			return false;
	}
	return true;
}

static const char *take_scheme(const char *url, bool *https_r)
{
	*https_r = strncasecmp(url, "https://", 8) == 0;
	if (*https_r)
		return url + 8;
	return strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

/* authority = host [":" port], without userinfo */
static bool split_authority(const char *str, size_t len, struct parts *parts_r)
{
	const char *end = str + len, *host_end;

	memset(parts_r, 0, sizeof(*parts_r));
	parts_r->bracketed = len > 0 && *str == '[';
	host_end = memchr(str, parts_r->bracketed ? ']' : ':', len);
	if (parts_r->bracketed) {
		if (host_end == NULL)
			return false;
		str++;
	} else if (host_end == NULL)
		host_end = end;
	parts_r->host = str;
	parts_r->host_len = host_end - str;
	if (parts_r->bracketed)
		host_end++;
	if (host_end == end)
		return true;
	parts_r->port = host_end + 1;
	parts_r->port_len = end - parts_r->port;
	return *host_end == ':';
}

static bool parse_port(const struct parts *parts, struct lemo_weburl *url)
{
	unsigned int port = 0;
	size_t i;

	if (parts->port == NULL) {
		url->port = url->https ? 443 : 80;
		return true;
	}
	for (i = 0; i < parts->port_len; i++) {
		if (parts->port[i] < '0' || parts->port[i] > '9')
			return false;
		port = port * 10 + (parts->port[i] - '0');
		if (port > UINT16_MAX)
			return false;
	}
	url->port = port;
	return port > 0;
}

/* Written in one form only, or one host could have many queues. */
static bool set_ipv6(struct lemo_weburl *url)
{
	struct in6_addr addr;

	if (inet_pton(AF_INET6, url->host, &addr) != 1)
		return false;
	(void)inet_ntop(AF_INET6, &addr, url->host, sizeof(url->host));
	url->host_is_ip = true;
	return true;
}

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

/* Labels of 1..63 octets between dots. */
static bool name_is_valid(const char *name)
{
	size_t label = 0;

	for (;; name++) {
		if (*name == '.' || *name == '\0') {
			if (label == 0 || label > 63)
				return false;
			if (*name == '\0')
				return true;
			label = 0;
		} else if (!is_host_char(*name)) {
			return false;
		} else {
			label++;
		}
	}
}

/* Resolvers take a name whose last label is a number as an IPv4 address in
   one of many old spellings (127.1, 0x7f000001, 0177.0.0.1). */
static bool ends_in_number(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *label = dot == NULL ? name : dot + 1;

	if (label[0] == '0' && label[1] == 'x')
		return strspn(label + 2, "0123456789abcdef") ==
			strlen(label + 2);
	return strspn(label, "0123456789") == strlen(label);
}

static const char *set_name(struct lemo_weburl *url)
{
	struct in_addr addr;

	if (!name_is_valid(url->host)) {
		return "host is not a valid name; write international names "
			"in their xn-- form";
	}
	if (!ends_in_number(url->host))
		return NULL;
	if (inet_pton(AF_INET, url->host, &addr) != 1)
		return "IPv4 address must be four decimal numbers with dots";
	url->host_is_ip = true;
	return NULL;
}

/* NULL or an error */
static const char *set_host(const struct parts *parts, struct lemo_weburl *url)
{
	size_t i;

	if (parts->host_len == 0)
		return "host is missing";
	if (parts->host_len > LEMO_HOST_MAX)
		return "host is too long";
	for (i = 0; i < parts->host_len; i++) {
		char c = parts->host[i];

		url->host[i] = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
	}
	url->host[i] = '\0';
	if (!parts->bracketed)
		return set_name(url);
	return set_ipv6(url) ? NULL : "address in [] is not IPv6";
}

static char *append(char *dest, const char *str)
{
	size_t len = strlen(str);

	memcpy(dest, str, len + 1);
	return dest + len;
}

static void set_origin(struct lemo_weburl *url, bool bracketed)
{
	char digits[6], *port = digits + sizeof(digits), *dest = url->origin;
	unsigned int num = url->port;

	*--port = '\0';
	for (; num > 0; num /= 10)
		*--port = '0' + num % 10;
	dest = append(dest, url->https ? "https://" : "http://");
	dest = append(dest, bracketed ? "[" : "");
	dest = append(dest, url->host);
	dest = append(dest, bracketed ? "]:" : ":");
	(void)append(dest, port);
}

/* NULL or an error */
static const char *parse(const char *text, struct lemo_weburl *url)
{
	const char *authority, *error;
	struct parts parts;
	size_t len;

	if (!text_is_printable(text))
		return "must be printable ASCII without spaces";
	authority = take_scheme(text, &url->https);
	if (authority == NULL)
		return "must begin with https://";
	len = strcspn(authority, "/?#");
	if (strchr(authority, '#') != NULL)
		return "must not have a fragment (#)";
	if (memchr(authority, '@', len) != NULL)
		return "must not have a user name or password (@)";
	if (!split_authority(authority, len, &parts))
		return "host is malformed";
	if (!parse_port(&parts, url))
		return "port must be from 1 to 65535";
	error = set_host(&parts, url);
	if (error == NULL)
		set_origin(url, parts.bracketed);
	return error;
}

int lemo_weburl_parse(const char *url, struct lemo_weburl *url_r,
		      const char **error_r)
{
	struct lemo_weburl result;
	const char *error;

	memset(&result, 0, sizeof(result));
	error = parse(url, &result);
	if (error != NULL) {
		*error_r = error;
		return -1;
	}
	*url_r = result;
	return 0;
}
