#ifndef LEMONADE_ACCESS_H
#define LEMONADE_ACCESS_H

/*
 * Access accounting (RFC 5423 section 4.3): Login and Logout, raised by the
 * plugin of the access protocol.
 */

struct lemonade_user;

void lemonade_access_login(struct lemonade_user *luser);
/* how: "graceful", "abort" or "timeout". duration: of the session, seconds. */
void lemonade_access_logout(struct lemonade_user *luser, const char *how,
			    unsigned int duration);

#endif
