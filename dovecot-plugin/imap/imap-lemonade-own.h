#ifndef IMAP_LEMONADE_OWN_H
#define IMAP_LEMONADE_OWN_H

/*
 * What the client's own session wrote into the transaction log of a mailbox:
 * a client is told of the METADATA that others change (RFC 5464 section 4.4,
 * RFC 5465 section 5).
 */

struct client;
struct mailbox;
struct mailbox_transaction_context;

/* An attribute is set in t: where its commit ends up is remembered. */
void imap_lemonade_own_attribute(struct mailbox_transaction_context *t);

/* True if the record at this place of the mailbox's log is its user's own. */
bool imap_lemonade_own_is(struct mailbox *box, uint32_t file_seq,
			  uoff_t offset);
/* The log of the mailbox was read. */
void imap_lemonade_own_forget(struct mailbox *box);
/* The client is gone, or asks no more. */
void imap_lemonade_own_forget_all(struct client *client);

void imap_lemonade_own_deinit(void);

#endif
