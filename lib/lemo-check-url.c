#include "lemo-check-url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lemo-host.h"
#include "lemo-banned.h"

#define PORT_MAX 65535

static const struct scheme {
	const char *prefix;
	enum lemo_check_scheme scheme;
	bool tls;
	uint16_t port;
} schemes[] = {
	{ "imap://", LEMO_CHECK_IMAP, false, 143 },
	{ "imaps://", LEMO_CHECK_IMAP, true, 993 },
	{ "sieve://", LEMO_CHECK_SIEVE_SCHEME, false, 4190 },
	{ "smtp://", LEMO_CHECK_SMTP, false, 587 },
	{ "smtps://", LEMO_CHECK_SMTP, true, 465 },
};

static const char *const wanted[] = {
	[LEMO_CHECK_IMAP] = "write imap://HOST or imaps://HOST",
	[LEMO_CHECK_SIEVE_SCHEME] = "write sieve://HOST",
	[LEMO_CHECK_SMTP] = "write smtp://HOST or smtps://HOST",
};

static const struct scheme *
find_scheme(const char *str, enum lemo_check_scheme scheme)
{
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (schemes[i].scheme == scheme &&
		    strncasecmp(str, schemes[i].prefix,
				strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	}
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next octet of [*str, end); -1 if it is none that a user may have. */
static int take_octet(const char **str, const char *end)
{
	const char *p = *str;
	int high, low, c = (unsigned char)*p++;

	if (c == '%') {
		high = p < end ? hex_digit(*p++) : -1;
		low = p < end ? hex_digit(*p++) : -1;
		if (high < 0 || low < 0)
			return -1;
		c = high * 16 + low;
	} else if (c == ':') {
		/* a password would follow */
		return -1;
	}
	*str = p;
	return c < ' ' || c == 0x7f ? -1 : c;
}

static bool
take_user(const char *str, const char *end, struct lemo_check_url *url)
{
	size_t len = 0;
	int c;

	while (str < end && *str != ';') {
		c = take_octet(&str, end);
		if (c < 0 || len == LEMO_CHECK_USER_MAX)
			return false;
		url->user[len++] = c;
	}
	url->user[len] = '\0';
	return len > 0;
}

static bool take_port(const char *str, const char *end, uint16_t *port)
{
	unsigned int num = 0;

	if (str == end)
		return true;
	if (*str++ != ':' || str == end)
		return false;
	for (; str < end; str++) {
		if (*str < '0' || *str > '9')
			return false;
		num = num * 10 + (*str - '0');
		if (num > PORT_MAX)
			return false;
	}
	*port = num;
	return num > 0;
}

/* Sets *str behind the host. */
static bool
take_host(const char **str, const char *end, struct lemo_check_url *url)
{
	const char *host = *str;
	bool v6 = host < end && *host == '[';
	size_t i, len;

	if (v6) {
		host++;
		len = strspn(host, "0123456789abcdefABCDEF:.");
		if (host + len >= end || host[len] != ']')
			return false;
		*str = host + len + 1;
	} else {
		len = strspn(host, LEMO_HOST_CHARS);
		*str = host + len;
		if (host + len > end || !lemo_host_is_valid(host, len))
			return false;
	}
	if (len == 0 || len > LEMO_CHECK_HOST_MAX ||
	    (*str < end && **str != ':'))
		return false;
	for (i = 0; i < len; i++)
		url->host[i] = tolower((unsigned char)host[i]);
	url->host[len] = '\0';
	return true;
}

int lemo_check_url_parse(const char *str, enum lemo_check_scheme scheme,
			 struct lemo_check_url *url_r, const char **error_r)
{
	const struct scheme *found = find_scheme(str, scheme);
	struct lemo_check_url url;
	const char *end, *at;

	if (found == NULL) {
		*error_r = wanted[scheme];
		return -1;
	}
	memset(&url, 0, sizeof(url));
	url.scheme = scheme;
	url.tls = found->tls;
	url.port = found->port;
	str += strlen(found->prefix);
	end = str + strcspn(str, "/?#");
	at = memchr(str, '@', end - str);
	*error_r = NULL;
	if (*end != '\0' && strcmp(end, "/") != 0)
		*error_r = "nothing may follow the host and the port";
	else if (at != NULL && !take_user(str, at, &url))
		*error_r = "the user is empty, too long or not "
			"percent-encoded; a password may not be in it";
	if (at != NULL)
		str = at + 1;
	if (*error_r == NULL && !take_host(&str, end, &url))
		*error_r = "the host is no name and no address ([..] for "
			"IPv6)";
	else if (*error_r == NULL && !take_port(str, end, &url.port))
		*error_r = "the port is no number from 1 to 65535";
	if (*error_r != NULL)
		return -1;
	*url_r = url;
	return 0;
}
