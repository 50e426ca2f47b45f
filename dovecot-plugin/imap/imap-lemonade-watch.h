#ifndef IMAP_LEMONADE_WATCH_H
#define IMAP_LEMONADE_WATCH_H

/*
 * Instant IDLE (RFC 2177, RFC 5550 section 5.4.1), and the same between
 * commands after NOTIFY (RFC 5465): Dovecot tells of a change in the selected
 * mailbox half a second after it happened, so that changes in a row are told
 * together. Here the first change after a quiet time is told at once; what
 * follows waits as it does in Dovecot, so that a burst of deliveries costs one
 * look more and no delivery its speed.
 *
 * The watch goes by the descriptor that Dovecot has for inotify: no process
 * needs another one. Where that cannot be had Dovecot says so in the log, and
 * everything is as without us.
 */

struct client;
struct module;

void imap_lemonade_watch_client_created(struct client *client);

void imap_lemonade_watch_init(struct module *module);
void imap_lemonade_watch_deinit(void);

#endif
