#include "lib.h"
#include "array.h"
#include "safe-memset.h"
#include "channel.h"
#include "feed-line.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "redis-conn.h"
#include "resolve.h"
#include "setting-file.h"
#include "webhook-batches.h"

struct feeds {
	struct event *event;
	/* for Redis */
	struct resolver *resolver;
	ARRAY(struct feed *) feeds;
};

static void feed_free(struct feed *feed)
{
	if (feed->batches != NULL)
		webhook_batches_deinit(&feed->batches);
	if (feed->redis != NULL)
		redis_conn_deinit(&feed->redis);
	if (feed->password != NULL)
		safe_memset(feed->password, 0, strlen(feed->password));
	i_free(feed->password);
	lemo_keyring_clear(&feed->keyring);
	i_free(feed->domain);
	i_free(feed->url);
	i_free(feed->origin_name);
	i_free(feed);
}

struct feeds_reader {
	struct feeds *feeds;
	const char *path;
};

static void feeds_add(void *context, unsigned int number, const char *line)
{
	struct feeds_reader *reader = context;
	struct feed *feed = i_new(struct feed, 1);
	const char *error;

	if (feed_line_parse(line, feed, &error) < 0) {
		e_error(reader->feeds->event, "lemonade_feed_file: %s line "
			"%u: %s; this feed gets nothing", reader->path,
			number, error);
		feed_free(feed);
		return;
	}
	array_push_back(&reader->feeds->feeds, &feed);
}

static void feeds_read(struct feeds *feeds, const char *path)
{
	const struct setting_file file = {
		.event = feeds->event, .setting = "lemonade_feed_file",
		.path = path, .without = "there is no feed"
	};
	struct feeds_reader reader = { .feeds = feeds, .path = path };

	setting_file_read(&file, feeds_add, &reader);
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

static void feed_start(struct feeds *feeds, struct feed *feed,
		       const struct lemonade_settings *set)
{
	struct redis_conn_settings redis_set = {
		.url = &feed->redis_url,
		.name = feed->origin_name,
		.password = feed->password,
		.ca_file = set->lemonade_ca_file,
		.timeout_msecs = set->lemonade_request_timeout
	};

	if (feed->channel == &channel_redis) {
		feed->redis = redis_conn_init(feeds->event, feeds->resolver,
					      &redis_set);
	} else if (feed->channel == &channel_webhook_batch) {
		feed->batches = webhook_batches_init(feed,
			set->lemonade_origin_connections);
	}
}

void feeds_start(struct feeds *feeds, const struct notifier *notifier,
		 const char *dns_client_socket_path)
{
	struct feed *feed;

	feeds->resolver = resolver_init(feeds->event, dns_client_socket_path);
	array_foreach_elem(&feeds->feeds, feed)
		feed_start(feeds, feed, notifier->set);
}

void feeds_stop(struct feeds *feeds)
{
	struct feed *feed;

	array_foreach_elem(&feeds->feeds, feed) {
		if (feed->redis != NULL)
			redis_conn_stop(feed->redis);
		if (feed->batches != NULL)
			webhook_batches_stop(feed->batches);
	}
	resolver_deinit(&feeds->resolver);
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
