#ifndef LEMONADE_TOKEN_H
#define LEMONADE_TOKEN_H

/*
 * Device tokens (see lemo-token.h), kept in attributes of ours that clients do
 * not see, one a token by its hash. Served only if the administrator has said
 * where they are to be posted to (lemonade_token_url).
 */

#include "lemonade-device.h"

struct lemonade_user;
struct mailbox_transaction_context;

/* luser may be NULL. */
bool lemonade_token_is_served(const struct lemonade_user *luser);

/* Keeps a valid token, or its new date. What has expired goes, and so does the
   one that was set the longest time ago if there are too many. box of t is
   INBOX. Returns 0, or -1 with the error in the storage. */
int lemonade_token_add(struct lemonade_user *luser,
		       struct mailbox_transaction_context *t,
		       const char *token);
/* Removes all. */
int lemonade_token_remove_all(struct lemonade_user *luser,
			      struct mailbox_transaction_context *t);
/* The notifier was told that the token behind this device is no more. */
void lemonade_token_gone(struct lemonade_user *luser, const char *device);

/* All that live, newest first, separated by spaces; "" if there are none. In
   the data stack. -1 if they cannot be read. */
int lemonade_token_get_all(struct mailbox *inbox, const char **tokens_r);

/* Appends each as a device of which only name and JSON are filled in; for
   lemonade_devices_read(). */
void lemonade_tokens_read(struct mailbox *inbox, pool_t pool,
			  ARRAY_TYPE(lemonade_device) *devices);

#endif
