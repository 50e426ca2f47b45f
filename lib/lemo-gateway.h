#ifndef LEMO_GATEWAY_H
#define LEMO_GATEWAY_H

/*
 * What a gateway to a network that costs money (SMS, WAP push) says of one
 * message.
 */

enum lemo_gateway {
	LEMO_GATEWAY_TAKEN,   /* it will be sent, or was */
	LEMO_GATEWAY_BUSY,    /* not now */
	LEMO_GATEWAY_REFUSED, /* never this message to this number */
	LEMO_GATEWAY_MISSET,  /* it refuses us: the administrator's to mend */
	LEMO_GATEWAY_UNKNOWN  /* not an answer to this: who knows */
};

#endif
