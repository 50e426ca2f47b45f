#include "lib.h"
#include "array.h"
#include "channel.h"

static const struct channel_vfuncs *const channels[] = {
	&channel_webhook,
	&channel_webpush,
	&channel_emn,
	&channel_exec,
	&channel_mailto,
	&channel_sip,
	&channel_sms,
	&channel_token,
	&channel_log,
	&channel_null,
	&channel_xmpp,
};

const struct channel_vfuncs *channel_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(channels); i++) {
		if (strcmp(channels[i]->name, name) == 0)
			return channels[i];
	}
	return NULL;
}
