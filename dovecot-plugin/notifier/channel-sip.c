#include "lib.h"
#include "array.h"
#include "channel.h"
#include "http-sender.h"
#include "lemo-sip.h"
#include "lemonade-settings.h"

/*
 * SIP MESSAGE (RFC 3428) to the device's URI, by the administrator's SIP
 * proxy: it gets a JSON-RPC request and answers with the final SIP status.
 */

struct sip_call {
	channel_callback_t *callback;
	void *context;
};

static int channel_sip_build(pool_t pool, const struct channel_job *job,
			     struct channel_request *req_r,
			     const char **error_r)
{
	const char *line = "Content-Type: application/json";

	i_zero(req_r);
	req_r->method = "POST";
	req_r->url = job->set->lemonade_sip_url;
	req_r->keep_body = LEMO_SIP_ANSWER_MAX;
	p_array_init(&req_r->headers, pool, 1);
	lemo_buf_init(&req_r->body, LEMO_PAYLOAD_MAX);
	array_push_back(&req_r->headers, &line);
	lemo_sip_rpc_add(&req_r->body, job->url, job->set->lemonade_sip_from,
			 job->event, &job->payload);
	if (req_r->body.failed) {
		*error_r = "payload is too large";
		return -1;
	}
	return 0;
}

static const char *sip_text(unsigned int code)
{
	return t_strdup_printf(code != 401 && code != 407 ? "SIP %u" :
		"SIP %u: lemonade_sip_from may not send without a password",
		code);
}

/* What the proxy says counts, not the HTTP status it comes with. */
static void sip_read_answer(struct channel_result *result)
{
	const char *body = result->body;
	enum lemo_sip_rpc kind;
	unsigned int code;

	result->body = NULL;
	kind = lemo_sip_rpc_parse(body, strlen(body), &code);
	if (kind == LEMO_SIP_RPC_UNKNOWN) {
		/* no fault of the device, whatever the HTTP status */
		if (result->answer == LEMO_ANSWER_DONE)
			result->text = "SIP proxy's answer is not understood: "
				"see lemonade_sip_url";
		else if (result->status < 500) {
			result->text = t_strdup_printf("SIP proxy, %u: see "
				"lemonade_sip_url", result->status);
		}
		result->answer = LEMO_ANSWER_RETRY;
		result->origin_failed = TRUE;
		return;
	}
	result->status = code;
	result->origin_failed = FALSE;
	if (kind == LEMO_SIP_RPC_STATUS) {
		result->answer = lemo_sip_answer_of_status(code);
		result->text = sip_text(code);
	} else {
		result->answer = lemo_answer_of_status(code);
		result->text = t_strdup_printf("SIP proxy's error %u", code);
	}
}

static void sip_answered(const struct channel_result *http_result,
			 void *context)
{
	struct sip_call *call = context;
	struct channel_result result = *http_result;

	T_BEGIN {
		if (result.body != NULL)
			sip_read_answer(&result);
		call->callback(&result, call->context);
	} T_END;
	i_free(call);
}

static void channel_sip_send(struct http_sender *http,
			     const struct channel_job *job,
			     channel_callback_t *callback, void *context)
{
	struct sip_call *call = i_new(struct sip_call, 1);

	call->callback = callback;
	call->context = context;
	channel_send_built(http, job, channel_sip_build, TRUE,
			   LEMO_ANSWER_PERMANENT, sip_answered, call);
}

static const char *channel_sip_gateway(const struct lemonade_settings *set)
{
	return set->lemonade_sip_url;
}

const struct channel_vfuncs channel_sip = {
	.name = "sip",
	.needs_url = TRUE,
	.needs_verification = TRUE,
	.gateway = channel_sip_gateway,
	.build = channel_sip_build,
	.send = channel_sip_send,
};
