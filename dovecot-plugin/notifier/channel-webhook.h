#ifndef CHANNEL_WEBHOOK_H
#define CHANNEL_WEBHOOK_H

#include "channel.h"

/* Adds the headers of Standard Webhooks to a request whose body is ready. id:
   the same for every try. FALSE if it cannot be signed. */
bool channel_webhook_sign(pool_t pool, const struct lemo_keyring *keyring,
			  const char *id, struct channel_request *req);

#endif
