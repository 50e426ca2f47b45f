#ifndef IMAP_LEMONADE_PRESENCE_H
#define IMAP_LEMONADE_PRESENCE_H

/*
 * A session's connection to the notifier: as long as it lasts, the notifier
 * knows the session for connected. The process never waits for it: what cannot
 * be connected or written at once is tried again later, and the connection
 * comes back by itself after a restart of the notifier.
 */

struct lemonade_user;

struct imap_lemonade_presence *
imap_lemonade_presence_begin(struct lemonade_user *luser);
/* The session belongs to the device from now on. */
void imap_lemonade_presence_add(struct imap_lemonade_presence *presence,
				const char *device);
/* Both free it; NULL is no harm. The session ends, */
void imap_lemonade_presence_end(struct imap_lemonade_presence **presence);
/* or goes to imap-hibernate. */
void imap_lemonade_presence_hibernate(struct imap_lemonade_presence **presence);

#endif
