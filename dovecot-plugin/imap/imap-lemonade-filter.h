#ifndef IMAP_LEMONADE_FILTER_H
#define IMAP_LEMONADE_FILTER_H

/*
 * FILTERS (RFC 5466) for IMAP clients: the capability, whose filters the key
 * FILTER of a command means, and the response codes when there is none. The
 * key itself is in core/lemonade-named-filter.c.
 */

struct client;

void imap_lemonade_filter_init(void);
void imap_lemonade_filter_deinit(void);
void imap_lemonade_filter_client_created(struct client *client);

#endif
