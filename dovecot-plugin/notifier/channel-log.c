#include "lib.h"
#include "array.h"
#include "str-sanitize.h"
#include "channel.h"
#include "device.h"

/* Pushes as lines in Dovecot's log, for trying things out. Says no more than
   any other log line of ours: user, device (hashed), event. */

static const char *channel_log_device(const struct channel_job *job)
{
	if (job->device == NULL)
		return "feed";
	return t_strconcat("device ",
			   device_log_name(job->user, job->device), NULL);
}

static void channel_log_send(struct http_sender *http ATTR_UNUSED,
			     const struct channel_job *job,
			     channel_callback_t *callback, void *context)
{
	static const struct channel_result result = {
		.answer = LEMO_ANSWER_DONE,
		.text = "logged",
	};

	i_info("push: user %s, %s: %s %s, events %u",
	       str_sanitize(job->user, 255), channel_log_device(job),
	       lemo_event_type_name(job->event->type),
	       str_sanitize(job->event->id, LEMO_EVENT_ID_LEN),
	       job->payload.events_count);
	callback(&result, context);
}

const struct channel_vfuncs channel_log = {
	.name = "log",
	.send = channel_log_send,
};
