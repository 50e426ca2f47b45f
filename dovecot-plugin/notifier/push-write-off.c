/* What an answer means for the row. */

#include "lib.h"
#include "ioloop.h"
#include "str-sanitize.h"
#include "account.h"
#include "device.h"
#include "emn-time.h"
#include "event-line.h"
#include "feeds.h"
#include "held.h"
#include "lemo-notify-uri.h"
#include "notifier.h"
#include "notify-clock.h"
#include "notify-events.h"
#include "outbox.h"
#include "scheduler-private.h"
#include "sms-cap.h"
#include "target.h"
#include "trace.h"
#include "user.h"

static void push_log(const struct push *push, const char *what)
{
	notify_event_finished(push, what);
	trace_answered(push, what);
}

static void push_log_given_up(const struct push *push, const char *why)
{
	e_info(push->scheduler->event, "user %s device %s: event %s: gave up "
	       "after %u tries (%s): %s",
	       str_sanitize(push->line->event.user, 128),
	       push->device == NULL ? "(feed)" :
	       device_log_name(push->user->name, push->device->name),
	       push->line->event.id, push->tries, why, push->result_text);
}

/* When the next try is, or 0 if it is past the row's deadline. */
static int64_t push_retry_at(struct push *push)
{
	int64_t due = notify_clock_msecs() +
		lemo_retry_delay(push->tries, push->result.retry_after,
				 i_rand());

	push->next_try = due > push->expires ? 0 : due;
	return push->next_try;
}

static void device_row_gone(struct push *push)
{
	struct device *device = push->device;

	(void)outbox_run(push->scheduler->notifier->outbox,
			 OUTBOX_PENDING_DELETE, "i", device->id);
	device->gen = 0;
	row_arrivals_free(device);
	account_remove_device_row(device->user->account);
	/* it was made for this row */
	if (lemo_notify_is_device(device->name))
		device_delete(&device);
}

/* Where the row waits; not push->origin, if the device moved meanwhile. */
static void device_row_due(struct push *push, int64_t due)
{
	const struct target *target = push->device->target;

	scheduler_origin_due(push->scheduler, target == NULL ?
			     push->origin->key : target->origin_key, due);
}

/* The row goes, unless it has grown since the request was made: then what is
   new waits for its turn. */
static void device_row_done(struct push *push)
{
	struct device *device = push->device;
	int64_t due = notify_clock_msecs();

	if (device->gen == push->gen) {
		device_row_gone(push);
		return;
	}
	if (push->result.answer == LEMO_ANSWER_DONE)
		due += (int64_t)push->target->sub->collapse * 1000;
	row_arrivals_sent(device, push->gen);
	if (device->row_follows)
		device->row_class = ROW_CLASS_OTHER;
	(void)outbox_run(push->scheduler->notifier->outbox,
			 OUTBOX_PENDING_REST, "iiiii", device->id, due,
			 (int64_t)push->events, (int64_t)device->row_class,
			 (int64_t)device->row_follows);
	device->row_follows = FALSE;
	device->events = device->events > push->events ?
		device->events - push->events : 1;
	device_row_due(push, due);
}

static void device_row_wait(struct push *push, int64_t due)
{
	/* its next try is after what would have followed */
	push->device->row_follows = FALSE;
	(void)outbox_run(push->scheduler->notifier->outbox,
			 OUTBOX_PENDING_RETRY, "iii", push->device->id, due,
			 (int64_t)push->tries);
	device_row_due(push, due);
}

static void device_permanent(struct push *push)
{
	struct device *device = push->device;

	/* one line when it begins; the status entry has the rest */
	if (device->failing_since == 0) {
		e_warning(push->scheduler->event, "user %s device %s: %s: "
			  "refused for good: %s",
			  str_sanitize(push->line->event.user, 128),
			  device_log_name(device->user->name, device->name),
			  push->target->origin_name, push->result_text);
	}
	device_answered(device, LEMO_ANSWER_PERMANENT, push->result_text);
	push_log(push, "permanent");
	device_row_done(push);
}

static void device_late(struct push *push)
{
	push_log_given_up(push, "deadline");
	push_log(push, "deadline");
	device_row_done(push);
}

static void device_retry(struct push *push)
{
	int64_t due;

	push->tries++;
	due = push_retry_at(push);
	device_answered(push->device, LEMO_ANSWER_RETRY, push->result_text);
	if (due == 0)
		device_late(push);
	else {
		push_log(push, "retry");
		device_row_wait(push, due);
	}
}

static void device_done(struct push *push)
{
	struct device *device = push->device;

	/* a verification opens no window: the first event goes at once */
	if (!push_is_verification(push->line))
		device->last_sent = ioloop_time;
	device->over_budget = FALSE;
	device_answered(device, LEMO_ANSWER_DONE, push->result_text);
	push_log(push, "done");
	device_row_done(push);
}

/* The entry goes when the user's next event tells the plugin. */
static void device_gone(struct push *push)
{
	struct device *device = push->device;

	e_info(push->scheduler->event, "user %s device %s: %s: %s",
	       str_sanitize(push->line->event.user, 128),
	       device_log_name(device->user->name, device->name),
	       push->target->origin_name, push->result_text);
	device_answered(device, LEMO_ANSWER_GONE, push->result_text);
	push_log(push, "gone");
	device_row_gone(push);
}

static void device_over_budget(struct push *push)
{
	struct device *device = push->device;

	/* one line when it begins; the status entry has the rest */
	if (!device->over_budget) {
		e_warning(push->scheduler->event, "user %s device %s: more "
			  "pushes than its budget allows: they wait and are "
			  "merged",
			  str_sanitize(push->line->event.user, 128),
			  device_log_name(device->user->name, device->name));
	}
	device->over_budget = TRUE;
	push_log(push, "budget");
	device_hold_back(device, HELD_BACK_BUDGET);
	device_row_wait(push, push->not_before);
}

/* What the row holds by now may have to go nevertheless. */
static void device_quiet(struct push *push)
{
	struct device *device = push->device;

	push_log(push, "quiet");
	device_hold_back(device, HELD_BACK_QUIET);
	if (held_take_row(push->scheduler->notifier->held, device))
		device_row_gone(push);
	else
		device_row_wait(push, notify_clock_msecs());
}

static void device_write_off(struct push *push)
{
	switch (push->refusal) {
	case PUSH_REFUSED_TARGET:
		push_log(push, "refused");
		device_row_gone(push);
		return;
	case PUSH_REFUSED_LATE:
		device_late(push);
		return;
	case PUSH_REFUSED_BUDGET:
		device_over_budget(push);
		return;
	case PUSH_REFUSED_QUIET:
		device_quiet(push);
		return;
	case PUSH_REFUSED_NOT:
		break;
	}
	sms_cap_answered(push);
	emn_time_answered(push);
	device_endpoint_judge(push);
	switch (push->result.answer) {
	case LEMO_ANSWER_DONE:
		device_done(push);
		break;
	case LEMO_ANSWER_RETRY:
		device_retry(push);
		break;
	case LEMO_ANSWER_PERMANENT:
		device_permanent(push);
		break;
	case LEMO_ANSWER_GONE:
		device_gone(push);
		break;
	}
}

/* The next one of this user may go now. */
static void feed_row_gone(struct push *push)
{
	struct notifier *notifier = push->scheduler->notifier;
	struct user *user = push->user;
	int64_t now = notify_clock_msecs();

	(void)outbox_run(notifier->outbox, OUTBOX_FEED_DELETE, "i", push->seq);
	user->account->rows--;
	if (user->feed_rows > 0 && --user->feed_rows == 0)
		return;
	if (outbox_run(notifier->outbox, OUTBOX_FEED_ADVANCE, "isi",
		       (int64_t)user->account->uid, user->name, now) > 0)
		scheduler_origin_due(push->scheduler, push->origin->key, now);
	else
		user->feed_rows = 0;
}

/* The receiver refuses this event, not us: the next ones may pass. */
static bool feed_event_is_refused(const struct push *push)
{
	switch (push->result.status) {
	case 400:
	case 413:
	case 422:
		return TRUE;
	default:
		return push->refusal == PUSH_REFUSED_TARGET;
	}
}

static void feed_give_up(struct push *push, const char *why,
			 const char *result)
{
	push_log_given_up(push, why);
	push_log(push, result);
	feed_row_gone(push);
}

/* A wrong secret or path is the admin's to mend: the events wait. */
static void feed_write_off(struct push *push)
{
	int64_t due;

	push->tries++;
	if (push->result.answer == LEMO_ANSWER_DONE) {
		push_log(push, "done");
		feed_row_gone(push);
	} else if (feed_event_is_refused(push))
		feed_give_up(push, "refused", "permanent");
	else if (push->refusal == PUSH_REFUSED_LATE ||
		 (due = push_retry_at(push)) == 0)
		feed_give_up(push, "deadline", "deadline");
	else {
		push_log(push, "retry");
		(void)outbox_run(push->scheduler->notifier->outbox,
				 OUTBOX_FEED_RETRY, "iii", push->seq, due,
				 (int64_t)push->tries);
		scheduler_origin_due(push->scheduler, push->origin->key, due);
	}
}

void push_write_off(struct push *push)
{
	struct trace *trace = push->scheduler->notifier->trace;

	if (push->user == NULL)
		return;
	trace_push(trace, push);
	T_BEGIN {
		if (push->device != NULL)
			device_write_off(push);
		else
			feed_write_off(push);
	} T_END;
	trace_end(trace);
}
