#include "lemo-redis.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define SCHEME "redis://"
#define SCHEME_TLS "rediss://"

/* The first word of error replies; the last is for all others. */
static const struct {
	const char *word;
	struct lemo_redis_error error;
} errors[] = {
	{ "OOM", { "OOM: the server's maxmemory is reached; give it more, or "
		   "say a smaller maxlen", true } },
	{ "NOAUTH", { "NOAUTH: the server wants a password; name its file",
		      true } },
	{ "WRONGPASS", { "WRONGPASS: the server refuses the password, or the "
			 "user name in the URL", true } },
	{ "DENIED", { "DENIED: the server is in protected mode; give it a "
		      "password", true } },
	{ "NOPERM", { "NOPERM: the user may not XADD to this stream; mend its "
		      "ACL", false } },
	{ "READONLY", { "READONLY: the server is a replica; name the primary",
			true } },
	{ "WRONGTYPE", { "WRONGTYPE: the key is there and no stream; name "
			 "another, or delete it", false } },
	{ "MOVED", { "MOVED: another node of the cluster has this stream; "
		     "name that one", false } },
	{ "ASK", { "ASK: another node of the cluster has this stream; name "
		   "that one", false } },
	{ "CLUSTERDOWN", { "CLUSTERDOWN: the cluster is down", true } },
	{ "MASTERDOWN", { "MASTERDOWN: the primary is down", true } },
	{ "NOREPLICAS", { "NOREPLICAS: too few replicas for this server to "
			  "write", true } },
	{ "LOADING", { "LOADING: the server is starting", true } },
	{ "BUSY", { "BUSY: the server runs a script", true } },
	{ "MISCONF", { "MISCONF: the server cannot write to its disk; see its "
		       "log", true } },
	{ "ERR", { "ERR: the server does not take the command; Redis 5 or "
		   "later is wanted, and a database that it has", true } },
	{ "", { "the server answers with an error; see its log", true } }
};

bool lemo_redis_is_url(const char *str)
{
	return strncasecmp(str, SCHEME, strlen(SCHEME)) == 0 ||
		strncasecmp(str, SCHEME_TLS, strlen(SCHEME_TLS)) == 0;
}

static bool text_is_printable(const char *str)
{
	for (; *str != '\0'; str++) {
		if (*str <= ' ' || *str > '~')
			return false;
	}
	return true;
}

/* [USER@]; *str is moved behind it. */
static const char *take_user(const char **str, size_t authority_len,
			     struct lemo_redis_url *url)
{
	const char *at = memchr(*str, '@', authority_len);
	size_t len;

	if (at == NULL)
		return NULL;
	len = at - *str;
	if (memchr(*str, ':', len) != NULL)
		return "must not have a password (:); it belongs into the "
			"secret file";
	if (len == 0 || len > LEMO_REDIS_USER_MAX)
		return "user name must have 1 to 64 octets";
	memcpy(url->user, *str, len);
	*str = at + 1;
	return NULL;
}

static bool has_port(const char *authority, size_t len)
{
	const char *bracket = memchr(authority, ']', len);
	const char *start = bracket == NULL ? authority : bracket;

	return memchr(start, ':', authority + len - start) != NULL;
}

/* HOST[:PORT], by the rules for web URLs */
static const char *set_host(const char *authority, size_t len,
			    struct lemo_redis_url *url)
{
	char text[LEMO_HOST_MAX + 32] = "https://";
	struct lemo_weburl web;
	const char *error;

	if (len > LEMO_HOST_MAX + 8)
		return "host is too long";
	memcpy(text + strlen(text), authority, len);
	if (lemo_weburl_parse(text, &web, &error) < 0)
		return error;
	memcpy(url->host, web.host, sizeof(url->host));
	url->port = has_port(authority, len) ? web.port : LEMO_REDIS_PORT;
	return NULL;
}

/* "/DB/STREAM" */
static const char *set_path(const char *path, struct lemo_redis_url *url)
{
	static const char usage[] =
		"must end in /DB/STREAM, as in redis://127.0.0.1/0/mail";
	size_t digits, len;

	if (*path++ != '/')
		return usage;
	digits = strspn(path, "0123456789");
	if (digits == 0 || digits > 5 || path[digits] != '/')
		return usage;
	for (; *path != '/'; path++)
		url->db = url->db * 10 + (*path - '0');
	if (url->db > LEMO_REDIS_DB_MAX)
		return "database must be from 0 to 65535";
	len = strlen(++path);
	if (len == 0)
		return usage;
	if (len > LEMO_REDIS_STREAM_MAX)
		return "stream's name must have 255 octets at most";
	memcpy(url->stream, path, len + 1);
	return NULL;
}

/* NULL or an error */
static const char *parse(const char *str, struct lemo_redis_url *url)
{
	const char *error;
	size_t len;

	if (!text_is_printable(str))
		return "must be printable ASCII without spaces";
	if (!lemo_redis_is_url(str))
		return "must begin with redis:// or rediss://";
	url->tls = strncasecmp(str, SCHEME_TLS, strlen(SCHEME_TLS)) == 0;
	str += url->tls ? strlen(SCHEME_TLS) : strlen(SCHEME);
	len = strcspn(str, "/");
	error = take_user(&str, len, url);
	if (error != NULL)
		return error;
	len = strcspn(str, "/");
	error = set_host(str, len, url);
	return error != NULL ? error : set_path(str + len, url);
}

int lemo_redis_url_parse(const char *str, struct lemo_redis_url *url_r,
			 const char **error_r)
{
	struct lemo_redis_url url;
	const char *error;

	memset(&url, 0, sizeof(url));
	error = parse(str, &url);
	if (error != NULL) {
		*error_r = error;
		return -1;
	}
	*url_r = url;
	return 0;
}

static void add_domain(const char *user, struct lemo_buf *buf)
{
	const char *domain = strrchr(user, '@');

	if (domain == NULL)
		return;
	while (*++domain != '\0') {
		unsigned char c = *domain;

		lemo_buf_addc(buf, c < ' ' || c == 0x7f ? '_' :
			      c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
}

void lemo_redis_stream_add(const struct lemo_redis_url *url, const char *user,
			   struct lemo_buf *buf)
{
	const char *str = url->stream, *var;

	for (; (var = strstr(str, "%d")) != NULL; str = var + 2) {
		lemo_buf_add(buf, str, var - str);
		add_domain(user, buf);
	}
	lemo_buf_adds(buf, str);
}

int lemo_redis_password_parse(const char *text, size_t len,
			      const char **error_r)
{
	const char *end = memchr(text, '\n', len);
	size_t line_len = end == NULL ? len : (size_t)(end - text);

	if (line_len > 0 && text[line_len - 1] == '\r')
		line_len--;
	if (line_len == 0) {
		*error_r = "is empty; say - if the server has no password";
		return -1;
	}
	if (line_len > LEMO_REDIS_PASSWORD_MAX) {
		*error_r = "password is longer than 512 octets";
		return -1;
	}
	if (memchr(text, '\0', line_len) != NULL) {
		*error_r = "password has a NUL";
		return -1;
	}
	return (int)line_len;
}

static size_t word_length(const char *reply, size_t len)
{
	size_t i;

	for (i = 0; i < len && reply[i] >= 'A' && reply[i] <= 'Z'; i++) ;
	return i;
}

void lemo_redis_error_parse(const char *reply, size_t len,
			    struct lemo_redis_error *error_r)
{
	size_t word_len = word_length(reply, len);
	unsigned int i;

	for (i = 0; errors[i].word[0] != '\0'; i++) {
		if (strlen(errors[i].word) == word_len &&
		    memcmp(errors[i].word, reply, word_len) == 0)
			break;
	}
	*error_r = errors[i].error;
}
