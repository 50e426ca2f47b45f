#ifndef FEEDS_H
#define FEEDS_H

/*
 * The admin's feeds, lemonade_feed_file: "DOMAIN URL SECRET-FILE" a line,
 * "*" for all other domains. Read once, as root, since the secrets are.
 */

#include "lemo-webhook-sign.h"

struct feed {
	char *domain;
	char *url;
	char *origin_name;
	int64_t origin_key;
	struct lemo_keyring keyring;
};

/* Never NULL. A line that is wrong is logged and left out. path: "" = none. */
struct feeds *feeds_init(struct event *event, const char *path);
void feeds_deinit(struct feeds **feeds);

/* The feed of a user's domain, NULL if there is none. */
const struct feed *feeds_find(const struct feeds *feeds, const char *user);
/* The feed that has this origin, NULL if none has. */
const struct feed *feeds_find_origin(const struct feeds *feeds, int64_t key);

#endif
