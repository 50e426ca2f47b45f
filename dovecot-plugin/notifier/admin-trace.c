/* TRACE: where the trace is. doveadm reads it itself, since that may take
   seconds and this process has no time for it. */

#include "lib.h"
#include "admin-private.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "trace.h"

const char *admin_cmd_trace(struct admin_client *client,
			    const char *const *args ATTR_UNUSED)
{
	struct notifier *notifier = client->notifier;

	if (notifier->trace == NULL)
		return "the trace is off: lemonade_trace_retention is 0";
	trace_commit(notifier->trace, TRUE);
	admin_row(client, t_strdup_printf("dir=%s/"TRACE_DIR_NAME,
			notifier->set->lemonade_state_dir), NULL);
	return NULL;
}
