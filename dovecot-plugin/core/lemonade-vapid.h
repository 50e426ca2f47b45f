#ifndef LEMONADE_VAPID_H
#define LEMONADE_VAPID_H

/*
 * The published VAPID key, as the notifier writes it into lemonade_state_dir
 * (LEMONADE_VAPID_PUBLIC_NAME): a small file, read when it has changed. The
 * notifier is not asked.
 */

struct lemonade_user;

/* The key that new subscriptions are to be made with, base64url, in the data
   stack. NULL if there is none: no notifier has run yet, its key file is of no
   use, or lemonade_contact is not set, without which nothing is signed. */
const char *lemonade_vapid_published(const struct lemonade_user *luser);

void lemonade_vapid_deinit(void);

#endif
