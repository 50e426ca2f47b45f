#ifndef LEMO_SIP_H
#define LEMO_SIP_H

/*
 * Pushes as SIP MESSAGE (RFC 3428), handed to a SIP proxy by JSON-RPC as
 * Kamailio speaks it (tm.t_uac_wait_block). Pure: what goes over the wire and
 * what an answer means.
 */

#include "lemo-payload.h"
#include "lemo-retry.h"

/* A SIP URI, octets: it is there twice in a MESSAGE, which is to have at most
   1300 (RFC 3428 8). */
#define LEMO_SIP_URI_MAX 200
/* The answer of the proxy, octets; a longer one is not understood. */
#define LEMO_SIP_ANSWER_MAX 2048
/* Others than the user may read it on the way. */
#define LEMO_SIP_PAYLOAD_MAX LEMO_PAYLOAD_LOCATOR

/* Points into the text it was parsed from. */
struct lemo_sip_uri {
	bool sips;
	const char *user, *host;
	size_t user_len, host_len;
	unsigned int port; /* 0 = none */
};

/* sip:user@host or sips:user@host, perhaps with :port, of RFC 3261 19.1. Less
   than that grammar: no password, parameters, headers, escapes or quotes, so
   that nothing in it can end a header or begin another; no IPv6 address.
   Returns 0, or -1 with a constant in *error_r, words to follow "url". */
int lemo_sip_uri_parse(const char *str, struct lemo_sip_uri *uri_r,
		       const char **error_r);

/* May a user send there? To the host and port of `from', the sender, and to
   hosts in `allow_hosts' (see lemo_fence_listed()): the proxy is no relay.
   NULL, or a constant that says why not, words to follow "url". */
const char *lemo_sip_refusal(const char *uri, const char *from,
			     const char *allow_hosts);

/* What a final SIP status means for the push. 2xx: done. Again later: 408 and
   480 (not there now), 486, 491 and 600 (busy), 401 and 407 (the proxy wants
   our password, which is the administrator's to mend), 5xx but for those that
   will never do (501, 505, 513), and 1xx or 0, which are not final. All others,
   404, 410 and 604 among them: permanent. */
enum lemo_answer lemo_sip_answer_of_status(unsigned int status);

/* Appends the JSON-RPC request: a MESSAGE from `from' to `uri', both valid,
   with plain words as its body, cut to the level in args and to
   LEMO_SIP_PAYLOAD_MAX. */
void lemo_sip_rpc_add(struct lemo_buf *buf, const char *uri, const char *from,
		      const struct lemo_event *event,
		      const struct lemo_payload_args *args);

enum lemo_sip_rpc {
	LEMO_SIP_RPC_STATUS,  /* the final SIP status */
	LEMO_SIP_RPC_ERROR,   /* the proxy could not send; its error code */
	LEMO_SIP_RPC_UNKNOWN  /* not an answer to this */
};
/* Reads an answer, which need not be text. *code_r: 100 to 699, 0 with
   LEMO_SIP_RPC_UNKNOWN; an error's code out of that range comes as 500. */
enum lemo_sip_rpc lemo_sip_rpc_parse(const char *answer, size_t len,
				     unsigned int *code_r);

#endif
