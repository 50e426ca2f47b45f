#ifndef IMAP_LEMONADE_URLMECH_H
#define IMAP_LEMONADE_URLMECH_H

/*
 * The response code URLMECH (RFC 4467 section 8): at SELECT and EXAMINE, and
 * when somebody has reset the key of the selected mailbox.
 */

struct client;

/* After imap_lemonade_urlauth_client_created(). */
void imap_lemonade_urlmech_client_created(struct client *client);

#endif
