#ifndef IMAP_LEMONADE_TOKEN_H
#define IMAP_LEMONADE_TOKEN_H

struct client;

/* Tells clients that device tokens are served: capability XDELTAPUSH. */
void imap_lemonade_token_client_created(struct client *client);

#endif
