#include "lib.h"
#include "ioloop.h"
#include "llist.h"
#include "account.h"
#include "device.h"
#include "event-line.h"
#include "feeds.h"
#include "ingest.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "scheduler-private.h"
#include "target.h"
#include "user.h"

/* How often origins that are not in memory are looked for in the outbox, and
   how often at the start. */
#define SWEEP_MSECS 1000
#define SWEEP_BUSY_MSECS 2

static unsigned int origin_key_hash(const int64_t *key)
{
	return (unsigned int)*key;
}

static int origin_key_cmp(const int64_t *key1, const int64_t *key2)
{
	return *key1 == *key2 ? 0 : 1;
}

static int origin_wake_cmp(const void *p1, const void *p2)
{
	const struct origin *origin1 = p1, *origin2 = p2;

	return origin1->wake_at < origin2->wake_at ? -1 :
		(origin1->wake_at > origin2->wake_at ? 1 : 0);
}

struct scheduler *scheduler_init(struct notifier *notifier)
{
	struct scheduler *scheduler = i_new(struct scheduler, 1);

	scheduler->notifier = notifier;
	scheduler->event = notifier->event;
	hash_table_create(&scheduler->origins, default_pool, 0,
			  origin_key_hash, origin_key_cmp);
	scheduler->wakes = priorityq_init(origin_wake_cmp, 64);
	return scheduler;
}

static void scheduler_clear(struct scheduler *scheduler)
{
	struct origin *origin, *next;
	struct push *push;

	while ((push = scheduler->finished_head) != NULL)
		push_free(&push);
	for (origin = scheduler->head; origin != NULL; origin = next) {
		next = origin->next;
		origin_drop_queue(origin);
		if (origin->in_flight == 0)
			origin_free(origin);
	}
}

void scheduler_deinit(struct scheduler **_scheduler)
{
	struct scheduler *scheduler = *_scheduler;

	*_scheduler = NULL;
	scheduler_clear(scheduler);
	/* http_sender_deinit() has answered what was in flight */
	i_assert(scheduler->head == NULL);
	timeout_remove(&scheduler->to_wake);
	timeout_remove(&scheduler->to_sweep);
	priorityq_deinit(&scheduler->wakes);
	hash_table_destroy(&scheduler->origins);
	i_free(scheduler);
}

static void scheduler_sweep_more(struct scheduler *scheduler)
{
	timeout_remove(&scheduler->to_sweep);
	scheduler->to_sweep = timeout_add_short(scheduler->swept ?
						SWEEP_MSECS : SWEEP_BUSY_MSECS,
						scheduler_sweep_more,
						scheduler);
	if (outbox_is_usable(scheduler->notifier->outbox))
		scheduler_sweep(scheduler);
	scheduler_run(scheduler);
}

void scheduler_stop(struct scheduler *scheduler)
{
	scheduler->stopping = TRUE;
}

void scheduler_reset(struct scheduler *scheduler)
{
	struct push *push;
	struct origin *origin;

	scheduler_clear(scheduler);
	for (origin = scheduler->head; origin != NULL; origin = origin->next) {
		for (push = origin->open_head; push != NULL; push = push->next)
			push_abandon(push);
	}
	scheduler->sweep_device_origin = scheduler->sweep_feed_origin = 0;
	scheduler->swept = FALSE;
	timeout_remove(&scheduler->to_sweep);
	scheduler->to_sweep = timeout_add_short(0, scheduler_sweep_more,
						scheduler);
}

/* Rows before those in memory keep their place: no overtaking. */
static bool origin_has_room(const struct origin *origin,
			    const struct origin_rows *rows)
{
	return !rows->backlog && origin->queued < ORIGIN_QUEUE_MAX &&
		origin->scheduler->pushes_count < PUSHES_MAX;
}

static void origin_rows_due(struct origin_rows *rows, int64_t due)
{
	if (due <= notify_clock_msecs())
		rows->backlog = TRUE;
	else if (due < rows->next_due)
		rows->next_due = due;
}

void scheduler_add_device(struct scheduler *scheduler, struct device *device,
			  struct event_line *line, int64_t due,
			  int64_t expires)
{
	struct origin *origin = origin_get(scheduler,
					   device->target->origin_key);
	struct push *push;

	origin_set_name(origin, device->target->origin_name);
	if (due > notify_clock_msecs() ||
	    !origin_has_room(origin, &origin->device_rows)) {
		origin_rows_due(&origin->device_rows, due);
	} else {
		push = push_add_device(origin, device, line);
		push->expires = expires;
	}
	origin_update(origin);
}

void scheduler_add_feed(struct scheduler *scheduler, struct user *user,
			struct event_line *line, int64_t seq, int64_t due,
			int64_t expires)
{
	struct origin *origin = origin_get(scheduler, user->feed->origin_key);
	struct push *push;

	origin_set_name(origin, user->feed->origin_name);
	if (!origin_has_room(origin, &origin->feed_rows)) {
		origin_rows_due(&origin->feed_rows, due);
	} else {
		push = push_add_feed(origin, user, user->feed, line, seq);
		push->expires = expires;
	}
	origin_update(origin);
}

void scheduler_origin_changed(struct scheduler *scheduler, int64_t key)
{
	struct origin *origin = origin_get(scheduler, key);

	origin->device_rows.backlog = origin->feed_rows.backlog = TRUE;
	origin_update(origin);
}

void scheduler_origin_due(struct scheduler *scheduler, int64_t key,
			  int64_t due)
{
	struct origin *origin = origin_get(scheduler, key);

	origin_rows_due(&origin->device_rows, due);
	origin_rows_due(&origin->feed_rows, due);
	origin_update(origin);
}

void scheduler_retry_all(struct scheduler *scheduler)
{
	struct origin *origin;

	for (origin = scheduler->head; origin != NULL; origin = origin->next) {
		lemo_breaker_success(&origin->breaker);
		origin->budget_until = 0;
		origin_drop_queue(origin);
		origin_update(origin);
	}
	scheduler->sweep_device_origin = scheduler->sweep_feed_origin = 0;
}

static void scheduler_wake(struct scheduler *scheduler)
{
	int64_t now = notify_clock_msecs();
	struct priorityq_item *item;
	struct origin *origin;

	timeout_remove(&scheduler->to_wake);
	while ((item = priorityq_peek(scheduler->wakes)) != NULL) {
		origin = container_of(item, struct origin, item);
		if (origin->wake_at > now)
			break;
		origin_wake(origin, now);
		origin_update(origin);
	}
	scheduler_run(scheduler);
	scheduler_wake_at(scheduler);
}

void scheduler_wake_at(struct scheduler *scheduler)
{
	struct priorityq_item *item = priorityq_peek(scheduler->wakes);
	struct origin *origin;
	int64_t wait;

	timeout_remove(&scheduler->to_wake);
	if (item == NULL)
		return;
	origin = container_of(item, struct origin, item);
	wait = origin->wake_at - notify_clock_msecs() + 1;
	/* looks again at least each second, whatever the clocks do */
	wait = I_MAX(1, I_MIN(wait, 1000));
	scheduler->to_wake = timeout_add_short(wait, scheduler_wake, scheduler);
}

/* Sends one of this origin's. False if there is none that may go now. */
static bool origin_send_one(struct origin *origin)
{
	struct push *push;

	origin_wake(origin, notify_clock_msecs());
	if (origin->queued == 0)
		origin_load(origin);
	if (origin->queued == 0 || !origin_may_send(origin))
		return FALSE;
	push = origin->queue_head;
	DLLIST2_REMOVE(&origin->queue_head, &origin->queue_tail, push);
	origin->queued--;
	push_send(push);
	return TRUE;
}

void scheduler_run(struct scheduler *scheduler)
{
	struct origin *origin;

	/* a channel may answer at once, and an answer may run us */
	if (scheduler->running ||
	    !outbox_is_usable(scheduler->notifier->outbox))
		return;
	scheduler->running = TRUE;
	while ((origin = scheduler->ready_head) != NULL &&
	       scheduler->in_flight < SCHEDULER_OPEN_MAX &&
	       scheduler->finished_count < PUSHES_MAX) T_BEGIN {
		DLLIST2_REMOVE_FULL(&scheduler->ready_head,
				    &scheduler->ready_tail, origin,
				    ready_prev, ready_next);
		origin->is_ready = FALSE;
		(void)origin_send_one(origin);
		/* to the end of the line, if it has more */
		origin_update(origin);
	} T_END;
	scheduler->running = FALSE;
}

void scheduler_finished(struct scheduler *scheduler, struct push *push)
{
	push->state = PUSH_FINISHED;
	DLLIST2_APPEND(&scheduler->finished_head, &scheduler->finished_tail,
		       push);
	scheduler->finished_count++;
	ingest_want_turn(scheduler->notifier->ingest);
}

unsigned int scheduler_finished_count(const struct scheduler *scheduler)
{
	return scheduler->finished_count;
}

void scheduler_flush(struct scheduler *scheduler)
{
	struct push *push;

	/* Should the commit fail, the rows are still there and tried again,
	   under the same ids. */
	while ((push = scheduler->finished_head) != NULL) {
		push_write_off(push);
		push_free(&push);
	}
}

void scheduler_get_stats(struct scheduler *scheduler,
			 struct scheduler_stats *stats_r)
{
	int64_t now = notify_clock_msecs();
	struct origin *origin;

	i_zero(stats_r);
	stats_r->in_flight = scheduler->in_flight;
	for (origin = scheduler->head; origin != NULL; origin = origin->next) {
		stats_r->origins++;
		stats_r->queued += origin->queued;
		if (lemo_breaker_is_open(&origin->breaker, now))
			stats_r->breakers_open++;
	}
}
