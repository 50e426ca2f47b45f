#ifndef FEEDS_H
#define FEEDS_H

/*
 * The admin's feeds, lemonade_feed_file: "DOMAIN URL SECRET-FILE [MAIL-USER]"
 * a line, "*" for all other domains. Read once, as root, since the secrets are.
 *
 * MAIL-USER is as whom Dovecot handles the mail of users that are no system
 * users: a name, a uid or a range of uids. Nobody else's word about them goes
 * to the feed: whoever has a shell can say something to the socket.
 */

#include "lemo-webhook-sign.h"

struct feed {
	char *domain;
	char *url;
	char *origin_name;
	int64_t origin_key;
	struct lemo_keyring keyring;
	/* of MAIL-USER; none: first > last */
	uint32_t uid_first, uid_last;
};

/* Never NULL. A line that is wrong is logged and left out. path: "" = none. */
struct feeds *feeds_init(struct event *event, const char *path);
void feeds_deinit(struct feeds **feeds);

/* The feed of a user's domain, NULL if there is none. */
const struct feed *feeds_find(const struct feeds *feeds, const char *user);
/* The feed that has this origin, NULL if none has. */
const struct feed *feeds_find_origin(const struct feeds *feeds, int64_t key);

#endif
