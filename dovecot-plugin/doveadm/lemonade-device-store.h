#ifndef LEMONADE_DEVICE_STORE_H
#define LEMONADE_DEVICE_STORE_H

/*
 * The devices of a user in METADATA, through Dovecot's attribute API: what
 * is written passes the same checks as a SETMETADATA.
 */

#include "mail-error.h"

struct mail_user;

struct lemonade_store_error {
	enum mail_error error;
	const char *text; /* in the data stack */
};

/* Reads the entry of a device into the data stack. Returns 1, 0 if there is
   none, -1 on error. */
int lemonade_device_get(struct mail_user *user, const char *device,
			const char **json_r,
			struct lemonade_store_error *error_r);
/* Writes it. */
int lemonade_device_put(struct mail_user *user, const char *device,
			const char *json,
			struct lemonade_store_error *error_r);
/* Removes it, or the device token that it is. Returns 1, 0 if there is none, -1
   on error. */
int lemonade_device_remove(struct mail_user *user, const char *device,
			   struct lemonade_store_error *error_r);
/* Calls back with each device and its entry, which are of the data stack. */
typedef void lemonade_device_t(const char *device, const char *json,
			       void *context);
int lemonade_device_each(struct mail_user *user, lemonade_device_t *callback,
			 void *context, struct lemonade_store_error *error_r);

#endif
