#ifndef SMS_GATEWAY_H
#define SMS_GATEWAY_H

/*
 * Kannel's sendsms, lemonade_sms_url, for the channels sms and emn: one SMS by
 * POST, with what belongs to it in headers, so that no password is in a URL.
 */

#include "channel.h"
#include "lemo-gateway.h"

/* As channel_build_t: the job's words, or its code. */
channel_build_t sms_gateway_build_text;
/* Octets after a user data header (hex). data is copied. */
int sms_gateway_build_binary(pool_t pool, const struct channel_job *job,
			     const char *udh, const struct lemo_buf *data,
			     struct channel_request *req_r,
			     const char **error_r);
/* What the gateway says counts, not the HTTP status it comes with; without an
   answer nothing changes. */
void sms_gateway_read_answer(struct channel_result *result);

/* The verdict of a gateway, with its name for the texts, and the setting that
   has its URL. */
void gateway_set_result(struct channel_result *result,
			enum lemo_gateway verdict, const char *name,
			const char *setting);

/* For send(): a call whose answer, if result->body is not NULL, is read by
   `read' first. */
typedef void gateway_read_t(struct channel_result *result);
void gateway_send(struct http_sender *http, const struct channel_job *job,
		  channel_build_t *build, gateway_read_t *read,
		  channel_callback_t *callback, void *context);

#endif
