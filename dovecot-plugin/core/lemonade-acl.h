#ifndef LEMONADE_ACL_H
#define LEMONADE_ACL_H

/*
 * The acl plugin, if it is there: MailboxCreate and MailboxDelete also when
 * the acting user grants himself access to a mailbox or gives it up (RFC 5423
 * section 4.4). Others' rights are theirs: they hear nothing.
 */

struct mail_namespace;

/* A hook of mail-storage-hooks.h; the acl plugin is ready only then. */
void lemonade_acl_storage_added(struct mail_namespace *ns);

#endif
