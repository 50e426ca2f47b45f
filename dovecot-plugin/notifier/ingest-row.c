/* A device's row in the outbox: one that waits, into which later events are
   merged, or whose alerts they end. */

#include "lib.h"
#include "ioloop.h"
#include "str.h"
#include "account.h"
#include "device.h"
#include "event-line.h"
#include "ingest-private.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "rang.h"
#include "scheduler.h"
#include "target.h"
#include "trace.h"
#include "user.h"

/* A push whose ttl is 0 still gets one try. */
#define TTL_MIN_SECS 60

const struct lemo_buf *ingest_encode(struct ingest_context *ctx)
{
	struct lemo_event *event = &ctx->line->event;
	unsigned int count = event->devices_count;

	if (ctx->encoded.len == 0) {
		event->devices_count = 0;
		lemo_event_encode(event, &ctx->encoded);
		event->devices_count = count;
		/* the LF belongs to the wire */
		if (ctx->encoded.len > 0)
			ctx->encoded.len--;
	}
	return &ctx->encoded;
}

static int64_t device_expires(const struct ingest_context *ctx,
			      const struct device *device)
{
	unsigned int secs = ctx->notifier->set->lemonade_retry_deadline;
	unsigned int ttl = I_MAX(device->row_ttl, TTL_MIN_SECS);

	return notify_clock_msecs() + (int64_t)I_MIN(secs, ttl) * 1000;
}

/* What is merged may wait as long as any of it. An event with a ttl of its own
   is this device's alone. */
static void row_merge_ttl(struct ingest_context *ctx, struct device *device)
{
	const struct lemo_subscription *sub = device->target->sub;
	struct lemo_event *event = &ctx->line->event;

	/* not known after a restart */
	if (device->row_ttl == 0)
		device->row_ttl = sub->ttl;
	device->row_ttl = I_MAX(device->row_ttl, event_ttl(event, sub));
	if (event->notify_ttl != 0)
		event->notify_ttl = device->row_ttl;
}

/* Leading edge: the first event goes at once, the window counts after a
   push. Wall clock, so never further away than the window. */
static int64_t device_due(const struct device *device)
{
	int64_t collapse = device->target->sub->collapse;
	int64_t wait = device->last_sent + collapse - ioloop_time;

	if (wait < 0 || wait > collapse)
		wait = 0;
	return notify_clock_msecs() + wait * 1000;
}

void row_add(struct ingest_context *ctx, struct device *device,
	     enum row_class class)
{
	const struct lemo_buf *encoded = ingest_encode(ctx);
	struct account *account = device->user->account;
	int64_t due = device_due(device), expires;

	device->row_ttl = event_ttl(&ctx->line->event, device->target->sub);
	expires = device_expires(ctx, device);
	if (outbox_run(ctx->notifier->outbox, OUTBOX_PENDING_ADD, "iiiiiib",
		       device->id, (int64_t)account->uid,
		       device->target->origin_key, due, expires,
		       (int64_t)class, encoded->data, encoded->len) < 0)
		return;
	account_add_device_row(account);
	device->gen = device->events = 1;
	device->row_class = class;
	/* the row before it may have ended with one */
	device->row_follows = FALSE;
	trace_queued(device, due - notify_clock_msecs());
	scheduler_add_device(ctx->notifier->scheduler, device, ctx->line,
			     due, expires);
}

bool row_is_open(const struct device *device)
{
	return device->push != NULL && device->push->state != PUSH_QUEUED;
}

void row_follow(struct ingest_context *ctx, struct device *device)
{
	const struct lemo_buf *encoded;

	row_merge_ttl(ctx, device);
	encoded = ingest_encode(ctx);
	device->gen++;
	device->events++;
	trace_merged(device);
	device->row_follows = TRUE;
	(void)outbox_run(ctx->notifier->outbox, OUTBOX_PENDING_FOLLOW, "iiiib",
			 device->id, device->gen, (int64_t)device->events,
			 device_expires(ctx, device), encoded->data,
			 encoded->len);
}

void row_merge(struct ingest_context *ctx, struct device *device,
	       enum row_class class, bool replace)
{
	struct outbox *outbox = ctx->notifier->outbox;
	const struct lemo_buf *encoded;
	struct push *push = device->push;
	int64_t expires;

	row_merge_ttl(ctx, device);
	expires = device_expires(ctx, device);
	device->gen++;
	device->events++;
	trace_merged(device);
	if (replace) {
		encoded = ingest_encode(ctx);
		device->row_class = class;
		device->row_follows = FALSE;
		(void)outbox_run(outbox, OUTBOX_PENDING_MERGE, "iiiiib",
				 device->id, device->gen,
				 (int64_t)device->events, expires,
				 (int64_t)class, encoded->data, encoded->len);
	} else {
		(void)outbox_run(outbox, OUTBOX_PENDING_COUNT_UP, "iiii",
				 device->id, device->gen,
				 (int64_t)device->events, expires);
	}
	if (push == NULL || push->state != PUSH_QUEUED)
		return;
	push->gen = device->gen;
	push->events = device->events;
	push->expires = expires;
	if (replace) {
		event_line_unref(&push->line);
		push->line = ctx->line;
		event_line_ref(ctx->line);
	}
}

void row_count(struct ingest_context *ctx, struct device *device,
	       unsigned int events)
{
	if (device->gen == 0)
		return;
	device->events += events - 1;
	row_merge(ctx, device, device->row_class, FALSE);
	row_arrivals_unknown(device);
}

void row_delete(struct ingest_context *ctx, struct device *device)
{
	if (device->gen == 0)
		return;
	trace_row_gone(device, "overtaken before it was sent");
	push_detach(device);
	(void)outbox_run(ctx->notifier->outbox, OUTBOX_PENDING_DELETE, "i",
			 device->id);
	device->gen = 0;
	row_arrivals_free(device);
	account_remove_device_row(device->user->account);
}

/* The event that speaks for the row, with a reference; NULL on failure. */
static struct event_line *
row_get_line(struct ingest_context *ctx, struct device *device,
	     unsigned int *tries_r)
{
	struct outbox *outbox = ctx->notifier->outbox;
	struct event_line *line = NULL;
	sqlite3_stmt *stmt;
	const char *error;

	stmt = outbox_query(outbox, OUTBOX_PENDING_GET, "i", device->id);
	if (outbox_row(outbox, stmt) > 0) {
		*tries_r = sqlite3_column_int(stmt, 3);
		line = event_line_parse(sqlite3_column_blob(stmt, 6),
					sqlite3_column_bytes(stmt, 6), &error);
	}
	outbox_done(stmt);
	return line;
}

static bool row_is_about(const struct event_line *line,
			 const struct lemo_event *event)
{
	return event_is_arrival(&line->event) &&
		event_mailbox_key(&line->event) == event_mailbox_key(event) &&
		event_has_uid(event, line->event.uid);
}

/* New mail in a mailbox as the event found it; of which message is not said.
   other: not even which mailbox. With a reference; NULL on failure. */
static struct event_line *make_arrival(struct ingest_context *ctx, bool other)
{
	struct lemo_event arrival = ctx->line->event;
	struct event_line *line = NULL;
	struct lemo_buf buf;
	const char *error;

	arrival.type = LEMO_EVENT_MESSAGE_NEW;
	arrival.devices_count = 0;
	arrival.uid = 0;
	arrival.modseq = 0;
	arrival.uidset = arrival.flag_names = NULL;
	if (arrival.mailbox_id != NULL)
		arrival.uri = arrival.mailbox_id;
	if (other) {
		arrival.mailbox = arrival.mailbox_guid = NULL;
		arrival.mailbox_id = NULL;
		arrival.uidvalidity = arrival.uidnext = 0;
		arrival.messages = arrival.unseen = 0;
		arrival.highest_modseq = 0;
	}
	lemo_buf_init(&buf, LEMO_EVENT_LINE_MAX);
	lemo_event_encode(&arrival, &buf);
	if (!buf.failed)
		line = event_line_parse(buf.data, buf.len - 1, &error);
	lemo_buf_free(&buf);
	return line;
}

/* Others are still to be alerted to, but the message that the row spoke of is
   not. */
static void row_speak_of_others(struct ingest_context *ctx,
				struct device *device, int64_t mailbox)
{
	struct ingest_context arrival = *ctx;

	arrival.line = make_arrival(ctx,
		mailbox != event_mailbox_key(&ctx->line->event));
	if (arrival.line == NULL)
		return;
	lemo_buf_init(&arrival.encoded, LEMO_EVENT_LINE_MAX);
	row_merge(&arrival, device, ROW_CLASS_ARRIVAL, TRUE);
	lemo_buf_free(&arrival.encoded);
	event_line_unref(&arrival.line);
}

/* Messages of the row need no alert any more. */
static void row_end_alerts(struct ingest_context *ctx, struct device *device,
			   bool about, unsigned int ended, bool tried)
{
	int64_t mailbox;
	bool wait = row_arrivals_wait(device, &mailbox);

	if (!wait && !device->arrivals.others && !tried &&
	    !row_is_open(device)) {
		row_delete(ctx, device);
		return;
	}
	if (!wait && !about && row_is_open(device)) {
		row_follow(ctx, device);
		return;
	}
	/* which is what merging adds */
	device->events -= I_MIN(device->events, ended + 1);
	if (!wait)
		row_merge(ctx, device, ROW_CLASS_OTHER, TRUE);
	else if (about)
		row_speak_of_others(ctx, device, mailbox);
	else
		row_merge(ctx, device, ROW_CLASS_ARRIVAL, FALSE);
}

bool row_overtake(struct ingest_context *ctx, struct device *device)
{
	const struct lemo_event *event = &ctx->line->event;
	struct event_line *line;
	unsigned int tries = 0, ended;
	uint32_t uid = 0;
	bool about;

	if (device->gen == 0 || device->row_class < ROW_CLASS_ARRIVAL)
		return FALSE;
	line = row_get_line(ctx, device, &tries);
	about = line != NULL && row_is_about(line, event);
	if (about)
		uid = line->event.uid;
	event_line_unref(&line);
	if (!event_ends_alert(event)) {
		/* else the phone will see the flags when it looks */
		if (about && row_is_open(device))
			row_follow(ctx, device);
		else if (about)
			trace_note(device, NULL,
				   "its message's alert still waits");
		return about;
	}
	if (about && device->events == 1)
		row_arrivals_known(device, event_mailbox_key(event), uid);
	ended = row_arrivals_end(device, event, tries > 0);
	if (ended == 0 && !about)
		return FALSE;
	row_end_alerts(ctx, device, about, ended, tries > 0);
	return TRUE;
}
