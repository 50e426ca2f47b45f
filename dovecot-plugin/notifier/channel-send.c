/* What the channels by HTTP share. */

#include "lib.h"
#include "array.h"
#include "channel.h"
#include "http-sender.h"

void channel_send_built(struct http_sender *http,
			const struct channel_job *job, channel_build_t *build,
			bool trusted_url, enum lemo_answer fault,
			channel_callback_t *callback, void *context)
{
	struct channel_result result = { .answer = fault };
	struct channel_request req;

	T_BEGIN {
		if (build(pool_datastack_create(), job, &req,
			  &result.text) < 0)
			callback(&result, context);
		else {
			http_sender_send(http, &req, trusted_url, callback,
					 context);
		}
	} T_END;
	lemo_buf_free(&req.body);
}
