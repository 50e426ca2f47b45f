#include "lib.h"
#include "channel.h"
#include "lemonade-settings.h"
#include "sms-gateway.h"

/*
 * A text message to the device's number, by the administrator's SMS gateway.
 */

static void channel_sms_send(struct http_sender *http,
			     const struct channel_job *job,
			     channel_callback_t *callback, void *context)
{
	gateway_send(http, job, sms_gateway_build_text,
		     sms_gateway_read_answer, callback, context);
}

static const char *channel_sms_gateway(const struct lemonade_settings *set)
{
	return set->lemonade_sms_url;
}

const struct channel_vfuncs channel_sms = {
	.name = "sms",
	.needs_url = TRUE,
	.needs_verification = TRUE,
	.costs_money = TRUE,
	.gateway = channel_sms_gateway,
	.build = sms_gateway_build_text,
	.send = channel_sms_send,
};
