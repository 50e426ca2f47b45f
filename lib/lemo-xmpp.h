#ifndef LEMO_XMPP_H
#define LEMO_XMPP_H

/*
 * Pushes as XMPP messages (RFC 5437), sent by an external component of the
 * XMPP server (XEP-0114). Pure: addresses, and what we say;
 * lemo-xmpp-reader.h has what the server says.
 */

#include "lemo-payload.h"
#include "lemo-retry.h"

/* An XMPP address with its resource, octets. RFC 7622 allows 3071. */
#define LEMO_XMPP_JID_MAX 200
/* A URI with its query, octets. */
#define LEMO_XMPP_URI_MAX 1000
/* Others than the user may read it on the way. */
#define LEMO_XMPP_PAYLOAD_MAX LEMO_PAYLOAD_LOCATOR
/* A stanza of ours, octets. */
#define LEMO_XMPP_MESSAGE_MAX LEMO_PAYLOAD_MAX
/* Times that a message is sent while it comes back with an error that may
   pass (RFC 5437 4, item 10: between 3 and 10). */
#define LEMO_XMPP_TRIES_MAX 10
/* What servers listen on for components; there is no official one. */
#define LEMO_XMPP_COMPONENT_PORT 5347

/* Points into the text it was parsed from. */
struct lemo_xmpp_uri {
	/* user@host, perhaps with /resource */
	const char *jid;
	size_t jid_len;
	/* user@host alone */
	size_t bare_len;
	const char *domain;
	size_t domain_len;
	/* behind the "?", NULL if there is none */
	const char *query;
};

/* xmpp:user@host or xmpp:user@host/resource, perhaps with ?query, of RFC 5122.
   Less than that grammar: no authority, fragment, or escapes in the address,
   and of the characters only those that mean nothing in XML, so that the
   address can stand there as it is. Returns 0, or -1 with a constant in
   *error_r, words to follow "url". */
int lemo_xmpp_uri_parse(const char *str, struct lemo_xmpp_uri *uri_r,
			const char **error_r);

/* Appends the value that the query has for the key, decoded: "body" or
   "subject" of ?message;subject=Hello%20you (RFC 5122 2.5, XEP-0147). False,
   and nothing appended, if there is none, or it is no text. */
bool lemo_xmpp_uri_get(const struct lemo_xmpp_uri *uri, const char *key,
		       struct lemo_buf *value);

/* Is it host or user@host, of the same characters as in URIs? */
bool lemo_xmpp_is_address(const char *jid);
/* The host of such an address, within it. */
const char *lemo_xmpp_domain(const char *jid);

/* May a user send there? To addresses of the domain that `from', the sender,
   is a component of (notify.example.org: of example.org), and of domains in
   `allow_hosts' (see lemo_fence_listed()) with port 5269, or any: the server
   is no relay. NULL, or a constant that says why not, words to follow "url".
   */
const char *lemo_xmpp_refusal(const char *uri, const char *from,
			      const char *allow_hosts);

/* What an error's type (RFC 6120 8.3.2) means for a message that was sent
   `tries' times before (RFC 5437 4, item 10): "wait" again, up to
   LEMO_XMPP_TRIES_MAX times in all; "modify" would need another message, so
   all others are permanent. */
enum lemo_answer lemo_xmpp_answer_of_error(const char *type,
					   unsigned int tries);

/*
 * What we say, appended to buf
 */

/* Ends the stream. */
#define LEMO_XMPP_CLOSING "</stream:stream>"

/* Text between tags or within an attribute: escaped; what XML 1.0 forbids and
   what is no UTF-8 is left out. */
void lemo_xmpp_text_add(struct lemo_buf *buf, const char *str, size_t len);

/* Begins the stream to the component's domain. */
void lemo_xmpp_open_add(struct lemo_buf *buf, const char *domain);
/* digest: SHA-1 of stream id and secret in small hexadecimal. */
void lemo_xmpp_handshake_add(struct lemo_buf *buf, const char *digest);

/* The push as a <message/> of type normal (a headline is thrown away where
   nobody is logged in) from `from' to `uri', both valid; cut to the level in
   args and to LEMO_XMPP_PAYLOAD_MAX. id: comes back with an error. */
void lemo_xmpp_message_add(struct lemo_buf *buf, const char *uri,
			   const char *from, const char *id,
			   const struct lemo_event *event,
			   const struct lemo_payload_args *args);

/* A ping (XEP-0199) from the component's domain to itself. It comes back
   through the server, behind what the server said of all before. */
void lemo_xmpp_ping_add(struct lemo_buf *buf, const char *domain,
			const char *id);

/* The answer to a request of somebody: we serve nothing (RFC 6120 8.3.3.19,
   8.4). */
void lemo_xmpp_unserved_add(struct lemo_buf *buf, const char *from,
			    const char *to, const char *id);

#endif
