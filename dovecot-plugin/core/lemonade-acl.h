#ifndef LEMONADE_ACL_H
#define LEMONADE_ACL_H

/*
 * The acl plugin, if it is there: MailboxCreate and MailboxDelete also when
 * the acting user grants himself access to a mailbox or gives it up (RFC 5423
 * section 4.4). Others' rights are theirs: they hear nothing.
 */

struct mail_namespace;
struct mailbox;

/* Hooks of mail-storage-hooks.h; the acl plugin is not ready before the
   first. */
void lemonade_acl_storage_added(struct mail_namespace *ns);
void lemonade_acl_mailbox_allocated(struct mailbox *box);

#endif
