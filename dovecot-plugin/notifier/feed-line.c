#include "lib.h"
#include "ipwd.h"
#include "safe-memset.h"
#include "strnum.h"
#include "channel.h"
#include "feed-line.h"
#include "origin-key.h"
#include "redis-conn.h"
#include "webhook-batches.h"

#include <fcntl.h>
#include <unistd.h>

#define SECRET_FILE_MAX 4096
/* Events on their way at once: enough that neither side waits. */
#define REDIS_WINDOW 512
#define BATCHES_AT_ONCE 2
#define BATCH_MIN 2

static ssize_t read_file(const char *path, char buf[SECRET_FILE_MAX],
			 const char **error_r)
{
	ssize_t len;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	len = fd == -1 ? -1 : read(fd, buf, SECRET_FILE_MAX);
	if (len < 0)
		*error_r = t_strdup_printf("%s: cannot be read: %m", path);
	i_close_fd(&fd);
	return len;
}

static int read_keyring(const char *path, struct lemo_keyring *ring_r,
			const char **error_r)
{
	char buf[SECRET_FILE_MAX];
	const char *error;
	unsigned int line;
	ssize_t len = read_file(path, buf, error_r);
	int ret;

	if (len < 0)
		return -1;
	ret = lemo_keyring_parse(buf, len, ring_r, &error, &line);
	if (ret < 0)
		*error_r = t_strdup_printf("%s:%u: %s", path, line, error);
	safe_memset(buf, 0, sizeof(buf));
	return ret;
}

static int read_password(const char *path, char **password_r,
			 const char **error_r)
{
	char buf[SECRET_FILE_MAX];
	const char *error;
	ssize_t len;
	int ret;

	if (strcmp(path, "-") == 0)
		return 0;
	len = read_file(path, buf, error_r);
	if (len < 0)
		return -1;
	ret = lemo_redis_password_parse(buf, len, &error);
	if (ret < 0)
		*error_r = t_strdup_printf("%s: %s", path, error);
	else
		*password_r = i_strndup(buf, ret);
	safe_memset(buf, 0, sizeof(buf));
	return ret < 0 ? -1 : 0;
}

static int parse_mail_user(const char *str, struct feed *feed,
			   const char **error_r)
{
	const char *dash = strchr(str, '-');
	const char *last = dash == NULL ? str : dash + 1;
	struct passwd pw;

	if (str_to_uint32(t_strdup_until(str, str + strcspn(str, "-")),
			  &feed->uid_first) == 0 &&
	    str_to_uint32(last, &feed->uid_last) == 0 &&
	    feed->uid_first <= feed->uid_last)
		return 0;
	if (i_getpwnam(str, &pw) <= 0) {
		*error_r = t_strdup_printf("mail user %s is no system user, "
					   "uid or range of uids", str);
		return -1;
	}
	feed->uid_first = feed->uid_last = pw.pw_uid;
	return 0;
}

static int parse_number(const char *option, const char *value,
			unsigned int min, unsigned int max,
			unsigned int *number_r, const char **error_r)
{
	if (str_to_uint(value, number_r) == 0 && *number_r >= min &&
	    *number_r <= max)
		return 0;
	*error_r = t_strdup_printf("%s must be from %u to %u", option, min,
				   max);
	return -1;
}

static int parse_option(const char *arg, struct feed *feed,
			const char **error_r)
{
	const char *value = strchr(arg, '=') + 1;
	const char *name = t_strdup_until(arg, value - 1);
	bool redis = lemo_redis_is_url(feed->url);

	if (strcmp(name, "batch") == 0 && !redis)
		return parse_number(name, value, BATCH_MIN,
				    WEBHOOK_BATCH_EVENTS_MAX,
				    &feed->batch_max, error_r);
	if (strcmp(name, "maxlen") == 0 && redis)
		return parse_number(name, value, 1, LEMO_REDIS_MAXLEN_MAX,
				    &feed->maxlen, error_r);
	*error_r = t_strdup_printf("%s is no option of such a feed; webhooks "
				   "have batch=, redis:// has maxlen=", name);
	return -1;
}

/* [MAIL-USER] [OPTION=VALUE ...] */
static int parse_more(const char *const *args, struct feed *feed,
		      const char **error_r)
{
	feed->uid_first = 1;
	if (*args != NULL && strchr(*args, '=') == NULL &&
	    parse_mail_user(*args++, feed, error_r) < 0)
		return -1;
	for (; *args != NULL; args++) {
		if (strchr(*args, '=') == NULL) {
			*error_r = t_strdup_printf("%s is no OPTION=VALUE",
						   *args);
			return -1;
		}
		if (parse_option(*args, feed, error_r) < 0)
			return -1;
	}
	return 0;
}

static void set_origin(struct feed *feed, const char *name, const char *key)
{
	feed->origin_name = i_strdup(name);
	feed->origin_key = origin_key(key);
}

static bool is_web_url(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 ||
		strncasecmp(url, "http://", 7) == 0;
}

static int parse_webhook(const char *secret, struct feed *feed,
			 const char **error_r)
{
	struct lemo_weburl url;

	if (!is_web_url(feed->url)) {
		*error_r = "URL must begin with https://, http://, redis:// "
			"or rediss://";
		return -1;
	}
	if (lemo_weburl_parse(feed->url, &url, error_r) < 0 ||
	    read_keyring(secret, &feed->keyring, error_r) < 0)
		return -1;
	feed->channel = &channel_webhook;
	if (feed->batch_max == 0) {
		set_origin(feed, url.origin, url.origin);
		return 0;
	}
	/* what else goes there has no window */
	feed->channel = &channel_webhook_batch;
	feed->window = BATCHES_AT_ONCE * feed->batch_max;
	set_origin(feed, url.origin, t_strconcat("batch ", feed->url, NULL));
	return 0;
}

static int parse_redis(const char *secret, struct feed *feed,
		       const char **error_r)
{
	const char *name;

	if (lemo_redis_url_parse(feed->url, &feed->redis_url, error_r) < 0)
		return -1;
	if (!redis_conn_is_possible()) {
		*error_r = "this build has no Redis (./configure found no "
			"hiredis)";
		return -1;
	}
	if (read_password(secret, &feed->password, error_r) < 0)
		return -1;
	name = strchr(feed->url, '@');
	name = t_strconcat(feed->redis_url.tls ? "rediss://" : "redis://",
			   feed->redis_url.user[0] != '\0' ? name + 1 :
			   strstr(feed->url, "://") + 3, NULL);
	feed->channel = &channel_redis;
	feed->window = REDIS_WINDOW;
	set_origin(feed, name, name);
	return 0;
}

int feed_line_parse(const char *line, struct feed *feed, const char **error_r)
{
	const char *const *args = t_strsplit_spaces(line, " \t");

	if (str_array_length(args) < 3) {
		*error_r = "is not \"DOMAIN URL SECRET-FILE [MAIL-USER] "
			"[OPTION=VALUE]\"";
		return -1;
	}
	feed->domain = i_strdup(t_str_lcase(args[0]));
	feed->url = i_strdup(args[1]);
	feed->maxlen = LEMO_REDIS_MAXLEN;
	if (parse_more(args + 3, feed, error_r) < 0)
		return -1;
	return lemo_redis_is_url(feed->url) ?
		parse_redis(args[2], feed, error_r) :
		parse_webhook(args[2], feed, error_r);
}
