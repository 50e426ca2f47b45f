#include "lib.h"
#include "ioloop.h"
#include "llist.h"
#include "str-sanitize.h"
#include "account.h"
#include "device.h"
#include "emn-time.h"
#include "event-line.h"
#include "feeds.h"
#include "lemo-importance.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "quiet.h"
#include "scheduler-private.h"
#include "sms-cap.h"
#include "target.h"
#include "user.h"
#include "webpush.h"

/* Verification pushes a user may cause in an hour. */
#define VERIFICATIONS_PER_HOUR 6
#define BUDGET_BURST_PART 6
#define BUDGET_BURST_MIN 10

static struct push *push_add(struct scheduler *scheduler,
			     struct origin *origin, struct event_line *line)
{
	struct push *push = i_new(struct push, 1);

	push->scheduler = scheduler;
	push->origin = origin;
	push->line = line;
	push->gen = push->events = 1;
	event_line_ref(line);
	scheduler->pushes_count++;
	origin->queued++;
	DLLIST2_APPEND(&origin->queue_head, &origin->queue_tail, push);
	return push;
}

struct push *push_add_device(struct origin *origin, struct device *device,
			     struct event_line *line)
{
	struct push *push;

	i_assert(device->push == NULL);
	push = push_add(origin->scheduler, origin, line);
	push->user = device->user;
	push->device = device;
	device->push = push;
	device->user->pushes_count++;
	return push;
}

struct push *push_add_feed(struct origin *origin, struct user *user,
			   const struct feed *feed, struct event_line *line,
			   int64_t seq)
{
	struct push *push;

	i_assert(user->feed_push == NULL);
	push = push_add(origin->scheduler, origin, line);
	push->user = user;
	push->seq = seq;
	push->feed = feed;
	if (feed != NULL && feed->origin_key == origin->key)
		origin->window = feed->window;
	user->feed_push = push;
	user->pushes_count++;
	return push;
}

void push_abandon(struct push *push)
{
	if (push->user == NULL)
		return;
	push->user->pushes_count--;
	if (push->device != NULL)
		push->device->push = NULL;
	else
		push->user->feed_push = NULL;
	push->user = NULL;
	push->device = NULL;
}

void push_free(struct push **_push)
{
	struct push *push = *_push;
	struct scheduler *scheduler = push->scheduler;

	*_push = NULL;
	i_assert(push->state != PUSH_IN_FLIGHT);
	push_abandon(push);
	if (push->state == PUSH_QUEUED && push->origin != NULL) {
		push->origin->queued--;
		DLLIST2_REMOVE(&push->origin->queue_head,
			       &push->origin->queue_tail, push);
	} else if (push->state == PUSH_FINISHED) {
		scheduler->finished_count--;
		DLLIST2_REMOVE(&scheduler->finished_head,
			       &scheduler->finished_tail, push);
	}
	scheduler->pushes_count--;
	event_line_unref(&push->line);
	target_unref(&push->target);
	event_unref(&push->sent_event);
	i_free(push->push_id);
	i_free(push->code);
	i_free(push->result_text);
	i_free(push);
}

void push_detach(struct device *device)
{
	struct push *push = device->push;

	if (push == NULL)
		return;
	if (push->state == PUSH_QUEUED)
		push_free(&push);
	else
		push_abandon(push);
}

void push_forget_queued(struct device *device)
{
	struct push *push = device->push;

	if (push != NULL && push->state == PUSH_QUEUED)
		push_free(&push);
}

bool push_is_verification(const struct event_line *line)
{
	return line->event.type == LEMO_EVENT_DEVICE_SET;
}

/* What the message says of its importance moves what the device says, if it
   was looked at. */
static enum lemo_urgency urgency_of(const struct lemo_subscription *sub,
				    const struct lemo_event *event)
{
	if (event->importance == LEMO_IMPORTANCE_HIGH)
		return LEMO_URGENCY_HIGH;
	if (event->importance == LEMO_IMPORTANCE_LOW)
		return I_MIN(sub->urgency, LEMO_URGENCY_LOW);
	return sub->urgency;
}

void push_fill_job(struct channel_job *job, const struct target *target,
		   const struct event_line *line, unsigned int events)
{
	i_zero(job);
	job->uid = target->uid;
	job->user = target->user;
	job->device = target->device;
	job->sub = target->sub;
	job->event = &line->event;
	job->url = target->sub->url;
	job->set = target->set;
	job->keyring = &target->keyring;
	job->payload.device = target->device;
	job->payload.level = target->payload;
	job->payload.format = target->sub->format;
	job->payload.urgency = urgency_of(target->sub, &line->event);
	job->payload.events_count = events;
}

void push_fill_feed_job(struct channel_job *job,
			const struct notifier *notifier,
			const struct feed *feed, const struct event_line *line,
			uint32_t uid)
{
	i_zero(job);
	job->uid = uid;
	job->user = line->event.user;
	job->event = &line->event;
	job->feed = feed;
	job->url = feed->url;
	job->keyring = &feed->keyring;
	job->payload.level = notifier->set->lemonade_feed_payload;
	job->payload.urgency = LEMO_URGENCY_NORMAL;
	job->payload.events_count = 1;
	job->trusted_url = TRUE;
}

void push_set_text(struct push *push, const char *text)
{
	i_free(push->result_text);
	push->result_text = i_strdup(text);
	push->result.text = push->result_text;
}

static void push_refuse(struct push *push, enum push_refusal refusal,
			const char *text)
{
	push->refusal = refusal;
	push->result.answer = LEMO_ANSWER_PERMANENT;
	push->result_text = i_strdup(text);
	scheduler_finished(push->scheduler, push);
}

static uint32_t burst_of(uint32_t per_hour)
{
	return I_MIN(I_MAX(per_hour / BUDGET_BURST_PART, BUDGET_BURST_MIN),
		     per_hour);
}

/* Pushes an hour. Tries of the same push cost nothing. */
static bool push_in_budget(struct push *push)
{
	const struct lemonade_settings *set = push->scheduler->notifier->set;
	struct user *user = push->user;
	struct device *device = push->device;
	int64_t now = notify_clock_msecs();
	uint32_t wait;

	if (push->tries > 0 || push->origin->is_local)
		return TRUE;
	if (push_is_verification(push->line)) {
		if (lemo_budget_take(&user->verify_budget,
				     VERIFICATIONS_PER_HOUR,
				     VERIFICATIONS_PER_HOUR, now, &wait))
			return TRUE;
	} else if (lemo_budget_take(&device->budget,
				    set->lemonade_budget_device,
				    burst_of(set->lemonade_budget_device),
				    now, &wait) &&
		   lemo_budget_take(&user->budget, set->lemonade_budget_user,
				    burst_of(set->lemonade_budget_user),
				    now, &wait))
		return TRUE;
	push->not_before = now + wait;
	return FALSE;
}

/* A verification push only goes to a device that is not verified, all others
   only to one that is. */
static const char *push_device_fault(const struct push *push)
{
	const struct target *target = push->device->target;

	if (target == NULL)
		return "subscription is invalid";
	if (push->device->disabled || target->sub->disabled)
		return "device is disabled";
	if (push->device->endpoint.gone)
		return "push resource is gone";
	if (target->sub->expires != 0 && target->sub->expires <= ioloop_time)
		return "subscription expired";
	if (target->verified == push_is_verification(push->line))
		return target->verified ? "verified" : "not verified";
	return NULL;
}

static void push_answered(const struct channel_result *result, void *context)
{
	struct push *push = context;
	struct origin *origin = push->origin;
	struct scheduler *scheduler = push->scheduler;

	i_assert(push->state == PUSH_IN_FLIGHT);
	push->answered_at = notify_clock_msecs();
	push->result = *result;
	push_set_text(push, result->text == NULL ? "" : result->text);

	DLLIST_REMOVE(&origin->open_head, push);
	origin->in_flight--;
	if (origin->window == 0)
		scheduler->in_flight--;
	push->state = PUSH_FINISHED;
	scheduler_finished(scheduler, push);
	if (scheduler->stopping)
		return;
	origin_answered(origin, push);
	origin_update(origin);
}

static const char *push_make_id(const struct push *push)
{
	if (push->gen == 1)
		return push->line->event.id;
	return t_strdup_printf("%s-%lld", push->line->event.id,
			       (long long)push->gen);
}

static void push_open(struct push *push, const struct channel_vfuncs *channel)
{
	struct scheduler *scheduler = push->scheduler;

	push->push_id = i_strdup(push_make_id(push));
	push->job.push_id = push->push_id;
	push->job.tries = push->tries;
	push->state = PUSH_IN_FLIGHT;
	push->sent_at = notify_clock_msecs();
	push->sent_wall = notify_clock_wall_msecs();
	event_unref(&push->sent_event);
	push->sent_event = event_create(scheduler->event);
	DLLIST_PREPEND(&push->origin->open_head, push);
	push->origin->in_flight++;
	if (push->origin->window == 0)
		scheduler->in_flight++;
	channel->send(scheduler->notifier->http, &push->job, push_answered,
		      push);
}

/* They may have begun since the row was made, or its last try. */
static bool push_is_held(struct push *push)
{
	struct quiet *quiet = push->scheduler->notifier->quiet;

	return !push_is_verification(push->line) &&
		quiet_holds(quiet, push->device->target,
			    &push->line->event) != 0;
}

static void push_send_device(struct push *push)
{
	struct target *target = push->device->target;
	const char *fault = push_device_fault(push);

	if (fault != NULL) {
		push_refuse(push, PUSH_REFUSED_TARGET, fault);
		return;
	}
	if (push_is_held(push)) {
		push_refuse(push, PUSH_REFUSED_QUIET, "quiet hours");
		return;
	}
	if (!push_in_budget(push) || !sms_cap_take(push)) {
		push_refuse(push, PUSH_REFUSED_BUDGET, "over budget");
		return;
	}
	push->target = target;
	target_ref(target);
	push_fill_job(&push->job, target, push->line, push->events);
	webpush_fill_job(push->scheduler->notifier, &push->job, target,
			 push->device);
	emn_time_fill_job(push->scheduler->notifier, &push->job,
			  push->device);
	if (push_is_verification(push->line)) {
		push->code = i_strdup(target_get_code(
			push->scheduler->notifier, target));
		push->job.payload.verification_code = push->code;
	}
	push_open(push, target->channel);
}

void push_send(struct push *push)
{
	if (push->expires < notify_clock_msecs()) {
		push_refuse(push, PUSH_REFUSED_LATE, "waited too long");
		return;
	}
	if (push->device != NULL) {
		push_send_device(push);
		return;
	}
	if (push->feed == NULL) {
		push_refuse(push, PUSH_REFUSED_TARGET,
			    "no feed goes there any more");
		return;
	}
	push_fill_feed_job(&push->job, push->scheduler->notifier, push->feed,
			   push->line, push->user->account->uid);
	push_open(push, push->feed->channel);
}
