/* What both kinds of METADATA entries share. */

#include "lib.h"
#include "mail-storage-private.h"
#include "lemonade-attribute.h"
#include "lemonade-user.h"

static bool iterating_raw;

void lemonade_attribute_iterating(bool raw)
{
	iterating_raw = raw;
}

struct lemonade_user *lemonade_attribute_user(struct mailbox *box)
{
	struct mail_user *user = box->storage->user;

	if (iterating_raw || user->dsyncing)
		return NULL;
	return lemonade_user_get(user);
}

void lemonade_attribute_init(void)
{
	lemonade_attribute_device_init();
	lemonade_attribute_server_init();
}

void lemonade_attribute_deinit(void)
{
	lemonade_attribute_server_deinit();
	lemonade_attribute_device_deinit();
}
