#ifndef LEMO_XMPP_READER_H
#define LEMO_XMPP_READER_H

/*
 * What an XMPP server says to a component (XEP-0114), stanza by stanza, as
 * far as it matters to one that only sends. Pull parser over expat: memory,
 * depth and the octets of a stanza are bounded, a document type (and with it
 * any entity) is an error, as RFC 6120 11.1 wants.
 */

#include <stdbool.h>
#include <stddef.h>

/* A stanza of others, octets; a bounced message has what we sent in it. */
#define LEMO_XMPP_STANZA_MAX (64 * 1024)
#define LEMO_XMPP_DEPTH_MAX 32
/* Attributes that are longer come as "": they are none of ours. */
#define LEMO_XMPP_ID_MAX 255
#define LEMO_XMPP_FROM_MAX 3071 /* RFC 7622 3.1 */
#define LEMO_XMPP_WORD_MAX 63

enum lemo_xmpp_kind {
	LEMO_XMPP_OTHER,        /* <presence/>, or none of XMPP's */
	LEMO_XMPP_OPEN,         /* the stream begins; its id */
	LEMO_XMPP_ACCEPTED,     /* <handshake/> */
	LEMO_XMPP_MESSAGE,
	LEMO_XMPP_IQ,
	LEMO_XMPP_STREAM_ERROR, /* its condition; the stream ends */
	LEMO_XMPP_CLOSE         /* </stream:stream> */
};

/* All strings are "" if there is none. */
struct lemo_xmpp_stanza {
	enum lemo_xmpp_kind kind;
	char type[LEMO_XMPP_WORD_MAX + 1];
	char id[LEMO_XMPP_ID_MAX + 1];
	char from[LEMO_XMPP_FROM_MAX + 1];
	/* of an <error/> in it: type and condition (RFC 6120 8.3) */
	char error_type[LEMO_XMPP_WORD_MAX + 1];
	char condition[LEMO_XMPP_WORD_MAX + 1];
};

struct lemo_xmpp_reader;

/* NULL: out of memory. */
struct lemo_xmpp_reader *lemo_xmpp_reader_init(void);
void lemo_xmpp_reader_deinit(struct lemo_xmpp_reader **reader);

/* Gives it octets as they came, at most LEMO_XMPP_STANZA_MAX; not before next()
   has returned 0 or -1. */
void lemo_xmpp_reader_push(struct lemo_xmpp_reader *reader, const char *data,
			   size_t len);
/* 1 and the next stanza, which lives until the next call; 0: it wants more; -1
   with a constant in *error_r: it will understand nothing any more. */
int lemo_xmpp_reader_next(struct lemo_xmpp_reader *reader,
			  const struct lemo_xmpp_stanza **stanza_r,
			  const char **error_r);

#endif
