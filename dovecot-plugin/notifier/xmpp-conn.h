#ifndef XMPP_CONN_H
#define XMPP_CONN_H

/*
 * The one connection to the XMPP server, as its external component
 * (XEP-0114): plain TCP to a host that the settings allow. It is made when
 * somebody wants it and kept; whoever wants it does the backing off.
 */

#include "lemo-xmpp-reader.h"

struct lemonade_settings;
struct xmpp_conn;

/* Octets that the server has not taken yet, at most. */
#define XMPP_CONN_OUTPUT_MAX (2 * 1024 * 1024)

struct xmpp_conn_callbacks {
	/* the server has accepted the component */
	void (*ready)(void *context);
	/* a message or an iq; must not deinit */
	void (*stanza)(const struct lemo_xmpp_stanza *stanza, void *context);
	/* It cannot be made, or ended: what was not answered may be lost.
	   text: a few words, in the data stack. */
	void (*failed)(const char *text, void *context);
};

/* secret: not copied. */
struct xmpp_conn *xmpp_conn_init(struct event *event,
				 const struct lemonade_settings *set,
				 const char *secret,
				 const char *dns_client_socket_path,
				 const struct xmpp_conn_callbacks *callbacks,
				 void *context);
/* No callback is called any more. */
void xmpp_conn_deinit(struct xmpp_conn **conn);

/* Begins to connect unless it is connected or about to be. ready() or failed()
   is called within lemonade_request_timeout, perhaps before this returns. */
void xmpp_conn_want(struct xmpp_conn *conn);
bool xmpp_conn_is_ready(const struct xmpp_conn *conn);

/* Sends octets; they are written at the latest with flush(). Only when it is
   ready. If the server takes too little of it the connection ends soon. */
void xmpp_conn_send(struct xmpp_conn *conn, const void *data, size_t len);
void xmpp_conn_flush(struct xmpp_conn *conn);
/* Ends it; failed() is called. */
void xmpp_conn_fail(struct xmpp_conn *conn, const char *text);

#endif
