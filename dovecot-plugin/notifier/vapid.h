#ifndef VAPID_H
#define VAPID_H

/*
 * The server's VAPID keys (RFC 8292): a file in lemonade_state_dir, mode 0600,
 * made at the first start; its public halves beside it, for mail processes,
 * which publish the first.
 */

#include "lemo-vapid.h"

#define STATE_VAPID_NAME "vapid.pem"

struct vapid;

/* As the service's user. Trouble with the file is not fatal: it is logged,
   vapid_find() finds nothing, and the file stays as it is.
   contact: lemonade_contact, "" if it is not set: then nothing is signed. */
struct vapid *vapid_init(struct event *event, const char *dir,
			 const char *contact);
void vapid_deinit(struct vapid **vapid);

/* The published key, or the one with that public form. NULL with *error_r, a
   few words for status, if there is none. Keys live until the event loop runs
   again: keep the public form, not the key. */
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

/* For the admin: all keys, and what changes them. NULL with *error_r if the
   file can't be used. */
const struct lemo_vapid_keys *
vapid_keys(const struct vapid *vapid, const char **error_r);
/* Puts a new key before the others. -1 with *error_r, nothing changed. */
int vapid_rotate(struct vapid *vapid, const char **error_r);
/* Puts the keys of a key file before ours: the file's first is published from
   now on. -1 with *error_r, nothing changed. */
int vapid_import(struct vapid *vapid, const char *pem, size_t len,
		 const char **error_r);

#endif
