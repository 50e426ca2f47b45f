#include "lib.h"
#include "array.h"
#include "channel.h"
#include "feeds.h"
#include "redis-conn.h"

/*
 * XADD key MAXLEN ~ n * id I type T user U event JSON (Redis Streams). The
 * event is the body that a webhook has; the other fields are for consumers
 * that look before they parse. For feeds only.
 */

#define REDIS_KEY_MAX 1024

enum {
	ARG_XADD, ARG_KEY, ARG_MAXLEN, ARG_ABOUT, ARG_COUNT, ARG_NEW_ID,
	ARG_ID, ARG_ID_VALUE, ARG_TYPE, ARG_TYPE_VALUE, ARG_USER,
	ARG_USER_VALUE, ARG_EVENT, ARG_EVENT_VALUE, ARGS
};

struct redis_command {
	const char *argv[ARGS];
	size_t lens[ARGS];
	char count[MAX_INT_STRLEN];
	struct lemo_buf key, type, event;
};

static void command_set(struct redis_command *cmd, unsigned int arg,
			const char *value)
{
	cmd->argv[arg] = value;
	cmd->lens[arg] = strlen(value);
}

static void command_fill(struct redis_command *cmd,
			 const struct channel_job *job)
{
	command_set(cmd, ARG_XADD, "XADD");
	command_set(cmd, ARG_KEY, cmd->key.data);
	command_set(cmd, ARG_MAXLEN, "MAXLEN");
	command_set(cmd, ARG_ABOUT, "~");
	i_snprintf(cmd->count, sizeof(cmd->count), "%u", job->feed->maxlen);
	command_set(cmd, ARG_COUNT, cmd->count);
	command_set(cmd, ARG_NEW_ID, "*");
	command_set(cmd, ARG_ID, "id");
	command_set(cmd, ARG_ID_VALUE, job->push_id);
	command_set(cmd, ARG_TYPE, "type");
	command_set(cmd, ARG_TYPE_VALUE, cmd->type.data);
	command_set(cmd, ARG_USER, "user");
	command_set(cmd, ARG_USER_VALUE, job->user);
	command_set(cmd, ARG_EVENT, "event");
	cmd->argv[ARG_EVENT_VALUE] = cmd->event.data;
	cmd->lens[ARG_EVENT_VALUE] = cmd->event.len;
}

static int command_init(struct redis_command *cmd,
			const struct channel_job *job, const char **error_r)
{
	lemo_buf_init(&cmd->key, REDIS_KEY_MAX);
	lemo_buf_init(&cmd->type, REDIS_KEY_MAX);
	lemo_buf_init(&cmd->event, LEMO_PAYLOAD_MAX);
	lemo_redis_stream_add(&job->feed->redis_url, job->user, &cmd->key);
	lemo_payload_add_type(&cmd->type, job->event, &job->payload);
	lemo_payload_add(&cmd->event, job->event, &job->payload);
	if (cmd->key.failed || cmd->key.len == 0) {
		*error_r = "stream's name is empty or too long";
		return -1;
	}
	if (cmd->type.failed || cmd->event.failed || cmd->event.len == 0) {
		*error_r = "payload is too large";
		return -1;
	}
	command_fill(cmd, job);
	return 0;
}

static void command_free(struct redis_command *cmd)
{
	lemo_buf_free(&cmd->key);
	lemo_buf_free(&cmd->type);
	lemo_buf_free(&cmd->event);
}

/* For test --dry-run: what stands before the event is shown as headers. */
static int channel_redis_build(pool_t pool, const struct channel_job *job,
			       struct channel_request *req_r,
			       const char **error_r)
{
	struct redis_command cmd;
	const char *header;
	unsigned int i;
	int ret;

	i_zero(req_r);
	req_r->method = "XADD";
	req_r->url = job->url;
	p_array_init(&req_r->headers, pool, ARGS);
	lemo_buf_init(&req_r->body, LEMO_PAYLOAD_MAX);
	ret = command_init(&cmd, job, error_r);
	for (i = ARG_KEY; ret == 0 && i < ARG_EVENT_VALUE; i++) {
		header = p_strdup(pool, cmd.argv[i]);
		array_push_back(&req_r->headers, &header);
	}
	if (ret == 0)
		lemo_buf_add(&req_r->body, cmd.event.data, cmd.event.len);
	command_free(&cmd);
	return ret;
}

static void channel_redis_send(struct http_sender *http ATTR_UNUSED,
			       const struct channel_job *job,
			       channel_callback_t *callback, void *context)
{
	struct channel_result result = { .answer = LEMO_ANSWER_PERMANENT };
	struct redis_command cmd;

	if (command_init(&cmd, job, &result.text) < 0)
		callback(&result, context);
	else {
		redis_conn_send(job->feed->redis, ARGS, cmd.argv, cmd.lens,
				callback, context);
	}
	command_free(&cmd);
}

const struct channel_vfuncs channel_redis = {
	.name = "redis",
	.needs_url = TRUE,
	.build = channel_redis_build,
	.send = channel_redis_send,
};
