#include "lib.h"
#include "array.h"
#include "base64.h"
#include "buffer.h"
#include "hostpid.h"
#include "ioloop.h"
#include "channel.h"
#include "device.h"
#include "emn-time.h"
#include "gateway-login.h"
#include "lemo-emn-wbxml.h"
#include "lemo-emn.h"
#include "lemo-pap.h"
#include "lemo-sms.h"
#include "lemo-weburl.h"
#include "lemonade-settings.h"
#include "sms-gateway.h"

/*
 * OMA EMN 1.0: "there is mail in this mailbox since then", as a WAP push. By
 * PAP to the administrator's Push Proxy Gateway, or, where there is none, ready
 * made by the SMS gateway. An EMN cannot carry a code: that goes as plain SMS.
 */

#define EMN_MAX 512

static const char *emn_host(const struct lemonade_settings *set)
{
	return *set->lemonade_hostname != '\0' ? set->lemonade_hostname :
		my_hostname;
}

/* At level 0 nobody on the way learns of a mailbox. */
static int emn_add(struct lemo_buf *buf, const struct channel_job *job,
		   const char **error_r)
{
	enum lemo_emn_mailbox form = LEMO_EMN_MAILBOX_DEVICE;
	struct lemo_buf mailbox;
	int ret;

	if (job->payload.level > LEMO_PAYLOAD_WAKEUP)
		(void)lemo_emn_mailbox_parse(job->set->lemonade_emn_mailbox,
					     &form);
	lemo_buf_init(&mailbox, EMN_MAX);
	lemo_emn_mailbox_add(&mailbox, form, job->user, job->device,
			     emn_host(job->set));
	if (mailbox.failed) {
		*error_r = "mailbox is longer than 200 octets";
		ret = -1;
	} else {
		ret = lemo_emn_wbxml_add(buf, mailbox.data,
					 emn_time_of_job(job), error_r);
	}
	lemo_buf_free(&mailbox);
	return ret;
}

static int build_wsp(pool_t pool, const struct channel_job *job,
		     const struct lemo_buf *emn, struct channel_request *req_r,
		     const char **error_r)
{
	struct lemo_buf push;
	int ret;

	lemo_buf_init(&push, LEMO_EMN_PUSH_MAX);
	lemo_emn_push_add(&push, emn->data, emn->len);
	ret = push.failed ? -1 :
		sms_gateway_build_binary(pool, job, LEMO_EMN_UDH, &push, req_r,
					 error_r);
	if (push.failed) {
		*error_r = "EMN does not fit into one SMS: set "
			"lemonade_emn_mailbox to device";
	}
	lemo_buf_free(&push);
	return ret;
}

/* No User-Agent: Kannel would put it into the SMS. */
static void pap_add_headers(pool_t pool, struct channel_request *req,
			    const char *boundary)
{
	const struct gateway_login *login = gateway_login_find("emn");
	const char *line = p_strdup_printf(pool, "Content-Type: "
		"multipart/related; boundary=%s; type=\"application/xml\"",
		boundary);
	buffer_t *buf;

	array_push_back(&req->headers, &line);
	line = "User-Agent:";
	array_push_back(&req->headers, &line);
	if (login == NULL)
		return;
	line = t_strconcat(login->user, ":", login->password, NULL);
	buf = t_buffer_create(MAX_BASE64_ENCODED_SIZE(strlen(line)));
	base64_encode(line, strlen(line), buf);
	line = p_strdup_printf(pool, "Authorization: Basic %.*s",
			       (int)buf->used, (const char *)buf->data);
	array_push_back(&req->headers, &line);
}

/* The same for all tries of a push, and no other's: two devices are told of
   one event. */
static const char *pap_push_id(const struct channel_job *job)
{
	return t_strdup_printf("%s.%s@%s", job->push_id,
			       device_log_name(job->user, job->device),
			       emn_host(job->set));
}

static int build_pap(pool_t pool, const struct channel_job *job,
		     const struct lemo_buf *emn, struct channel_request *req_r,
		     const char **error_r)
{
	char boundary[LEMO_PAP_BOUNDARY_SIZE];
	struct lemo_sms_number number;
	struct lemo_pap_push push = {
		.push_id = pap_push_id(job),
		.emn = emn->data, .emn_len = emn->len
	};
	struct lemo_weburl ppg;

	req_r->method = "POST";
	req_r->url = job->set->lemonade_emn_ppg_url;
	req_r->keep_body = LEMO_PAP_ANSWER_MAX;
	p_array_init(&req_r->headers, pool, 4);
	lemo_buf_init(&req_r->body, LEMO_PAYLOAD_MAX);
	if (lemo_sms_parse_url(job->url, &number, error_r) < 0 ||
	    lemo_weburl_parse(req_r->url, &ppg, error_r) < 0)
		return -1;
	push.number = number.digits;
	push.ppg = ppg.host;
	if (lemo_pap_add(&req_r->body, &push, boundary) < 0) {
		*error_r = "event has no valid id";
		return -1;
	}
	pap_add_headers(pool, req_r, boundary);
	return 0;
}

static bool has_ppg(const struct channel_job *job)
{
	return *job->set->lemonade_emn_ppg_url != '\0';
}

static int channel_emn_build(pool_t pool, const struct channel_job *job,
			     struct channel_request *req_r,
			     const char **error_r)
{
	struct lemo_buf emn;
	int ret;

	i_zero(req_r);
	if (job->payload.verification_code != NULL) {
		if (*job->set->lemonade_sms_url != '\0')
			return sms_gateway_build_text(pool, job, req_r,
						      error_r);
		*error_r = "an EMN cannot carry a code, and there is no "
			"lemonade_sms_url: ask the administrator";
		return -1;
	}
	lemo_buf_init(&emn, EMN_MAX);
	ret = emn_add(&emn, job, error_r);
	if (ret == 0) {
		ret = has_ppg(job) ?
			build_pap(pool, job, &emn, req_r, error_r) :
			build_wsp(pool, job, &emn, req_r, error_r);
	}
	lemo_buf_free(&emn);
	return ret;
}

static void pap_read_answer(struct channel_result *result)
{
	const char *body = result->body;
	unsigned int code;

	if (body == NULL)
		return;
	code = lemo_pap_code(body, strlen(body));
	if (code != 0)
		result->text = t_strdup_printf("PAP %u", code);
	gateway_set_result(result, lemo_pap_answer(result->status, code),
			   "PPG", "lemonade_emn_ppg_url");
}

/* It went past the PPG, which is not to blame. */
static void code_read_answer(struct channel_result *result)
{
	sms_gateway_read_answer(result);
	result->origin_failed = FALSE;
}

static gateway_read_t *read_of(const struct channel_job *job)
{
	if (!has_ppg(job))
		return sms_gateway_read_answer;
	return job->payload.verification_code != NULL ? code_read_answer :
		pap_read_answer;
}

static void channel_emn_send(struct http_sender *http,
			     const struct channel_job *job,
			     channel_callback_t *callback, void *context)
{
	gateway_send(http, job, channel_emn_build, read_of(job), callback,
		     context);
}

static const char *channel_emn_gateway(const struct lemonade_settings *set)
{
	return *set->lemonade_emn_ppg_url != '\0' ?
		set->lemonade_emn_ppg_url : set->lemonade_sms_url;
}

const struct channel_vfuncs channel_emn = {
	.name = "emn",
	.needs_url = TRUE,
	.needs_verification = TRUE,
	.costs_money = TRUE,
	.gateway = channel_emn_gateway,
	.build = channel_emn_build,
	.send = channel_emn_send,
};
