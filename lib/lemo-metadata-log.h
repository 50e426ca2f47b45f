#ifndef LEMO_METADATA_LOG_H
#define LEMO_METADATA_LOG_H

/*
 * Which METADATA entries (RFC 5464) an attribute update in Dovecot's
 * transaction log names: MAIL_TRANSACTION_ATTRIBUTE_UPDATE, described in
 * mail-transaction-log.h as [+-][ps]NAME NUL ... NUL. Entries of the server
 * are kept with INBOX, below a name of Dovecot's own; what else is there
 * (URLAUTH keys, our device tokens) is nobody's METADATA and is skipped.
 */

#include <stdbool.h>
#include <stddef.h>

struct lemo_metadata_log {
	const char *pos, *end;
};

struct lemo_metadata_change {
	/* /private/NAME, not /shared/NAME */
	bool is_private;
	/* of mailbox "" */
	bool is_server;
	/* points into the record */
	const char *name;
};

/* data is used by _next(). */
void lemo_metadata_log_init(struct lemo_metadata_log *log,
			    const void *data, size_t size);
/* The next entry; false when there is none, or nothing that makes sense. */
bool lemo_metadata_log_next(struct lemo_metadata_log *log,
			    struct lemo_metadata_change *change_r);

/* True if a client may give this name to an entry, as Dovecot stores it
   (without /private/ and /shared/, perhaps with the server's prefix): RFC 5464
   section 3.2 wants a name, and of vendors' a token and another one. */
bool lemo_metadata_key_is_valid(const char *key);

#endif
