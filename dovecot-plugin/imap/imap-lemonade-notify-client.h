#ifndef IMAP_LEMONADE_NOTIFY_CLIENT_H
#define IMAP_LEMONADE_NOTIFY_CLIENT_H

/*
 * What a client is watching for: what NOTIFY said, or until NOTIFY is used
 * for the first time what ENABLE METADATA means (RFC 5464 section 4.4).
 */

struct client;
struct imap_lemonade_notify;

void imap_lemonade_notify_client_created(struct client *client);

/* The plugin is enabled for the client's user. */
bool imap_lemonade_notify_client_is_ours(struct client *client);

/* NULL if there is nothing */
struct imap_lemonade_notify *imap_lemonade_notify_get(struct client *client);

/* NOTIFY was used: notify takes the place of what was watched before. ctx
   says what is wanted of the selected mailbox. Both are the client's now. */
void imap_lemonade_notify_set(struct client *client,
			      struct imap_notify_context *ctx,
			      struct imap_lemonade_notify *notify);

/* RFC 5465 section 5.8: as if NOTIFY NONE were said. */
void imap_lemonade_notify_overflow(struct client *client);

#endif
