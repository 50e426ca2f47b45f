#include "lib.h"
#include "array.h"
#include "channel.h"
#include "lemo-token.h"

/*
 * Device tokens: the token, and nothing else, to the administrator's
 * notifier, which wakes the phone. 410 says that the token is no more.
 */

static int channel_token_build(pool_t pool, const struct channel_job *job,
			       struct channel_request *req_r,
			       const char **error_r)
{
	const char *line = "Content-Type: text/plain";

	i_zero(req_r);
	req_r->method = "POST";
	req_r->url = job->url;
	p_array_init(&req_r->headers, pool, 1);
	lemo_buf_init(&req_r->body, LEMO_TOKEN_MAX);
	if (job->url == NULL || job->sub->token == NULL) {
		*error_r = "device has no token";
		return -1;
	}
	array_push_back(&req_r->headers, &line);
	lemo_buf_adds(&req_r->body, job->sub->token);
	return 0;
}

static void channel_token_send(struct http_sender *http,
			       const struct channel_job *job,
			       channel_callback_t *callback, void *context)
{
	channel_send_built(http, job, channel_token_build, TRUE,
			   LEMO_ANSWER_PERMANENT, callback, context);
}

const struct channel_vfuncs channel_token = {
	.name = "token",
	.needs_url = TRUE,
	.ends_when_gone = TRUE,
	.secret_body = TRUE,
	.build = channel_token_build,
	.send = channel_token_send,
};
