#ifndef LEMO_DEVICE_URI_H
#define LEMO_DEVICE_URI_H

/*
 * What a device's "url" may be other than a URL of the web: the URI schemes
 * (RFC 3986 3.1) that a channel of their own serves. A scheme belongs to one
 * channel.
 */

struct lemo_device_uri {
	const char *scheme;
	const char *channel;
	/* what it has to be, words to follow "url" */
	const char *must_be;
	/* Returns 0, or -1 with a constant in *error_r, words to follow
	   "url". */
	int (*check)(const char *uri, const char **error_r);
};

/* NULL: it has none of these schemes, so it is to be a URL of the web. */
const struct lemo_device_uri *lemo_device_uri_find(const char *uri);
/* One of those that the channel serves; NULL: it serves none of them. */
const struct lemo_device_uri *lemo_device_uri_of_channel(const char *channel);

#endif
