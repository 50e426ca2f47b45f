#ifndef IMAP_LEMONADE_URLAUTH_H
#define IMAP_LEMONADE_URLAUTH_H

/*
 * URLAUTH (RFC 4467, 5524, 5593) as Lemonade has it: Dovecot makes and checks
 * the tokens; which URLs it is asked about, and what is answered, is ours. On
 * as soon as imap_urlauth_host and an attribute dictionary are set.
 */

#include "imap-url.h"
#include "lemo-urlauth.h"

struct client;
struct client_command_context;

/* What a client may do. */
struct imap_lemonade_urlauth {
	/* enum lemo_urlauth_access that are not switched off */
	unsigned int access;
	/* lemonade_urlauth_tls asks for TLS, and this client has none */
	bool tls_missing;
};

void imap_lemonade_urlauth_init(void);
void imap_lemonade_urlauth_deinit(void);
void imap_lemonade_urlauth_client_created(struct client *client);

/* NULL if Lemonade or URLAUTH is off for the client. */
const struct imap_lemonade_urlauth *
imap_lemonade_urlauth_get(struct client *client);

/* Parses a URL with an access identifier that is not switched off; with or
   without a token. The result is in the data stack. -1: *error_r may be told
   to the client. */
int imap_lemonade_urlauth_parse(const struct imap_lemonade_urlauth *urlauth,
				const char *url, struct imap_url **url_r,
				enum lemo_urlauth_access *access_r,
				const char **error_r);

/* Before a look at the session's own mail: what others have delivered to the
   mailbox meanwhile is there, too. */
void imap_lemonade_urlauth_refresh(struct client *client,
				   const struct imap_url *url);

/* cmd-genurlauth.c, cmd-urlfetch.c */
bool imap_lemonade_cmd_genurlauth(struct client_command_context *cmd);
bool imap_lemonade_cmd_urlfetch(struct client_command_context *cmd);

#endif
