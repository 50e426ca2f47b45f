#include "lib.h"
#include "array.h"
#include "gateway-login.h"
#include "lemo-sms.h"
#include "lemonade-settings.h"
#include "sms-gateway.h"

#define CODING_GSM7 0
#define CODING_BINARY 1
#define CODING_UCS2 2

struct gateway_call {
	gateway_read_t *read;
	channel_callback_t *callback;
	void *context;
};

static void add_header(struct channel_request *req, const char *line)
{
	array_push_back(&req->headers, &line);
}

static void add_login(pool_t pool, struct channel_request *req)
{
	const struct gateway_login *login = gateway_login_find("sms");

	if (login == NULL)
		return;
	add_header(req, p_strconcat(pool, "X-Kannel-Username: ", login->user,
				    NULL));
	add_header(req, p_strconcat(pool, "X-Kannel-Password: ",
				    login->password, NULL));
}

static int sms_gateway_begin(pool_t pool, const struct channel_job *job,
			     struct channel_request *req_r,
			     const char **error_r)
{
	struct lemo_sms_number number;

	i_zero(req_r);
	req_r->method = "POST";
	req_r->url = job->set->lemonade_sms_url;
	req_r->keep_body = LEMO_SMS_ANSWER_MAX;
	p_array_init(&req_r->headers, pool, 8);
	lemo_buf_init(&req_r->body, LEMO_PAYLOAD_MAX);
	if (lemo_sms_parse_url(job->url, &number, error_r) < 0)
		return -1;
	add_login(pool, req_r);
	add_header(req_r, p_strconcat(pool, "X-Kannel-To: ", number.digits,
				      NULL));
	return 0;
}

static void add_coding(pool_t pool, struct channel_request *req, int coding)
{
	add_header(req, p_strdup_printf(pool, "X-Kannel-Coding: %d", coding));
}

int sms_gateway_build_text(pool_t pool, const struct channel_job *job,
			   struct channel_request *req_r, const char **error_r)
{
	bool ucs2;

	if (sms_gateway_begin(pool, job, req_r, error_r) < 0)
		return -1;
	lemo_sms_text_add(&req_r->body, job->event, &job->payload, &ucs2);
	if (req_r->body.failed || req_r->body.len == 0) {
		*error_r = "there is no text for an SMS";
		return -1;
	}
	add_coding(pool, req_r, ucs2 ? CODING_UCS2 : CODING_GSM7);
	add_header(req_r, "Content-Type: text/plain; charset=UTF-8");
	return 0;
}

int sms_gateway_build_binary(pool_t pool, const struct channel_job *job,
			     const char *udh, const struct lemo_buf *data,
			     struct channel_request *req_r,
			     const char **error_r)
{
	if (sms_gateway_begin(pool, job, req_r, error_r) < 0)
		return -1;
	add_coding(pool, req_r, CODING_BINARY);
	add_header(req_r, p_strconcat(pool, "X-Kannel-UDH: ", udh, NULL));
	add_header(req_r, "Content-Type: application/octet-stream");
	lemo_buf_add(&req_r->body, data->data, data->len);
	return 0;
}

void gateway_set_result(struct channel_result *result,
			enum lemo_gateway verdict, const char *name,
			const char *setting)
{
	switch (verdict) {
	case LEMO_GATEWAY_TAKEN:
		result->answer = LEMO_ANSWER_DONE;
		result->spent = TRUE;
		return;
	case LEMO_GATEWAY_BUSY:
		result->answer = LEMO_ANSWER_RETRY;
		return;
	case LEMO_GATEWAY_REFUSED:
		result->answer = LEMO_ANSWER_PERMANENT;
		result->origin_failed = FALSE;
		return;
	case LEMO_GATEWAY_MISSET:
		/* no fault of the device */
		result->text = t_strdup_printf("%s, %u: see %s and "
			"lemonade_gateway_file", name, result->status,
			setting);
		break;
	case LEMO_GATEWAY_UNKNOWN:
		if (result->status < 300) {
			result->text = t_strdup_printf("%s's answer is not "
				"understood: see %s", name, setting);
		}
		/* it may have sent it */
		result->spent = TRUE;
		break;
	}
	result->answer = LEMO_ANSWER_RETRY;
	result->origin_failed = TRUE;
}

void sms_gateway_read_answer(struct channel_result *result)
{
	const char *body = result->body;

	if (body == NULL)
		return;
	gateway_set_result(result, lemo_sms_answer(result->status, body,
						   strlen(body)),
			   "SMS gateway", "lemonade_sms_url");
}

static void gateway_answered(const struct channel_result *http_result,
			     void *context)
{
	struct gateway_call *call = context;
	struct channel_result result = *http_result;

	T_BEGIN {
		/* cut off before it could say so */
		result.spent = result.body == NULL && result.sent;
		call->read(&result);
		result.body = NULL;
		call->callback(&result, call->context);
	} T_END;
	i_free(call);
}

void gateway_send(struct http_sender *http, const struct channel_job *job,
		  channel_build_t *build, gateway_read_t *read,
		  channel_callback_t *callback, void *context)
{
	struct gateway_call *call = i_new(struct gateway_call, 1);

	call->read = read;
	call->callback = callback;
	call->context = context;
	channel_send_built(http, job, build, TRUE, LEMO_ANSWER_PERMANENT,
			   gateway_answered, call);
}
