#ifndef LEMONADE_CHANNELS_H
#define LEMONADE_CHANNELS_H

/*
 * What the settings say of the channels: one table for the mail processes,
 * which tell users early, and the notifier, which decides.
 */

struct lemonade_settings;

/* Why this channel is not served here, words to follow "channel"; NULL if it
   is. */
const char *lemonade_channel_refusal(const struct lemonade_settings *set,
				     const char *channel);
/* The highest payload level (enum lemo_payload) that a device with this
   channel gets. */
unsigned int lemonade_channel_ceiling(const struct lemonade_settings *set,
				      const char *channel);
/* May users send to this URI (see lemo-device-uri.h)? NULL, or why not, words
   to follow "url". */
const char *lemonade_uri_refusal(const struct lemonade_settings *set,
				 const char *uri);

#endif
