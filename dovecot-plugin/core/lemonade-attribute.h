#ifndef LEMONADE_ATTRIBUTE_H
#define LEMONADE_ATTRIBUTE_H

/*
 * Our METADATA entries (mailbox ""), through whatever door they are reached:
 * IMAP, doveadm, Lua, dsync.
 *
 *   /private/vendor/vendor.lemonade/push/ID         a device, checked when set
 *   /private/vendor/vendor.lemonade/push/ID/status  read-only, the notifier's
 *   /private/filters/..., /shared/filters/...       RFC 5466, checked when set
 *   /private/devicetoken, of INBOX                  see lemonade-token.h
 *   /shared/vendor/vendor.lemonade/...              read-only, the server's
 *   /shared/admin                                   read-only, lemonade_contact
 *
 * Any other name below vendor/vendor.lemonade, be it of the server or of a
 * mailbox, can be read and removed, but not set: nothing would come of it.
 *
 * dsync neither sees the read-only ones nor is checked.
 */

struct mailbox;
struct mailbox_transaction_context;
struct mail_attribute_value;
struct lemonade_settings;

void lemonade_attribute_init(void);
void lemonade_attribute_deinit(void);

/* While TRUE, iterating gives what is stored and nothing of ours. */
void lemonade_attribute_iterating(bool raw);

/* The set function of an entry that is none of those above: fails with the
   place where it belongs. Removing succeeds, and so does dsync. */
int lemonade_attribute_refuse(struct mailbox_transaction_context *t,
			      const char *key,
			      const struct mail_attribute_value *value);

/* The parts; internal to lemonade-attribute*.c */
void lemonade_attribute_device_init(void);
void lemonade_attribute_device_deinit(void);
void lemonade_attribute_filter_init(void);
void lemonade_attribute_filter_deinit(void);
void lemonade_attribute_token_init(void);
void lemonade_attribute_token_deinit(void);
void lemonade_attribute_server_init(void);
void lemonade_attribute_server_deinit(void);

/* The user's context if our entries are to be served: not to dsync, not while
   iterating raw. */
struct lemonade_user *lemonade_attribute_user(struct mailbox *box);

#endif
