#ifndef IMAP_LEMONADE_METADATA_H
#define IMAP_LEMONADE_METADATA_H

/*
 * Changes of METADATA by others, in one namespace: RFC 5464 section 4.4.2.
 *
 * Every change of a mailbox attribute, whichever process makes it, stands in
 * the transaction log of the mailbox's index and has a modseq of its own.
 * What is behind the modseq that was seen last is read when the mailbox has
 * changed. What the client's own session wrote is left out.
 *
 * In shared mailboxes the log does not say whose private entry it is: there
 * only shared entries are told.
 */

#include "imap-notify.h"

struct imap_lemonade_metadata;
struct imap_lemonade_notify;
struct mail_namespace;
struct mailbox;
struct mailbox_list_notify_rec;

/* Entries of the server are kept with the INBOX of this namespace. */
bool imap_lemonade_metadata_is_of_server(const struct mail_namespace *ns);

/* Remembers where all of the namespace's mailboxes are now. */
struct imap_lemonade_metadata *
imap_lemonade_metadata_create(struct mail_namespace *ns);
void imap_lemonade_metadata_free(struct imap_lemonade_metadata **metadata);

/* A mailbox has changed: its metadata, perhaps. Tells the client of notify
   what it wants to know. events: those asked for this mailbox. */
void imap_lemonade_metadata_changed(struct imap_lemonade_metadata *metadata,
				    struct imap_lemonade_notify *notify,
				    const struct mailbox_list_notify_rec *rec,
				    enum imap_notify_event events);

#endif
