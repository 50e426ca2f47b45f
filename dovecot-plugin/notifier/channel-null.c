#include "lib.h"
#include "array.h"
#include "channel.h"

/* A device that never rings: what would have been sent shows in its status. */

static void channel_null_send(struct http_sender *http ATTR_UNUSED,
			      const struct channel_job *job ATTR_UNUSED,
			      channel_callback_t *callback, void *context)
{
	static const struct channel_result result = {
		.answer = LEMO_ANSWER_DONE,
		.text = "dropped",
	};

	callback(&result, context);
}

const struct channel_vfuncs channel_null = {
	.name = "null",
	.send = channel_null_send,
};
