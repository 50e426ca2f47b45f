/* lib23_imap_lemonade_plugin.so: what the imap process adds to the core
   plugin, whose functions it calls. */

#include "lib.h"
#include "imap-common.h"
#include "cmd-notify.h"
#include "imap-lemonade-answer.h"
#include "imap-lemonade-binary.h"
#include "imap-lemonade-box.h"
#include "imap-lemonade-claim.h"
#include "imap-lemonade-client.h"
#include "imap-lemonade-context.h"
#include "imap-lemonade-filter.h"
#include "imap-lemonade-notify-client.h"
#include "imap-lemonade-own.h"
#include "imap-lemonade-plugin.h"
#include "imap-lemonade-token.h"
#include "imap-lemonade-watch.h"

const char *imap_lemonade_plugin_version = DOVECOT_ABI_VERSION;
const char *imap_lemonade_plugin_dependencies[] = { "lemonade", NULL };
const char imap_lemonade_plugin_binary_dependency[] = "imap";

static struct module *imap_lemonade_module;
static imap_client_created_func_t *next_client_created;

static void imap_lemonade_client_created(struct client **client)
{
	if (mail_user_is_plugin_loaded((*client)->user, imap_lemonade_module)) {
		imap_lemonade_client_create(*client);
		imap_lemonade_answer_client_created(*client);
		imap_lemonade_context_client_created(*client);
		imap_lemonade_filter_client_created(*client);
		imap_lemonade_notify_client_created(*client);
		imap_lemonade_watch_client_created(*client);
	}
	imap_lemonade_token_client_created(*client);
	if (next_client_created != NULL)
		next_client_created(client);
}

void imap_lemonade_plugin_init(struct module *module)
{
	imap_lemonade_module = module;
	next_client_created =
		imap_client_created_hook_set(imap_lemonade_client_created);
	imap_lemonade_answer_init();
	imap_lemonade_binary_init(module);
	imap_lemonade_claim_init();
	imap_lemonade_context_init(module);
	imap_lemonade_filter_init();
	imap_lemonade_box_init(module);
	imap_lemonade_cmd_notify_init();
	imap_lemonade_watch_init(module);
}

void imap_lemonade_plugin_deinit(void)
{
	imap_lemonade_watch_deinit();
	imap_lemonade_cmd_notify_deinit();
	imap_lemonade_box_deinit();
	imap_lemonade_own_deinit();
	imap_lemonade_filter_deinit();
	imap_lemonade_context_deinit();
	imap_lemonade_claim_deinit();
	imap_lemonade_binary_deinit();
	imap_lemonade_answer_deinit();
	imap_client_created_hook_set(next_client_created);
}
