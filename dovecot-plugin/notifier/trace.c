#include "lib.h"
#include "account.h"
#include "channel.h"
#include "event-line.h"
#include "feeds.h"
#include "lemo-trace.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "scheduler-private.h"
#include "target.h"
#include "trace.h"
#include "trace-files.h"
#include "user.h"
#include "users-private.h"

struct trace {
	struct notifier *notifier;
	struct trace_files *files;
	/* what is worked at, NULL between them */
	const struct lemo_event *event;
	int64_t generation;
	/* what held it back until now */
	const char *resumed;
};

struct trace *trace_init(struct notifier *notifier)
{
	const struct lemonade_settings *set = notifier->set;
	struct trace *trace;

	if (set->lemonade_trace_retention == 0)
		return NULL;
	trace = i_new(struct trace, 1);
	trace->notifier = notifier;
	trace->files = trace_files_init(notifier->event, t_strconcat(
		set->lemonade_state_dir, "/"TRACE_DIR_NAME, NULL),
		set->lemonade_trace_size, set->lemonade_trace_retention);
	return trace;
}

void trace_deinit(struct trace **_trace)
{
	struct trace *trace = *_trace;

	*_trace = NULL;
	if (trace == NULL)
		return;
	trace_commit(trace, TRUE);
	trace_files_deinit(&trace->files);
	i_free(trace);
}

static void trace_add(struct trace *trace, struct account *account,
		      const struct lemo_trace_record *record)
{
	struct lemo_buf *buf;
	size_t len;

	if (account->trace == NULL)
		account->trace = trace_files_get(trace->files, account->uid);
	buf = trace_log_buffer(account->trace);
	len = buf->len;
	lemo_trace_encode(record, buf);
	/* half a line would spoil the next */
	if (buf->failed) {
		buf->failed = FALSE;
		buf->len = len;
	}
}

static void trace_add_device(const struct device *device,
			     struct lemo_trace_record *record)
{
	struct trace *trace = device->users->notifier->trace;

	record->time = notify_clock_wall_msecs();
	record->user = device->user->name;
	record->device = device->name;
	if (record->event_id == NULL && trace->event != NULL)
		record->event_id = trace->event->id;
	trace_add(trace, device->user->account, record);
}

void trace_event(struct trace *trace, struct account *account,
		 const struct lemo_event *event, bool feed)
{
	struct lemo_trace_record record = {
		.kind = LEMO_TRACE_EVENT,
		.user = event->user,
		.event_id = event->id,
		.type = lemo_event_type_name(event->type),
		.service = event->service,
		.mailbox = event->mailbox,
		.mailbox_key = event_mailbox_key(event),
		.uid = event->uid,
		.uidset = event->uid != 0 ? NULL : event->uidset,
		.message_id = event->message_id,
		.flag_names = event->flag_names,
		.feed = feed
	};

	if (trace == NULL)
		return;
	trace->event = event;
	record.time = notify_clock_wall_msecs();
	trace_add(trace, account, &record);
}

void trace_push(struct trace *trace, const struct push *push)
{
	if (trace == NULL)
		return;
	trace->event = &push->line->event;
	trace->generation = push->device == NULL ? 0 : push->gen;
}

void trace_again(struct trace *trace, const struct lemo_event *event)
{
	if (trace != NULL)
		trace->event = event;
}

void trace_resume(struct trace *trace, const struct lemo_event *event,
		  enum held_back reason)
{
	if (trace == NULL)
		return;
	trace->event = event;
	trace->resumed = held_back_names[reason];
}

void trace_end(struct trace *trace)
{
	if (trace == NULL)
		return;
	trace->event = NULL;
	trace->generation = 0;
	trace->resumed = NULL;
}

static bool trace_is_on(const struct device *device)
{
	return device->users->notifier->trace != NULL;
}

void trace_held_back(const struct device *device, enum held_back reason)
{
	struct lemo_trace_record record = {
		.kind = LEMO_TRACE_HELD_BACK,
		.reason = held_back_names[reason]
	};

	if (!trace_is_on(device))
		return;
	record.generation = device->users->notifier->trace->generation;
	if (reason == HELD_BACK_FILTER && device->target != NULL)
		record.detail = device->target->sub->filter;
	trace_add_device(device, &record);
}

void trace_queued(const struct device *device, int64_t wait)
{
	struct lemo_trace_record record = {
		.kind = LEMO_TRACE_QUEUED,
		.generation = device->gen,
		.wait = wait <= 0 ? 0 : wait,
		.detail = wait <= 0 ? NULL : "collapse"
	};

	if (!trace_is_on(device))
		return;
	record.reason = device->users->notifier->trace->resumed;
	trace_add_device(device, &record);
}

void trace_merged(const struct device *device)
{
	struct lemo_trace_record record = {
		.kind = LEMO_TRACE_MERGED,
		.generation = device->gen,
		.events = device->events
	};

	if (!trace_is_on(device))
		return;
	record.reason = device->users->notifier->trace->resumed;
	trace_add_device(device, &record);
}

static void trace_not_sent(const struct device *device, int64_t generation,
			   const char *why)
{
	struct lemo_trace_record record = {
		.kind = LEMO_TRACE_NOT_SENT,
		.generation = generation,
		.reason = why,
		.final = TRUE
	};

	if (trace_is_on(device))
		trace_add_device(device, &record);
}

void trace_row_gone(const struct device *device, const char *why)
{
	trace_not_sent(device, device->gen, why);
}

void trace_not_resumed(const struct device *device, const char *why)
{
	trace_not_sent(device, 0, why);
}

void trace_note(const struct device *device, const struct lemo_event *event,
		const char *words)
{
	struct lemo_trace_record record = {
		.kind = LEMO_TRACE_NOTE,
		.event_id = event == NULL ? NULL : event->id,
		.reason = words
	};

	if (trace_is_on(device))
		trace_add_device(device, &record);
}

/* Channel and origin. */
static const char *push_where(const struct push *push)
{
	if (push->device == NULL) {
		return push->feed == NULL ? NULL :
			t_strconcat(push->feed->channel->name, " ",
				    push->feed->origin_name, NULL);
	}
	if (push->target == NULL)
		return NULL;
	if (!push->target->channel->needs_url)
		return push->target->channel->name;
	return t_strconcat(push->target->channel->name, " ",
			   push->target->origin_name, NULL);
}

static const char *end_words(const struct push *push, const char *what)
{
	if (strcmp(what, "deadline") == 0)
		return "given up, its time is over";
	if (strcmp(what, "permanent") == 0)
		return "refused for good";
	if (strcmp(what, "gone") == 0)
		return "its subscription is gone, the entry goes, too";
	return push->result.answer == LEMO_ANSWER_DONE ? NULL : what;
}

static void push_record_sent(const struct push *push, const char *what,
			     struct lemo_trace_record *record)
{
	int64_t now = notify_clock_msecs();

	record->kind = LEMO_TRACE_SENT;
	record->time = push->sent_wall;
	record->msecs = I_MAX(push->answered_at - push->sent_at, 0);
	record->where = push_where(push);
	record->result = push->result_text;
	record->events = push->events;
	record->tries = push->tries;
	if (!record->final)
		record->wait = I_MAX(push->next_try - now, 1);
	else
		record->reason = end_words(push, what);
}

/* It waits, e.g. for its budget: device_hold_back() says so. */
static bool push_is_over(const struct push *push)
{
	return push->refusal == PUSH_REFUSED_NOT ||
		push->refusal == PUSH_REFUSED_TARGET ||
		push->refusal == PUSH_REFUSED_LATE;
}

void trace_answered(const struct push *push, const char *what)
{
	struct trace *trace = push->scheduler->notifier->trace;
	struct lemo_trace_record record = {
		.kind = LEMO_TRACE_NOT_SENT,
		.user = push->line->event.user,
		.event_id = push->line->event.id,
		.device = push->device == NULL ? LEMO_TRACE_FEED :
			push->device->name,
		.generation = push->device == NULL ? 0 : push->gen,
		.reason = push->result_text
	};

	if (trace == NULL || !push_is_over(push))
		return;
	record.time = notify_clock_wall_msecs();
	record.final = strcmp(what, "retry") != 0;
	if (push->refusal == PUSH_REFUSED_NOT)
		push_record_sent(push, what, &record);
	trace_add(trace, push->user->account, &record);
}

void trace_commit(struct trace *trace, bool committed)
{
	if (trace != NULL)
		trace_files_flush(trace->files, committed);
}

void trace_get_stats(const struct trace *trace, struct trace_stats *stats_r)
{
	i_zero(stats_r);
	if (trace == NULL)
		return;
	stats_r->octets = trace_files_octets(trace->files);
	stats_r->files = trace_files_count(trace->files);
}
