#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "randgen.h"
#include "safe-memset.h"
#include "sha2.h"
#include "channel.h"
#include "event-line.h"
#include "lemo-base64url.h"
#include "lemo-webpush.h"
#include "lemo-weburl.h"
#include "vapid.h"

/*
 * Web Push: RFC 8030, 8291 and 8292. The push service sees sizes and times;
 * what the push says is encrypted for the device.
 */

/* RFC 8030 5.4: at most 32 characters of the alphabet of base64url. */
#define TOPIC_OCTETS 24

static void webpush_add_header(struct channel_request *req, const char *line)
{
	array_push_back(&req->headers, &line);
}

/* Replaces what the push service still keeps of the same mailbox: a later
   alert, or what takes the alert back. `auth' is known to the device and to us,
   so that the push service cannot guess mailboxes. */
static const char *webpush_topic(pool_t pool, const struct channel_job *job)
{
	const char *const parts[] = {
		job->sub->auth, job->device, job->event->mailbox_guid != NULL ?
		job->event->mailbox_guid : job->event->mailbox
	};
	unsigned char digest[SHA256_RESULTLEN];
	struct sha256_ctx ctx;
	struct lemo_buf buf;
	const char *topic;
	unsigned int i;

	sha256_init(&ctx);
	for (i = 0; i < N_ELEMENTS(parts); i++) {
		if (parts[i] != NULL)
			sha256_loop(&ctx, parts[i], strlen(parts[i]));
		sha256_loop(&ctx, "", 1);
	}
	sha256_result(&ctx, digest);
	lemo_buf_init(&buf, LEMO_BASE64URL_LEN(TOPIC_OCTETS));
	lemo_base64url_add(&buf, digest, TOPIC_OCTETS);
	topic = p_strndup(pool, buf.data, buf.len);
	lemo_buf_free(&buf);
	return topic;
}

static const char *webpush_urgency(enum lemo_urgency urgency)
{
	static const char *const lines[] = {
		[LEMO_URGENCY_VERY_LOW] = "Urgency: very-low",
		[LEMO_URGENCY_LOW] = "Urgency: low",
		[LEMO_URGENCY_NORMAL] = "Urgency: normal",
		[LEMO_URGENCY_HIGH] = "Urgency: high"
	};

	return lines[urgency];
}

static int webpush_add_headers(pool_t pool, const struct channel_job *job,
			       struct channel_request *req,
			       const char **error_r)
{
	struct lemo_weburl url;
	const char *authorization;

	if (lemo_weburl_parse(job->url, &url, error_r) < 0)
		return -1;
	authorization = vapid_authorization(job->webpush.vapid,
					    job->webpush.key, url.origin,
					    error_r);
	if (authorization == NULL)
		return -1;
	webpush_add_header(req, p_strconcat(pool, "Authorization: ",
					    authorization, NULL));
	webpush_add_header(req, "Content-Type: application/octet-stream");
	webpush_add_header(req, "Content-Encoding: aes128gcm");
	webpush_add_header(req, p_strdup_printf(pool, "TTL: %u",
						event_ttl(job->event,
							  job->sub)));
	webpush_add_header(req, webpush_urgency(job->payload.urgency));
	webpush_add_header(req, p_strconcat(pool, "Topic: ",
					    webpush_topic(pool, job), NULL));
	return 0;
}

static void webpush_add_payload(struct lemo_buf *buf,
				const struct channel_job *job,
				enum lemo_payload level)
{
	struct lemo_payload_args args = job->payload;

	args.level = level;
	args.format = level <= LEMO_PAYLOAD_STATE ||
		args.verification_code != NULL ?
		LEMO_FORMAT_JMAP : LEMO_FORMAT_CLOUDEVENTS;
	lemo_buf_reset(buf);
	lemo_payload_add(buf, job->event, &args);
}

/* What does not fit is told with less. */
static int webpush_plaintext(const struct channel_job *job,
			     struct lemo_buf *buf)
{
	enum lemo_payload level = job->payload.level;

	webpush_add_payload(buf, job, level);
	while (buf->failed && level > LEMO_PAYLOAD_WAKEUP)
		webpush_add_payload(buf, job, --level);
	return buf->failed || buf->len == 0 ? -1 : 0;
}

static int webpush_add_body(const struct channel_job *job,
			    struct channel_request *req, const char **error_r)
{
	uint8_t salt[LEMO_WEBPUSH_SALT_LEN];
	struct lemo_buf plain;
	int ret;

	lemo_buf_init(&plain, LEMO_WEBPUSH_PLAINTEXT_MAX);
	random_fill(salt, sizeof(salt));
	ret = webpush_plaintext(job, &plain);
	if (ret < 0)
		*error_r = "payload is too large";
	else {
		ret = lemo_webpush_encrypt(job->webpush.crypto,
					   job->webpush.device, salt,
					   plain.data, plain.len, &req->body,
					   error_r);
	}
	if (plain.len > 0)
		safe_memset(plain.data, 0, plain.len);
	lemo_buf_free(&plain);
	return ret;
}

static int channel_webpush_build(pool_t pool, const struct channel_job *job,
				 struct channel_request *req_r,
				 const char **error_r)
{
	i_zero(req_r);
	req_r->method = "POST";
	req_r->url = job->url;
	p_array_init(&req_r->headers, pool, 8);
	lemo_buf_init(&req_r->body, LEMO_WEBPUSH_BODY_MAX);
	if (job->url == NULL) {
		*error_r = "device has no URL";
		return -1;
	}
	if (job->webpush.error != NULL) {
		*error_r = job->webpush.error;
		return -1;
	}
	if (webpush_add_headers(pool, job, req_r, error_r) < 0)
		return -1;
	return webpush_add_body(job, req_r, error_r);
}

static void channel_webpush_send(struct http_sender *http,
				 const struct channel_job *job,
				 channel_callback_t *callback, void *context)
{
	/* it is our own trouble: keys, settings, memory */
	channel_send_built(http, job, channel_webpush_build, job->trusted_url,
			   LEMO_ANSWER_RETRY, callback, context);
}

const struct channel_vfuncs channel_webpush = {
	.name = "webpush",
	.needs_url = TRUE,
	.needs_verification = TRUE,
	.ends_when_gone = TRUE,
	.secret_body = TRUE,
	.build = channel_webpush_build,
	.send = channel_webpush_send,
};
