#ifndef IMAP_LEMONADE_CONTEXT_H
#define IMAP_LEMONADE_CONTEXT_H

/*
 * CONTEXT=SORT (RFC 5267), with UPDATE's fetch-atts (RFC 5465 section 7).
 *
 * SORT, SEARCH and CANCELUPDATE stay Dovecot's: its SORT takes UPDATE, keeps
 * the set of messages that match and knows at each sync what came to it and
 * what left it, but tells each at position 0. We keep the order beside the set
 * and take over the telling. A context lives as long as Dovecot's entry in
 * client->search_updates, which makes CANCELUPDATE, tags in use, the end of a
 * mailbox and hibernation work as for CONTEXT=SEARCH.
 */

struct client;
struct module;

void imap_lemonade_context_init(struct module *module);
void imap_lemonade_context_deinit(void);
void imap_lemonade_context_client_created(struct client *client);

#endif
