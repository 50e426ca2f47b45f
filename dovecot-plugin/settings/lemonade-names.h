#ifndef LEMONADE_NAMES_H
#define LEMONADE_NAMES_H

/* The vendor token of our METADATA entries. It is not registered with IANA
   (RFC 5464 6.2); doc/clients.md says so. */
#define LEMONADE_VENDOR "vendor.lemonade"

/* Entry names without /private and /shared. */
#define LEMONADE_VENDOR_NAME "vendor/"LEMONADE_VENDOR
#define LEMONADE_VENDOR_PREFIX LEMONADE_VENDOR_NAME"/"
#define LEMONADE_PUSH_DIR "push/"
#define LEMONADE_PUSH_PREFIX LEMONADE_VENDOR_PREFIX LEMONADE_PUSH_DIR

/* Below Dovecot's private names of INBOX, where no client sees it: a device
   token by its hash. */
#define LEMONADE_TOKEN_DIR "lemonade/token/"

/* In lemonade_state_dir: the public half of the published VAPID key. Written
   by the notifier, for everybody to read. */
#define LEMONADE_VAPID_PUBLIC_NAME "vapid.pub"

#endif
