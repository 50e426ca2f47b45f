#ifndef LEMO_IMAPURL_H
#define LEMO_IMAPURL_H

/*
 * IMAP URLs (RFC 5092) for the "uri" and "mailboxID" of RFC 5423:
 *   imap://joe@host/INBOX;UIDVALIDITY=7/;UID=42
 */

#include "lemo-buf.h"
#include <stdint.h>

/* Appends the URL. user: may be NULL; mailbox: UTF-8, NULL for a server
   URL; uidvalidity and uid are left out when 0. */
void lemo_imapurl_add(struct lemo_buf *buf, const char *user, const char *host,
		      const char *mailbox, uint32_t uidvalidity, uint32_t uid);

#endif
