#ifndef FEEDS_H
#define FEEDS_H

/*
 * The admin's feeds, lemonade_feed_file: "DOMAIN URL SECRET-FILE [MAIL-USER]
 * [OPTION=VALUE]" a line, "*" for all other domains. Read once, as root, since
 * the secrets are.
 *
 * MAIL-USER is as whom Dovecot handles the mail of users that are no system
 * users: a name, a uid or a range of uids. Nobody else's word about them goes
 * to the feed: whoever has a shell can say something to the socket.
 */

#include "lemo-redis.h"
#include "lemo-webhook-sign.h"

struct channel_vfuncs;
struct notifier;
struct redis_conn;
struct webhook_batches;

struct feed {
	char *domain;
	char *url;
	/* for logs and the admin: no path of a webhook's */
	char *origin_name;
	int64_t origin_key;
	const struct channel_vfuncs *channel;
	/* of MAIL-USER; none: first > last */
	uint32_t uid_first, uid_last;
	/* events on their way at once, whose origin is this feed's alone; 0 =
	   each is a request to an origin as any other */
	unsigned int window;

	/* of a webhook; batch_max: events a request, 0 = not in batches */
	struct lemo_keyring keyring;
	unsigned int batch_max;
	struct webhook_batches *batches;

	/* of Redis; password NULL = the server wants none */
	struct lemo_redis_url redis_url;
	char *password;
	unsigned int maxlen;
	struct redis_conn *redis;
};

/* Never NULL. A line that is wrong is logged and left out. path: "" = none. */
struct feeds *feeds_init(struct event *event, const char *path);
void feeds_deinit(struct feeds **feeds);

/* What sends, from now on and until stopped: what is on its way is answered
   then, or when the HTTP sender is gone. */
void feeds_start(struct feeds *feeds, const struct notifier *notifier,
		 const char *dns_client_socket_path);
void feeds_stop(struct feeds *feeds);

/* The feed of a user's domain, NULL if there is none. */
const struct feed *feeds_find(const struct feeds *feeds, const char *user);
/* The feed that has this origin, NULL if none has. */
const struct feed *feeds_find_origin(const struct feeds *feeds, int64_t key);

#endif
