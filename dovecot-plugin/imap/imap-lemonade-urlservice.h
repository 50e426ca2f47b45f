#ifndef IMAP_LEMONADE_URLSERVICE_H
#define IMAP_LEMONADE_URLSERVICE_H

/*
 * A connection to Dovecot's service imap-urlauth, for URLs of one other user.
 * Dovecot's own client of it panics when a user is not there, waits seconds
 * between two users, and writes tokens into the debug log.
 */

#include "imap-lemonade-urlpart.h"

struct client;
struct imap_lemonade_urlservice;

/* ret: 1: *part is the callee's now, 0: there is no such part, or no right to
   it, -1: the connection is of no more use. It must not be freed here. */
typedef void
imap_lemonade_urlservice_callback_t(int ret,
				    struct imap_lemonade_urlpart *part,
				    void *context);

/* Connects. owner: whose mail it is. NULL: logged. */
struct imap_lemonade_urlservice *
imap_lemonade_urlservice_init(struct client *client, const char *owner,
			      imap_lemonade_urlservice_callback_t *callback,
			      void *context);
void imap_lemonade_urlservice_deinit(struct imap_lemonade_urlservice **service);

/* Asks for one URL; the callback is called later, once. */
void imap_lemonade_urlservice_ask(struct imap_lemonade_urlservice *service,
				  const char *url,
				  enum imap_urlauth_fetch_flags flags);

/* False after it failed, also if nothing was asked. */
bool imap_lemonade_urlservice_is_open(
	const struct imap_lemonade_urlservice *service);
const char *
imap_lemonade_urlservice_owner(const struct imap_lemonade_urlservice *service);

#endif
