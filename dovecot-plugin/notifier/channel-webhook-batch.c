#include "lib.h"
#include "channel-webhook.h"
#include "feeds.h"
#include "webhook-batches.h"

/*
 * As channel-webhook.c, but that many events go in one request. For feeds
 * only: a phone is told one thing at a time.
 */

/* A batch of this one. */
static int channel_webhook_batch_build(pool_t pool,
				       const struct channel_job *job,
				       struct channel_request *req_r,
				       const char **error_r)
{
	i_zero(req_r);
	lemo_buf_init(&req_r->body, LEMO_PAYLOAD_MAX);
	lemo_buf_addc(&req_r->body, '[');
	lemo_payload_add(&req_r->body, job->event, &job->payload);
	lemo_buf_addc(&req_r->body, ']');
	return webhook_batch_finish(pool, job->feed, job->push_id, req_r,
				    error_r);
}

static void channel_webhook_batch_send(struct http_sender *http,
				       const struct channel_job *job,
				       channel_callback_t *callback,
				       void *context)
{
	webhook_batches_add(job->feed->batches, http, job, callback, context);
}

const struct channel_vfuncs channel_webhook_batch = {
	.name = "webhook",
	.needs_url = TRUE,
	.build = channel_webhook_batch_build,
	.send = channel_webhook_batch_send,
};
