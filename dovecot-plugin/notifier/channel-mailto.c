#include "lib.h"
#include "array.h"
#include "hostpid.h"
#include "ioloop.h"
#include "lemo-fence.h"
#include "lemo-mailto.h"
#include "lemonade-settings.h"
#include "channel.h"
#include "channel-mailto.h"
#include "smtp-sender.h"

/*
 * A mail to the device's address, by the administrator's mail server. It has
 * no sender, so that nothing comes back, and is marked so that it makes no
 * other (RFC 5436 2.7).
 */

#define MAIL_MAX LEMO_PAYLOAD_MAX

static struct smtp_sender *smtp;
/* Why there is none. */
static char *smtp_error;

static int channel_mailto_build(pool_t pool, const struct channel_job *job,
				struct channel_request *req_r,
				const char **error_r)
{
	const struct lemo_mailto_mail mail = {
		.uri = job->url,
		.from = job->set->lemonade_mailto_from,
		.push_id = job->push_id,
		.now = ioloop_time
	};
	const char *line = "MAIL FROM:<>";

	i_zero(req_r);
	req_r->method = "SMTP";
	p_array_init(&req_r->headers, pool, 2);
	array_push_back(&req_r->headers, &line);
	line = p_strdup_printf(pool, "RCPT TO:<%s>",
			       strchr(job->url, ':') + 1);
	array_push_back(&req_r->headers, &line);
	lemo_buf_init(&req_r->body, MAIL_MAX);
	if (!lemo_mailto_add(&req_r->body, &mail, job->event, &job->payload)) {
		*error_r = "event has no valid id";
		return -1;
	}
	if (req_r->body.failed) {
		*error_r = "payload is too large";
		return -1;
	}
	return 0;
}

static void mailto_fail(channel_callback_t *callback, void *context,
			enum lemo_answer answer, bool origin_failed,
			const char *text)
{
	const struct channel_result result = {
		.answer = answer, .origin_failed = origin_failed, .text = text
	};

	callback(&result, context);
}

static void channel_mailto_send(struct http_sender *http ATTR_UNUSED,
				const struct channel_job *job,
				channel_callback_t *callback, void *context)
{
	struct lemo_mailto_address to;
	struct channel_request req;
	const char *error;

	if (smtp == NULL) {
		mailto_fail(callback, context, LEMO_ANSWER_RETRY, TRUE,
			    smtp_error);
		return;
	}
	i_zero(&req);
	T_BEGIN {
		if (lemo_mailto_parse(job->url, &to, &error) < 0 ||
		    channel_mailto_build(pool_datastack_create(), job, &req,
					 &error) < 0) {
			mailto_fail(callback, context, LEMO_ANSWER_PERMANENT,
				    FALSE, error);
		} else {
			smtp_sender_send(smtp,
				t_strndup(to.local, to.local_len),
				t_strndup(to.domain, to.domain_len),
				&req.body, callback, context);
		}
	} T_END;
	lemo_buf_free(&req.body);
}

static bool relay_is_near(const struct lemonade_settings *set,
			  const struct lemo_mailto_relay *relay)
{
	return strcmp(relay->host, "localhost") == 0 ||
		strncmp(relay->host, "127.", 4) == 0 ||
		strcmp(relay->host, "::1") == 0 ||
		lemo_fence_listed(set->lemonade_allow_hosts, relay->host,
				  relay->port, NULL, 0);
}

static enum smtp_sender_tls relay_tls(const struct lemonade_settings *set,
				      const struct lemo_mailto_relay *relay)
{
	if (relay->smtps)
		return SMTP_SENDER_TLS_IMMEDIATE;
	return relay_is_near(set, relay) ? SMTP_SENDER_TLS_NONE :
		SMTP_SENDER_TLS_STARTTLS;
}

static const char *channel_mailto_origin(const struct lemonade_settings *set)
{
	struct lemo_mailto_relay relay;
	const char *error;

	if (lemo_mailto_relay_parse(set->lemonade_mailto_url, &relay,
				    &error) < 0)
		return "mailto:";
	return t_strdup_printf(strchr(relay.host, ':') == NULL ?
			       "%s://%s:%u" : "%s://[%s]:%u",
			       relay.smtps ? "smtps" : "smtp", relay.host,
			       relay.port);
}

static int mailto_init(struct event *event,
		       const struct lemonade_settings *set,
		       const char *dns_client_socket_path,
		       const char **error_r)
{
	const char *hostname = set->lemonade_hostname;
	struct smtp_sender_settings smtp_set;
	struct lemo_mailto_relay relay;

	if (lemo_mailto_relay_parse(set->lemonade_mailto_url, &relay,
				    error_r) < 0)
		return -1;
	i_zero(&smtp_set);
	smtp_set.setting = "lemonade_mailto_url";
	smtp_set.host = relay.host;
	smtp_set.port = relay.port;
	smtp_set.tls = relay_tls(set, &relay);
	smtp_set.ca_file = set->lemonade_ca_file;
	smtp_set.hostname = *hostname != '\0' ? hostname : my_hostname;
	smtp_set.dns_client_socket_path = dns_client_socket_path;
	smtp_set.timeout_msecs = set->lemonade_request_timeout;
	return smtp_sender_init(event, &smtp_set, &smtp, error_r);
}

void channel_mailto_init(struct event *event,
			 const struct lemonade_settings *set,
			 const char *dns_client_socket_path)
{
	const char *error;

	if (*set->lemonade_mailto_url == '\0' ||
	    mailto_init(event, set, dns_client_socket_path, &error) == 0)
		return;
	smtp_error = i_strdup(error);
	e_error(event, "channel mailto: %s", error);
}

void channel_mailto_deinit(void)
{
	if (smtp != NULL)
		smtp_sender_deinit(&smtp);
	i_free(smtp_error);
}

const struct channel_vfuncs channel_mailto = {
	.name = "mailto",
	.needs_url = TRUE,
	.needs_verification = TRUE,
	.origin = channel_mailto_origin,
	.build = channel_mailto_build,
	.send = channel_mailto_send,
};
