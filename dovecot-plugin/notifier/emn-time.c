#include "lib.h"
#include "ioloop.h"
#include "device.h"
#include "emn-time.h"
#include "lemo-emn-wbxml.h"
#include "lemo-time.h"
#include "notifier.h"
#include "outbox.h"
#include "push.h"
#include "scheduler-private.h"
#include "target.h"

void emn_time_fill_job(const struct notifier *notifier,
		       struct channel_job *job, const struct device *device)
{
	sqlite3_stmt *stmt;

	if (device == NULL || strcmp(job->sub->channel, "emn") != 0)
		return;
	stmt = outbox_query(notifier->outbox, OUTBOX_DEVICE_TOLD, "i", device->id);
	if (outbox_row(notifier->outbox, stmt) > 0)
		job->emn_told = sqlite3_column_int64(stmt, 0);
	outbox_done(stmt);
}

/* A time to come would silence the phone until then. */
int64_t emn_time_of_job(const struct channel_job *job)
{
	const char *str = job->event->timestamp;
	int64_t time;

	if (str == NULL || !lemo_time_parse_rfc3339(str, strlen(str), &time))
		time = ioloop_time;
	time = I_MIN(time, ioloop_time);
	return I_MAX(time, job->emn_told);
}

void emn_time_answered(const struct push *push)
{
	if (push->target->channel != &channel_emn ||
	    push_is_verification(push->line) || !push->result.spent)
		return;
	(void)outbox_run(push->scheduler->notifier->outbox,
			 OUTBOX_DEVICE_TOLD_SAVE, "ii", push->device->id,
			 emn_time_of_job(&push->job));
}
