#ifndef LEMONADE_GONE_H
#define LEMONADE_GONE_H

/*
 * Devices whose push resource is no more, as the notifier was told by the
 * push service (RFC 8030 7.3): the user's entry is unset, here, where the
 * user's mail is.
 */

struct lemonade_user;

/* hash: lemonade_endpoint_hash() of what is gone; if the entry means another
   one by now, it stays. Raises DeviceUnset like any client that unsets it.
   Failures are logged; the notifier will say it again. */
void lemonade_gone_remove(struct lemonade_user *luser, const char *device,
			  const char *hash);

#endif
