#include "lib.h"
#include "array.h"
#include "ipwd.h"
#include "istream.h"
#include "safe-memset.h"
#include "strnum.h"
#include "feeds.h"
#include "lemo-weburl.h"
#include "origin-key.h"

#include <fcntl.h>
#include <unistd.h>

#define SECRET_FILE_MAX 4096

struct feeds {
	struct event *event;
	ARRAY(struct feed *) feeds;
};

static int read_secret(const char *path, struct lemo_keyring *ring_r,
		       const char **error_r)
{
	char buf[SECRET_FILE_MAX];
	const char *error;
	unsigned int line;
	ssize_t len;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	len = fd == -1 ? -1 : read(fd, buf, sizeof(buf));
	if (len < 0) {
		*error_r = t_strdup_printf("%s: cannot be read: %m", path);
		i_close_fd(&fd);
		return -1;
	}
	i_close_fd(&fd);
	ret = lemo_keyring_parse(buf, len, ring_r, &error, &line);
	if (ret < 0)
		*error_r = t_strdup_printf("%s:%u: %s", path, line, error);
	safe_memset(buf, 0, sizeof(buf));
	return ret;
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

static int feed_parse(const char *line, struct feed *feed,
		      const char **error_r)
{
	const char *const *args = t_strsplit_spaces(line, " \t");
	unsigned int count = str_array_length(args);
	struct lemo_weburl url;

	if (count != 3 && count != 4) {
		*error_r = "is not \"DOMAIN URL SECRET-FILE [MAIL-USER]\"";
		return -1;
	}
	feed->uid_first = 1;
	if (count == 4 && parse_mail_user(args[3], feed, error_r) < 0)
		return -1;
	if (lemo_weburl_parse(args[1], &url, error_r) < 0)
		return -1;
	if (read_secret(args[2], &feed->keyring, error_r) < 0)
		return -1;
	feed->domain = i_strdup(t_str_lcase(args[0]));
	feed->url = i_strdup(args[1]);
	feed->origin_name = i_strdup(url.origin);
	feed->origin_key = origin_key(url.origin);
	return 0;
}

static void feed_free(struct feed *feed)
{
	lemo_keyring_clear(&feed->keyring);
	i_free(feed->domain);
	i_free(feed->url);
	i_free(feed->origin_name);
	i_free(feed);
}

static void feeds_add(struct feeds *feeds, const char *path,
		      unsigned int number, const char *line)
{
	struct feed *feed;
	const char *error;

	line = t_str_trim(line, " \t\r");
	if (*line == '\0' || *line == '#')
		return;
	feed = i_new(struct feed, 1);
	if (feed_parse(line, feed, &error) < 0) {
		e_error(feeds->event, "lemonade_feed_file: %s line %u: %s; "
			"this feed gets nothing", path, number, error);
		feed_free(feed);
		return;
	}
	array_push_back(&feeds->feeds, &feed);
}

static void feeds_read(struct feeds *feeds, const char *path)
{
	struct istream *input;
	unsigned int number = 0;
	const char *line;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1) {
		e_error(feeds->event, "lemonade_feed_file: %s cannot be "
			"opened: %m; there is no feed", path);
		return;
	}
	input = i_stream_create_fd_autoclose(&fd, SECRET_FILE_MAX);
	while ((line = i_stream_read_next_line(input)) != NULL) T_BEGIN {
		feeds_add(feeds, path, ++number, line);
	} T_END;
	i_stream_unref(&input);
}

struct feeds *feeds_init(struct event *event, const char *path)
{
	struct feeds *feeds = i_new(struct feeds, 1);

	feeds->event = event;
	i_array_init(&feeds->feeds, 4);
	if (*path != '\0')
		feeds_read(feeds, path);
	return feeds;
}

void feeds_deinit(struct feeds **_feeds)
{
	struct feeds *feeds = *_feeds;
	struct feed *feed;

	*_feeds = NULL;
	array_foreach_elem(&feeds->feeds, feed)
		feed_free(feed);
	array_free(&feeds->feeds);
	i_free(feeds);
}

const struct feed *feeds_find(const struct feeds *feeds, const char *user)
{
	const char *domain = strrchr(user, '@');
	struct feed *feed, *other = NULL;

	array_foreach_elem(&feeds->feeds, feed) {
		if (domain != NULL && strcasecmp(feed->domain, domain + 1) == 0)
			return feed;
		if (strcmp(feed->domain, "*") == 0)
			other = feed;
	}
	return other;
}

const struct feed *feeds_find_origin(const struct feeds *feeds, int64_t key)
{
	struct feed *feed;

	array_foreach_elem(&feeds->feeds, feed) {
		if (feed->origin_key == key)
			return feed;
	}
	return NULL;
}
