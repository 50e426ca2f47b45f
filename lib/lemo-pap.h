#ifndef LEMO_PAP_H
#define LEMO_PAP_H

/*
 * Push Access Protocol 1.0: an EMN handed to a Push Proxy Gateway, and what
 * that answers.
 */

#include "lemo-buf.h"
#include "lemo-gateway.h"

/* The answer, octets; more is not looked at. */
#define LEMO_PAP_ANSWER_MAX 4096
/* With the NUL. */
#define LEMO_PAP_BOUNDARY_SIZE 32

struct lemo_pap_push {
	/* id@host, never the same for two messages: letters, digits and
	   "-._:@" */
	const char *push_id;
	const char *number; /* "+" and digits */
	const char *ppg;    /* host of the gateway */
	const void *emn;
	size_t emn_len;
};

/* Appends the body: multipart/related, of type application/xml, with this
   boundary. -1, nothing appended, if a part of the push is not as said. */
int lemo_pap_add(struct lemo_buf *buf, const struct lemo_pap_push *push,
		 char boundary_r[LEMO_PAP_BOUNDARY_SIZE]);

/* The code of the response-result or badmessage-response in an answer, 1000 to
   9999; 0 if there is none. Not an XML parser: the answer need not be XML. */
unsigned int lemo_pap_code(const char *answer, size_t len);
/* status: of HTTP; code: of PAP. Duplicate push-id (2007): an earlier try was
   taken. */
enum lemo_gateway lemo_pap_answer(unsigned int status, unsigned int code);

#endif
