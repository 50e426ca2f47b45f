#ifndef VAPID_H
#define VAPID_H

/*
 * The server's VAPID keys (RFC 8292): a file in lemonade_state_dir, mode 0600,
 * made at the first start; the public half of the first key beside it, for
 * mail processes (LEMONADE_VAPID_PUBLIC_NAME).
 */

#include "lemo-vapid.h"

#define STATE_VAPID_NAME "vapid.pem"

struct vapid;

/* As the service's user. Trouble with the file is not fatal: it is logged,
   there are no keys, and the file stays as it is.
   contact: lemonade_contact, "" if it is not set: then nothing is signed. */
struct vapid *vapid_init(struct event *event, const char *dir,
			 const char *contact);
void vapid_deinit(struct vapid **vapid);

/* All keys, the published one first. NULL with *error_r, a few words for
   status, if the file is of no use. They live until they are changed by the
   functions below: whoever comes back later keeps the public form. */
const struct lemo_vapid_keys *
vapid_keys(const struct vapid *vapid, const char **error_r);

/* The published key, or the one with that public form. NULL with *error_r, a
   few words for status, if there is none. */
const struct lemo_vapid_key *
vapid_first(const struct vapid *vapid, const char **error_r);
const struct lemo_vapid_key *
vapid_find(const struct vapid *vapid, const char *public,
	   const char **error_r);

/* The value of Authorization for a push to that origin (struct lemo_weburl),
   now; valid until the next call. NULL with *error_r, a few words for
   status. */
const char *vapid_authorization(struct vapid *vapid,
				const struct lemo_vapid_key *key,
				const char *origin, const char **error_r);

/* Puts a new key before the others. -1 with *error_r, in the data stack; the
   key file is then as it was, unless it says otherwise. */
int vapid_rotate(struct vapid *vapid, const char **error_r);
/* The same with the keys of a key file: its first is published from now on,
   ours follow. */
int vapid_import(struct vapid *vapid, const char *pem, size_t size,
		 const char **error_r);

#endif
