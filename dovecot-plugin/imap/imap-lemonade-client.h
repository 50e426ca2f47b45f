#ifndef IMAP_LEMONADE_CLIENT_H
#define IMAP_LEMONADE_CLIENT_H

/*
 * The plugin's part of an IMAP client: its presence, and what it is told at
 * its begin and end.
 */

struct client;

/* The client was created; its namespaces are not there yet. */
void imap_lemonade_client_create(struct client *client);
/* The client has one of the user's devices in hand, or says so: it belongs to
   it if there is a device of that name. */
void imap_lemonade_client_claim(struct client *client, const char *device);

#endif
