#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "channel-webhook.h"

#include <ctype.h>

/*
 * A POST of the payload in the body style that the device asked for, signed as
 * Standard Webhooks has it: webhook-id stays the same when a push is tried
 * again, webhook-timestamp is the time of the try.
 */

#define WEBHOOK_HEADER_MAX 4096
#define WEBHOOK_ID_MAX 255

/* The id goes into a header and into the signed text, whose parts are
   separated by dots. */
static bool webhook_id_is_valid(const char *id)
{
	size_t len;

	for (len = 0; id[len] != '\0'; len++) {
		if (!i_isalnum(id[len]) && strchr("_:-", id[len]) == NULL)
			return FALSE;
	}
	return len > 0 && len <= WEBHOOK_ID_MAX;
}

static void webhook_add_header(struct channel_request *req, const char *line)
{
	array_push_back(&req->headers, &line);
}

/* What is in buf becomes a header; buf is emptied. */
static void webhook_take_header(pool_t pool, struct channel_request *req,
				struct lemo_buf *buf)
{
	webhook_add_header(req, p_strndup(pool, buf->data, buf->len));
	lemo_buf_reset(buf);
}

static void
webhook_add_format_headers(pool_t pool, const struct channel_job *job,
			   struct channel_request *req, struct lemo_buf *buf)
{
	unsigned int n;

	webhook_add_header(req, p_strconcat(pool, "Content-Type: ",
		lemo_payload_content_type(job->payload.format), NULL));
	for (n = 0; lemo_payload_add_header(buf, job->event, &job->payload, n);
	     n++) {
		if (buf->failed)
			return;
		webhook_take_header(pool, req, buf);
	}
}

bool channel_webhook_sign(pool_t pool, const struct lemo_keyring *keyring,
			  const char *id, struct channel_request *req)
{
	struct lemo_buf buf;
	bool ok;

	webhook_add_header(req, p_strconcat(pool, "webhook-id: ", id, NULL));
	webhook_add_header(req, p_strdup_printf(pool,
		"webhook-timestamp: %"PRIdTIME_T, ioloop_time));
	lemo_buf_init(&buf, WEBHOOK_HEADER_MAX);
	lemo_buf_adds(&buf, "webhook-signature: ");
	lemo_webhook_sign(keyring, id, ioloop_time, req->body.data,
			  req->body.len, &buf);
	ok = !buf.failed;
	if (ok)
		webhook_take_header(pool, req, &buf);
	lemo_buf_free(&buf);
	return ok;
}

static bool webhook_add_headers(pool_t pool, const struct channel_job *job,
				struct channel_request *req)
{
	struct lemo_buf buf;
	bool ok;

	lemo_buf_init(&buf, WEBHOOK_HEADER_MAX);
	webhook_add_format_headers(pool, job, req, &buf);
	ok = !buf.failed;
	lemo_buf_free(&buf);
	return ok && channel_webhook_sign(pool, job->keyring, job->push_id,
					  req);
}

static int channel_webhook_build(pool_t pool, const struct channel_job *job,
				 struct channel_request *req_r,
				 const char **error_r)
{
	i_zero(req_r);
	req_r->method = "POST";
	req_r->url = job->url;
	p_array_init(&req_r->headers, pool, 8);
	lemo_buf_init(&req_r->body, LEMO_PAYLOAD_MAX);
	if (job->url == NULL) {
		*error_r = "device has no URL";
		return -1;
	}
	if (!webhook_id_is_valid(job->push_id)) {
		*error_r = "event has no valid id";
		return -1;
	}
	lemo_payload_add(&req_r->body, job->event, &job->payload);
	if (req_r->body.failed || req_r->body.len == 0) {
		*error_r = "payload is too large";
		return -1;
	}
	if (!webhook_add_headers(pool, job, req_r)) {
		*error_r = "payload cannot be signed";
		return -1;
	}
	return 0;
}

static void channel_webhook_send(struct http_sender *http,
				 const struct channel_job *job,
				 channel_callback_t *callback, void *context)
{
	channel_send_built(http, job, channel_webhook_build, job->trusted_url,
			   LEMO_ANSWER_PERMANENT, callback, context);
}

const struct channel_vfuncs channel_webhook = {
	.name = "webhook",
	.needs_url = TRUE,
	.needs_verification = TRUE,
	.build = channel_webhook_build,
	.send = channel_webhook_send,
};
