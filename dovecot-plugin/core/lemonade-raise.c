/* Events that no mail transaction brings. */

#include "lib.h"
#include "array.h"
#include "lemonade-handoff.h"
#include "lemonade-line.h"
#include "lemonade-match.h"
#include "lemonade-raise.h"
#include "lemonade-user.h"

struct lemonade_raise *
lemonade_raise_begin(struct lemonade_user *luser, struct mailbox *box)
{
	struct lemonade_raise *raise;
	pool_t pool;

	pool = pool_alloconly_create("lemonade raise", 1024);
	raise = p_new(pool, struct lemonade_raise, 1);
	raise->pool = pool;
	raise->luser = luser;
	lemonade_devices_read(luser->user, box, pool, &raise->devices);
	if (array_is_empty(&raise->devices) && luser->feed == 0)
		lemonade_raise_end(&raise);
	return raise;
}

void lemonade_raise_end(struct lemonade_raise **_raise)
{
	struct lemonade_raise *raise = *_raise;

	*_raise = NULL;
	lemonade_devices_free(&raise->devices);
	pool_unref(&raise->pool);
}

void lemonade_raise_send(struct lemonade_raise *raise,
			 struct lemo_event *event, const char *refusal)
{
	struct lemonade_verdicts verdicts;
	struct lemonade_handoff *handoff;

	lemonade_match_event(&raise->devices, event->type, NULL, &verdicts);
	if (refusal != NULL)
		lemonade_match_refuse(&verdicts, refusal);
	lemonade_line_set_devices(&raise->devices, &verdicts, event);
	lemonade_line_finish(raise->luser, FALSE, event);
	handoff = lemonade_handoff_begin(raise->luser);
	lemonade_handoff_add(handoff, event, event->feed ||
			     lemonade_match_any(&verdicts));
	lemonade_handoff_end(&handoff);
}
