#include "lib.h"
#include "account.h"
#include "device.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "push.h"
#include "scheduler-private.h"
#include "sms-cap.h"
#include "target.h"
#include "user.h"

#define DAY_MSECS (24 * 3600 * (int64_t)1000)
/* Counts are forgotten after so many days of the outbox's time: a clock that is
   set ahead and back finds those of the day again. */
#define KEEP_DAYS 8
/* Whose count is that of all together: no uid. */
#define TOTAL_UID ((int64_t)-1)
#define TOTAL_USER ""

struct sms_cap {
	struct notifier *notifier;
	/* when it was last logged that there may be no more at all */
	int64_t logged_day;
};

struct sms_cap *sms_cap_init(struct notifier *notifier)
{
	struct sms_cap *cap = i_new(struct sms_cap, 1);

	cap->notifier = notifier;
	return cap;
}

void sms_cap_deinit(struct sms_cap **cap)
{
	i_free(*cap);
}

static int64_t total_today(struct sms_cap *cap, int64_t day)
{
	struct outbox *outbox = cap->notifier->outbox;
	int64_t count = 0;
	sqlite3_stmt *stmt;

	stmt = outbox_query(outbox, OUTBOX_SMS_COUNT, "iis", day, TOTAL_UID,
			    TOTAL_USER);
	if (outbox_row(outbox, stmt) > 0)
		count = sqlite3_column_int64(stmt, 0);
	outbox_done(stmt);
	return count;
}

static void log_total(struct sms_cap *cap, int64_t day)
{
	if (cap->logged_day == day)
		return;
	cap->logged_day = day;
	e_warning(cap->notifier->event, "as many SMS as a day may have went "
		  "out (lemonade_sms_daily_total = %u): no more before "
		  "midnight UTC",
		  cap->notifier->set->lemonade_sms_daily_total);
}

static bool take(struct sms_cap *cap, int64_t day, int64_t uid,
		 const char *user, unsigned int max)
{
	return outbox_run(cap->notifier->outbox, OUTBOX_SMS_TAKE, "iisii", day,
			  uid, user, (int64_t)max, notify_clock_msecs()) > 0;
}

/* Within a transaction. */
static bool count_one(struct sms_cap *cap, const struct user *user,
		      int64_t day)
{
	const struct lemonade_settings *set = cap->notifier->set;
	int64_t total = total_today(cap, day);

	if (total == 0) {
		(void)outbox_run(cap->notifier->outbox, OUTBOX_SMS_PURGE, "i",
				 notify_clock_msecs() - KEEP_DAYS * DAY_MSECS);
	}
	if (total >= set->lemonade_sms_daily_total) {
		log_total(cap, day);
		return FALSE;
	}
	return take(cap, day, user->account->uid, user->name,
		    set->lemonade_sms_daily_user) &&
		take(cap, day, TOTAL_UID, TOTAL_USER,
		     set->lemonade_sms_daily_total);
}

bool sms_cap_take(struct push *push)
{
	struct sms_cap *cap = push->scheduler->notifier->sms_cap;
	struct outbox *outbox = cap->notifier->outbox;
	int64_t now = notify_clock_wall_msecs(), day = now / DAY_MSECS;
	bool taken;

	push->sms_day = -1;
	if (!push->device->target->channel->costs_money)
		return TRUE;
	push->not_before = notify_clock_msecs() + OUTBOX_RETRY_MSECS;
	if (outbox_begin(outbox) < 0)
		return FALSE;
	taken = count_one(cap, push->user, day);
	if (outbox_commit(outbox) < 0)
		return FALSE;
	if (taken)
		push->sms_day = day;
	else
		push->not_before += DAY_MSECS - now % DAY_MSECS;
	return taken;
}

void sms_cap_answered(const struct push *push)
{
	if (push->sms_day < 0 || push->result.spent)
		return;
	(void)outbox_run(push->scheduler->notifier->outbox, OUTBOX_SMS_REFUND,
			 "iis", push->sms_day,
			 (int64_t)push->user->account->uid, push->user->name);
}
