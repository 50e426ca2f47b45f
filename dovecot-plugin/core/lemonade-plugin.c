/* lib22_lemonade_plugin.so: message store events (RFC 5423), handed to the
   notifier with the verdict of each of the user's devices. */

#include "lib.h"
#include "mail-storage-private.h"
#include "lemonade-acl.h"
#include "lemonade-attribute.h"
#include "lemonade-events.h"
#include "lemonade-handoff.h"
#include "lemonade-plugin.h"
#include "lemonade-user.h"

const char *lemonade_plugin_version = DOVECOT_ABI_VERSION;
const char *lemonade_plugin_dependencies[] = { "notify", NULL };

static struct mail_storage_hooks lemonade_mail_storage_hooks = {
	.mail_user_created = lemonade_user_created,
	.mail_namespace_storage_added = lemonade_acl_storage_added,
	.mailbox_allocated = lemonade_acl_mailbox_allocated
};

void lemonade_plugin_init(struct module *module)
{
	mail_storage_hooks_add(module, &lemonade_mail_storage_hooks);
	lemonade_events_init();
	lemonade_attribute_init();
}

void lemonade_plugin_deinit(void)
{
	lemonade_attribute_deinit();
	lemonade_events_deinit();
	lemonade_handoff_deinit();
	mail_storage_hooks_remove(&lemonade_mail_storage_hooks);
}
