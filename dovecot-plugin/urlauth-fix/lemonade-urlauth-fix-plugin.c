/* lib90_lemonade_urlauth_fix.so: for imap-urlauth-login of Dovecot 2.3.9 to
   2.3.21, which asserts that the mechanism it logs in with is a private one,
   and is not told so by the auth service. Without it nobody can fetch a URL
   of another user. */

#include "lib.h"
#include "login-common.h"
#include "auth-client.h"
#include "client-common.h"
#include "lemonade-urlauth-fix-plugin.h"

#define MECH_TOKEN "DOVECOT-TOKEN"

const char *lemonade_urlauth_fix_version = DOVECOT_ABI_VERSION;

static bool fix_filter_mech(struct client *client ATTR_UNUSED,
			    struct auth_mech_desc *mech)
{
	if (strcmp(mech->name, MECH_TOKEN) == 0)
		mech->flags |= MECH_SEC_PRIVATE;
	return TRUE;
}

static void fix_client_allocated(struct client *client)
{
	client->v.sasl_filter_mech = fix_filter_mech;
}

static const struct login_client_hooks hooks = {
	.client_allocated = fix_client_allocated
};

void lemonade_urlauth_fix_init(struct module *module)
{
	login_client_hooks_add(module, &hooks);
}

void lemonade_urlauth_fix_deinit(void)
{
	login_client_hooks_remove(&hooks);
}
