#ifndef LEMONADE_STORE_H
#define LEMONADE_STORE_H

/*
 * What the plugin remembers for a user between sessions: attributes of INBOX
 * that no client sees, kept in the attribute dict like devices. dsync carries
 * them.
 */

struct mail_user;

/* Names below this one are ours. */
#define LEMONADE_STORE_PREFIX \
	MAILBOX_ATTRIBUTE_PREFIX_DOVECOT_PVT"lemonade/"

/* Returns 1 with *value_r in the data stack, 0 if there is none, -1 if it
   cannot be read (no attribute dict, or it is logged). */
int lemonade_store_get(struct mail_user *user, const char *name,
		       const char **value_r);
/* value NULL removes. -1 if it could not be written. */
int lemonade_store_set(struct mail_user *user, const char *name,
		       const char *value);

#endif
