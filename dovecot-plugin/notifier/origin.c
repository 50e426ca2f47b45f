#include "lib.h"
#include "hash.h"
#include "llist.h"
#include "origin-key.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "notify-events.h"
#include "scheduler-private.h"

#define BURST_PART 6 /* of an hour's budget may go at once */

static void origins_shrink(struct scheduler *scheduler)
{
	struct origin *origin = scheduler->tail, *prev;
	unsigned int looked;

	/* rows of an evicted one are found again by the sweep */
	for (looked = 0; looked < 16 && origin != NULL &&
	     hash_table_count(scheduler->origins) >= ORIGINS_MAX;
	     looked++, origin = prev) {
		prev = origin->prev;
		if (origin->in_flight == 0 && origin->queued == 0)
			origin_free(origin);
	}
}

static void origin_rows_init(struct origin_rows *rows)
{
	i_zero(rows);
	rows->next_due = INT64_MAX;
}

struct origin *origin_get(struct scheduler *scheduler, int64_t key)
{
	struct origin *origin;

	origin = hash_table_lookup(scheduler->origins, &key);
	if (origin != NULL) {
		if (origin != scheduler->head) {
			DLLIST2_REMOVE(&scheduler->head, &scheduler->tail,
				       origin);
			DLLIST2_PREPEND(&scheduler->head, &scheduler->tail,
					origin);
		}
		return origin;
	}
	origins_shrink(scheduler);
	origin = i_new(struct origin, 1);
	origin->scheduler = scheduler;
	origin->key = key;
	origin->is_local = key == origin_key("log:") ||
		key == origin_key("null:");
	origin_rows_init(&origin->device_rows);
	origin_rows_init(&origin->feed_rows);
	hash_table_insert(scheduler->origins, &origin->key, origin);
	DLLIST2_PREPEND(&scheduler->head, &scheduler->tail, origin);
	return origin;
}

void origin_set_name(struct origin *origin, const char *name)
{
	if (origin->name == NULL)
		origin->name = i_strdup(name);
}

static void origin_unready(struct origin *origin)
{
	struct scheduler *scheduler = origin->scheduler;

	if (origin->is_ready) {
		DLLIST2_REMOVE_FULL(&scheduler->ready_head,
				    &scheduler->ready_tail, origin,
				    ready_prev, ready_next);
		origin->is_ready = FALSE;
	}
	if (origin->in_priorityq) {
		priorityq_remove(scheduler->wakes, &origin->item);
		origin->in_priorityq = FALSE;
	}
}

void origin_free(struct origin *origin)
{
	struct scheduler *scheduler = origin->scheduler;

	i_assert(origin->queued == 0 && origin->in_flight == 0);
	origin_unready(origin);
	hash_table_remove(scheduler->origins, &origin->key);
	DLLIST2_REMOVE(&scheduler->head, &scheduler->tail, origin);
	i_free(origin->name);
	i_free(origin);
}

void origin_drop_queue(struct origin *origin)
{
	struct push *push;

	while ((push = origin->queue_head) != NULL)
		push_free(&push);
	origin_rows_init(&origin->device_rows);
	origin_rows_init(&origin->feed_rows);
	origin->device_rows.backlog = origin->feed_rows.backlog = TRUE;
}

unsigned int origin_max_open(const struct origin *origin)
{
	if (origin->is_local)
		return SCHEDULER_OPEN_MAX;
	/* one probe at a time until an answer comes */
	if (origin->breaker.failures >= LEMO_BREAKER_FAILURES)
		return 1;
	if (origin->window > 0)
		return origin->window;
	return origin->scheduler->notifier->set->lemonade_origin_connections;
}

static bool origin_has_work(const struct origin *origin)
{
	return origin->queued > 0 || origin->device_rows.backlog ||
		origin->feed_rows.backlog;
}

/* When to look at it again, if it is not ready now. */
static int64_t origin_next_look(const struct origin *origin, int64_t now)
{
	int64_t next = I_MIN(origin->device_rows.next_due,
			     origin->feed_rows.next_due);

	if (origin_has_work(origin))
		next = now;
	if (lemo_breaker_is_open(&origin->breaker, now) &&
	    next < origin->breaker.open_until)
		next = origin->breaker.open_until;
	return I_MAX(next, origin->budget_until);
}

void origin_update(struct origin *origin)
{
	struct scheduler *scheduler = origin->scheduler;
	int64_t now = notify_clock_msecs();
	int64_t next = origin_next_look(origin, now);
	bool ready = next <= now && origin->in_flight < origin_max_open(origin);

	if (ready && origin->is_ready)
		return;
	origin_unready(origin);
	if (ready) {
		origin->is_ready = TRUE;
		DLLIST2_APPEND_FULL(&scheduler->ready_head,
				    &scheduler->ready_tail, origin,
				    ready_prev, ready_next);
	} else if (next > now && next != INT64_MAX) {
		origin->wake_at = next;
		origin->in_priorityq = TRUE;
		priorityq_add(scheduler->wakes, &origin->item);
		scheduler_wake_at(scheduler);
	}
	/* else an answer will update it */
}

static void origin_rows_wake(struct origin_rows *rows, int64_t now)
{
	if (rows->next_due <= now) {
		rows->backlog = TRUE;
		rows->next_due = INT64_MAX;
	}
}

void origin_wake(struct origin *origin, int64_t now)
{
	origin_rows_wake(&origin->device_rows, now);
	origin_rows_wake(&origin->feed_rows, now);
}

bool origin_may_send(struct origin *origin)
{
	unsigned int per_hour =
		origin->scheduler->notifier->set->lemonade_budget_origin;
	int64_t now = notify_clock_msecs();
	uint32_t wait;

	if (origin->is_local)
		return TRUE;
	if (lemo_breaker_is_open(&origin->breaker, now) ||
	    origin->in_flight >= origin_max_open(origin))
		return FALSE;
	if (origin->window == 0 &&
	    !lemo_budget_take(&origin->budget, per_hour, per_hour / BURST_PART,
			      now, &wait)) {
		origin->budget_until = now + wait;
		return FALSE;
	}
	return TRUE;
}

static const char *origin_log_name(const struct origin *origin)
{
	return origin->name == NULL ? "?" : origin->name;
}

static void origin_failed(struct origin *origin, const struct push *push)
{
	int64_t now = notify_clock_msecs();

	/* those that were in flight together fail together: once is enough. A
	   batch may do so in the millisecond in which it was sent. */
	if (push->sent_at <= origin->last_failure)
		return;
	origin->last_failure = now;
	lemo_breaker_failure(&origin->breaker, now, i_rand());
	if (origin->breaker.failures == 1) {
		e_info(origin->scheduler->event, "%s: %s; trying again",
		       origin_log_name(origin), push->result_text);
	} else if (origin->breaker.failures == LEMO_BREAKER_FAILURES) {
		/* it will be a while: room for others */
		origin_drop_queue(origin);
		e_warning(notify_event_breaker(origin, TRUE), "%s: %s, %u "
			  "times in a row; its pushes wait, one at a time asks "
			  "again", origin_log_name(origin), push->result_text,
			  origin->breaker.failures);
	}
}

void origin_answered(struct origin *origin, const struct push *push)
{
	if (push->result.origin_failed) {
		origin_failed(origin, push);
		return;
	}
	if (origin->breaker.failures >= LEMO_BREAKER_FAILURES) {
		e_info(notify_event_breaker(origin, FALSE),
		       "%s: answers again", origin_log_name(origin));
	}
	lemo_breaker_success(&origin->breaker);
}
