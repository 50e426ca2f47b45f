#ifndef WEBHOOK_BATCHES_H
#define WEBHOOK_BATCHES_H

/*
 * The events of one feed that are on their way to a webhook, in batches
 * (CloudEvents JSON format 1.0, section 4). A batch waits for no event: it
 * takes what is there when a connection is free. All of a batch share its
 * answer, but for 400, 413 and 422: then it is sent again in halves until it
 * is known which event is refused.
 */

#include "channel.h"

/* Of one request; an event has LEMO_PAYLOAD_MAX at most. */
#define WEBHOOK_BATCH_OCTETS_MAX (256 * 1024)
#define WEBHOOK_BATCH_EVENTS_MAX 256

struct webhook_batches;

/* feed: must outlive it. connections: requests open at once. */
struct webhook_batches *
webhook_batches_init(const struct feed *feed, unsigned int connections);
/* Answers what has not been sent with LEMO_ANSWER_RETRY. Sends no more. */
void webhook_batches_stop(struct webhook_batches *batches);
/* Nothing may be open any more. */
void webhook_batches_deinit(struct webhook_batches **batches);

void webhook_batches_add(struct webhook_batches *batches,
			 struct http_sender *http,
			 const struct channel_job *job,
			 channel_callback_t *callback, void *context);

/* The request for these events. The body is there already, with the closing
   bracket. As channel_build_t. */
int webhook_batch_finish(pool_t pool, const struct feed *feed, const char *id,
			 struct channel_request *req, const char **error_r);

#endif
