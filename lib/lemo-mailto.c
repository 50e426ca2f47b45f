#include "lemo-mailto.h"
#include "lemo-fence.h"
#include "lemo-host.h"
#include "lemo-mailto-private.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define SCHEME "mailto:"
#define LOCAL_CHARS LEMO_ALNUM "-_.+~="
#define SMTP_PORT 25
#define SMTPS_PORT 465 /* RFC 8314 3.3 */

/* Something between all dots; at the ends what mail servers, and programs
   behind them, cannot take for an option. */
static bool local_is_valid(const char *str, size_t len)
{
	size_t i;

	if (len == 0 || len > LEMO_MAILTO_LOCAL_MAX || *str == '-' ||
	    *str == '.' || str[len - 1] == '.')
		return false;
	for (i = 1; i < len; i++) {
		if (str[i] == '.' && str[i - 1] == '.')
			return false;
	}
	return true;
}

int lemo_mailto_address_parse(const char *str,
			      struct lemo_mailto_address *address_r,
			      const char **error_r)
{
	struct lemo_mailto_address address;

	address.local = str;
	address.local_len = strspn(str, LOCAL_CHARS);
	if (str[address.local_len] == '@' &&
	    local_is_valid(str, address.local_len)) {
		address.domain = str + address.local_len + 1;
		address.domain_len = strspn(address.domain,
					    LEMO_HOST_CHARS);
		if (address.domain[address.domain_len] == '\0' &&
		    lemo_host_is_valid(address.domain, address.domain_len)) {
			*address_r = address;
			return 0;
		}
	}
	*error_r = "must be a plain address like user@example.org";
	return -1;
}

int lemo_mailto_parse(const char *uri, struct lemo_mailto_address *address_r,
		      const char **error_r)
{
	const char *error;

	if (strncasecmp(uri, SCHEME, strlen(SCHEME)) == 0 &&
	    lemo_mailto_address_parse(uri + strlen(SCHEME), address_r,
				      &error) == 0)
		return 0;
	*error_r = "must be mailto:user@host";
	return -1;
}

static bool is_listed(const struct lemo_mailto_address *address,
		      const char *allow_hosts)
{
	char host[LEMO_DOMAIN_MAX + 1];
	size_t i;

	for (i = 0; i < address->domain_len; i++) {
		char c = address->domain[i];

		host[i] = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
	}
	host[i] = '\0';
	return lemo_fence_listed(allow_hosts, host, SMTP_PORT, NULL, 0);
}

static bool is_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

const char *lemo_mailto_refusal(const char *uri, const char *from,
				const char *allow_hosts)
{
	struct lemo_mailto_address to, own;
	const char *error;

	if (lemo_mailto_parse(uri, &to, &error) < 0)
		return error;
	if (lemo_mailto_address_parse(from, &own, &error) == 0 &&
	    is_same(to.domain, to.domain_len, own.domain, own.domain_len))
		return NULL;
	return is_listed(&to, allow_hosts) ? NULL :
		"has a mail domain that is not allowed here";
}

bool lemo_mailto_is_own(const char *uri, const char *user, const char *host)
{
	struct lemo_mailto_address to;
	size_t user_len = strcspn(user, "@");
	const char *error, *plus;

	if (lemo_mailto_parse(uri, &to, &error) < 0)
		return false;
	if (user[user_len] == '@')
		host = user + user_len + 1;
	plus = memchr(to.local, '+', to.local_len);
	return host != NULL &&
		is_same(to.domain, to.domain_len, host, strlen(host)) &&
		(is_same(to.local, to.local_len, user, user_len) ||
		 (plus != NULL &&
		  is_same(to.local, plus - to.local, user, user_len)));
}

/* Behind blanks and comments; a comment that has no end is all there is. */
static const char *skip_comments(const char *str)
{
	unsigned int depth = 0;

	for (; *str != '\0'; str++) {
		if (*str == '(')
			depth++;
		else if (*str == ')' && depth > 0)
			depth--;
		else if (*str == '\\' && depth > 0 && str[1] != '\0')
			str++;
		else if (depth == 0 && strchr(" \t\r\n", *str) == NULL)
			break;
	}
	return str;
}

bool lemo_mailto_is_automatic(const char *auto_submitted,
			      const char *message_id)
{
	const char *word;
	size_t len;

	if (message_id != NULL &&
	    strncasecmp(skip_comments(message_id), "<" LEMO_MAILTO_ID_PREFIX,
			strlen("<" LEMO_MAILTO_ID_PREFIX)) == 0)
		return true;
	if (auto_submitted == NULL)
		return false;
	word = skip_comments(auto_submitted);
	len = strcspn(word, " \t\r\n;(");
	return !is_same(word, len, "no", 2);
}

/* The rest of the URL is judged as one of the web is. */
static int parse_authority(const char *str, struct lemo_weburl *url_r,
			   bool *has_port_r, const char **error_r)
{
	const char *colon = strrchr(str, ':'), *bracket = strrchr(str, ']');
	char url[sizeof("https://") + LEMO_HOST_MAX + 20];
	size_t len = strlen(str);

	if (len == 0 || len >= sizeof(url) - strlen("https://") ||
	    str[strcspn(str, "/?#@")] != '\0') {
		*error_r = "must be smtp://host:port or smtps://host:port";
		return -1;
	}
	*has_port_r = colon != NULL && (bracket == NULL || colon > bracket);
	memcpy(url, "https://", strlen("https://"));
	memcpy(url + strlen("https://"), str, len + 1);
	return lemo_weburl_parse(url, url_r, error_r);
}

int lemo_mailto_relay_parse(const char *url, struct lemo_mailto_relay *relay_r,
			    const char **error_r)
{
	bool smtps = strncasecmp(url, "smtps://", 8) == 0, has_port;
	struct lemo_weburl parts;

	if (!smtps && strncasecmp(url, "smtp://", 7) != 0) {
		*error_r = "must be smtp://host:port or smtps://host:port";
		return -1;
	}
	if (parse_authority(url + (smtps ? 8 : 7), &parts, &has_port,
			    error_r) < 0)
		return -1;
	memcpy(relay_r->host, parts.host, sizeof(relay_r->host));
	relay_r->port = has_port ? parts.port :
		smtps ? SMTPS_PORT : SMTP_PORT;
	relay_r->smtps = smtps;
	return 0;
}

enum lemo_answer lemo_mailto_answer(unsigned int status, bool about_message)
{
	if (!about_message)
		return LEMO_ANSWER_RETRY;
	if (status >= 200 && status < 300)
		return LEMO_ANSWER_DONE;
	return status >= 500 && status < 600 ? LEMO_ANSWER_PERMANENT :
		LEMO_ANSWER_RETRY;
}
