/* What an event means for each device and for the feed. */

#include "lib.h"
#include "ioloop.h"
#include "str.h"
#include "str-sanitize.h"
#include "account.h"
#include "device.h"
#include "event-line.h"
#include "feeds.h"
#include "held.h"
#include "ingest-event.h"
#include "lemo-limits.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "presence.h"
#include "push.h"
#include "quiet.h"
#include "rang.h"
#include "scheduler.h"
#include "target.h"
#include "trace.h"
#include "user.h"

/* A push whose ttl is 0 still gets one try. */
#define TTL_MIN_SECS 60
#define DENIED_LOG_SECS 60

struct ingest_context {
	struct notifier *notifier;
	struct user *user;
	struct event_line *line;
	/* as it is stored: without devices, which are state, not event */
	struct lemo_buf encoded;
	/* what the acknowledgement says of devices that are gone */
	string_t *gone;
};

static const struct lemo_buf *encode_event(struct ingest_context *ctx)
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
	unsigned int ttl = I_MAX(device->target->sub->ttl, TTL_MIN_SECS);

	return notify_clock_msecs() + (int64_t)I_MIN(secs, ttl) * 1000;
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

static void row_add(struct ingest_context *ctx, struct device *device,
		    enum row_class class)
{
	const struct lemo_buf *encoded = encode_event(ctx);
	struct account *account = device->user->account;
	int64_t due = device_due(device);
	int64_t expires = device_expires(ctx, device);

	if (outbox_run(ctx->notifier->outbox, OUTBOX_PENDING_ADD, "iiiiiib",
		       device->id, (int64_t)account->uid,
		       device->target->origin_key, due, expires,
		       (int64_t)class, encoded->data, encoded->len) < 0)
		return;
	account_add_device_row(account);
	device->gen = device->events = 1;
	device->row_class = class;
	trace_queued(device, due - notify_clock_msecs());
	scheduler_add_device(ctx->notifier->scheduler, device, ctx->line,
			     due, expires);
}

static bool row_is_open(const struct device *device)
{
	return device->push != NULL && device->push->state != PUSH_QUEUED;
}

/* What is in flight does not tell of this event: it gets a push of its own,
   unless that one fails, whose next try then comes after it. */
static void row_follow(struct ingest_context *ctx, struct device *device)
{
	const struct lemo_buf *encoded = encode_event(ctx);

	device->gen++;
	device->events++;
	trace_merged(device);
	device->row_follows = TRUE;
	(void)outbox_run(ctx->notifier->outbox, OUTBOX_PENDING_FOLLOW, "iiiib",
			 device->id, device->gen, (int64_t)device->events,
			 device_expires(ctx, device), encoded->data,
			 encoded->len);
}

/* One more event in a row that waits. replace: it speaks for the row. */
static void row_merge(struct ingest_context *ctx, struct device *device,
		      enum row_class class, bool replace)
{
	struct outbox *outbox = ctx->notifier->outbox;
	int64_t expires = device_expires(ctx, device);
	const struct lemo_buf *encoded;
	struct push *push = device->push;

	device->gen++;
	device->events++;
	trace_merged(device);
	if (replace) {
		encoded = encode_event(ctx);
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

/* So many more, of which the row's event speaks already. */
static void row_count(struct ingest_context *ctx, struct device *device,
		      unsigned int events)
{
	if (device->gen == 0)
		return;
	device->events += events - 1;
	row_merge(ctx, device, device->row_class, FALSE);
	row_arrivals_unknown(device);
}

static void row_delete(struct ingest_context *ctx, struct device *device)
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

/* The event is about messages whose alerts still wait: then there is nothing to
   alert to, or, if that was tried already, the event speaks for the row from
   now on. If an alert is in flight or was just answered, the event follows it.
   False if it is about other messages. */
static bool row_overtake(struct ingest_context *ctx, struct device *device)
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

static enum row_class class_of(const struct device *device,
			       const struct lemo_event *event)
{
	if (!event_is_arrival(event))
		return ROW_CLASS_OTHER;
	return quiet_lets_pass(device->target->sub, event) ?
		ROW_CLASS_URGENT : ROW_CLASS_ARRIVAL;
}

static void device_add_event(struct ingest_context *ctx,
			     struct device *device, enum row_class class)
{
	/* what is being told of speaks for it no more */
	bool open = row_is_open(device);

	if (device->gen == 0)
		row_add(ctx, device, class);
	else if (class < ROW_CLASS_ARRIVAL && class < device->row_class && open)
		row_follow(ctx, device);
	else
		row_merge(ctx, device, class, class >= device->row_class ||
			  (class >= ROW_CLASS_ARRIVAL && open));
	if (class >= ROW_CLASS_ARRIVAL)
		row_arrivals_add(device, &ctx->line->event);
	else
		device->arrivals.others = TRUE;
}

/* In quiet hours it waits for their end. */
static bool device_holds(struct ingest_context *ctx, struct device *device,
			 enum row_class class)
{
	struct notifier *notifier = ctx->notifier;
	const struct lemo_buf *encoded;
	struct held_event add = {
		.event = &ctx->line->event, .class = class, .events = 1
	};

	add.until = quiet_holds(notifier->quiet, device->target, add.event);
	if (add.until == 0)
		return FALSE;
	encoded = encode_event(ctx);
	add.data = encoded->data;
	add.len = encoded->len;
	held_add(notifier->held, device, &add);
	device_hold_back(device, HELD_BACK_QUIET);
	return TRUE;
}

static void device_event(struct ingest_context *ctx, struct device *device)
{
	const struct lemo_event *event = &ctx->line->event;
	enum row_class class = class_of(device, event);
	int64_t ring = event_ring_key(event);

	if (event_is_about_rung(event) &&
	    (held_overtake(ctx->notifier->held, device, event) ||
	     row_overtake(ctx, device)))
		return;
	if (presence_holds_back(ctx->notifier->presence, device,
				ctx->line)) {
		device_hold_back(device, HELD_BACK_PRESENCE);
		return;
	}
	if (event_is_about_rung(event)) {
		if (!rang_has(ctx->notifier->rang, device->id, event)) {
			device_hold_back(device, HELD_BACK_SILENT);
			return;
		}
	} else if (!device_rings_first_time(device, ring)) {
		device_hold_back(device, HELD_BACK_COPY);
		return;
	}
	if (device_holds(ctx, device, class))
		return;
	if (class >= ROW_CLASS_ARRIVAL)
		rang_add(ctx->notifier->rang, device->id, event, ring);
	device_add_event(ctx, device, class);
}

static void device_unverified(struct device *device)
{
	device_hold_back(device, HELD_BACK_UNVERIFIED);
	if (device->target->sub->verification_code == NULL)
		return;
	i_free(device->last_result);
	device->last_result = i_strdup("the verification code was not made "
		"with a key of this server: let the app subscribe again");
}

/* The notifier's own conditions, whatever the plugin said. */
static bool device_wants(struct device *device)
{
	const struct lemo_subscription *sub = device->target->sub;

	if (device->disabled || sub->disabled)
		device_hold_back(device, HELD_BACK_DISABLED);
	else if (sub->expires != 0 && sub->expires <= ioloop_time)
		device_hold_back(device, HELD_BACK_EXPIRED);
	else if (!device->target->verified)
		device_unverified(device);
	else if (device->endpoint.gone)
		device_hold_back(device, HELD_BACK_GONE);
	else
		return TRUE;
	return FALSE;
}

static void device_matched(struct ingest_context *ctx,
			   const struct lemo_event_device *verdict)
{
	struct users *users = ctx->notifier->users;
	struct device *device;
	const char *error;

	device = device_get(users, ctx->user, verdict->name);
	if (device == NULL)
		return;
	device->last_event = ioloop_time;
	device_set_dirty(device);
	if (device_set_subscription(device, verdict->subscription,
				    &error) < 0) {
		device_hold_back(device, HELD_BACK_INVALID);
		return;
	}
	target_verify(ctx->notifier, device->target);
	if (device->target->payload < device->target->sub->payload)
		device_hold_back(device, HELD_BACK_CEILING);
	if (device_wants(device))
		device_event(ctx, device);
	if (device->endpoint.gone)
		device_endpoint_tell(device, ctx->gone);
}

static void ingest_verdict(struct ingest_context *ctx,
			   const struct lemo_event_device *verdict)
{
	struct device *device;
	enum held_back reason;

	if (!lemo_device_name_is_valid(verdict->name))
		return;
	if (strcmp(verdict->verdict, LEMO_VERDICT_MATCH) == 0) {
		if (verdict->subscription != NULL)
			device_matched(ctx, verdict);
		return;
	}
	if (!held_back_of_verdict(verdict->verdict, &reason))
		return;
	device = device_find(ctx->notifier->users, ctx->user, verdict->name);
	if (device != NULL)
		device_hold_back(device, reason);
}

static void ingest_feed(struct ingest_context *ctx)
{
	struct notifier *notifier = ctx->notifier;
	struct user *user = ctx->user;
	const struct lemo_buf *encoded;
	int64_t uid = user->account->uid, now = notify_clock_msecs();
	int64_t expires = now +
		(int64_t)notifier->set->lemonade_retry_deadline * 1000;
	sqlite3_stmt *stmt;
	int ret;

	if (user->feed_rows < 0) {
		stmt = outbox_query(notifier->outbox, OUTBOX_FEED_COUNT, "is",
				    uid, user->name);
		if (outbox_row(notifier->outbox, stmt) > 0)
			user->feed_rows = sqlite3_column_int(stmt, 0);
		outbox_done(stmt);
	}
	encoded = encode_event(ctx);
	/* behind an earlier one it has no time of its own */
	ret = user->feed_rows == 0 ?
		outbox_run(notifier->outbox, OUTBOX_FEED_ADD, "isiiib", uid,
			   user->name, user->feed->origin_key, now, expires,
			   encoded->data, encoded->len) :
		outbox_run(notifier->outbox, OUTBOX_FEED_ADD, "isinib", uid,
			   user->name, user->feed->origin_key, expires,
			   encoded->data, encoded->len);
	if (ret < 0)
		return;
	user->account->rows++;
	if (user->feed_rows++ == 0) {
		scheduler_add_feed(notifier->scheduler, user, ctx->line,
				   outbox_last_rowid(notifier->outbox), now,
				   expires);
	}
}

/* A device was written. Without its code it hears nothing but the code. */
static const char *ingest_device_set(struct ingest_context *ctx)
{
	const struct lemo_event *event = &ctx->line->event;
	const struct lemo_event_device *verdict = &event->devices[0];
	struct device *device;
	const char *error;

	if (event->devices_count != 1 || verdict->subscription == NULL ||
	    !lemo_device_name_is_valid(verdict->name))
		return "bad\tdevice is missing";
	device = device_get(ctx->notifier->users, ctx->user, verdict->name);
	if (device == NULL)
		return "full\tall devices of this uid have pushes that wait "
			"(lemonade_outbox_limit)";
	if (device_set_subscription(device, verdict->subscription,
				    &error) < 0)
		return "bad\tsubscription is invalid";
	/* writing the same once more enables it too */
	device->disabled = FALSE;
	device->failing_since = 0;
	device_endpoint_written(device);
	device_set_dirty(device);
	trace_note(device, NULL, device->target->verified ?
		   "its entry was written" :
		   "its entry was written without a good verification code");

	if (device->gen != 0 && (device->row_class == ROW_CLASS_VERIFICATION ||
				 !device->target->verified))
		row_delete(ctx, device);
	if (!device->target->verified && !device->target->sub->disabled)
		row_add(ctx, device, ROW_CLASS_VERIFICATION);
	return NULL;
}

static const char *ingest_device_unset(struct ingest_context *ctx)
{
	const struct lemo_event *event = &ctx->line->event;
	struct device *device;

	if (event->devices_count != 1 ||
	    !lemo_device_name_is_valid(event->devices[0].name))
		return "bad\tdevice is missing";
	device = device_find(ctx->notifier->users, ctx->user,
			     event->devices[0].name);
	if (device != NULL) {
		trace_note(device, NULL, "its entry was removed");
		device_delete(&device);
	}
	return NULL;
}

/* Forged, or the admin forgot to say who handles the domain's mail. */
static void feed_denied(struct ingest_context *ctx)
{
	struct account *account = ctx->user->account;

	if (ioloop_time < account->last_denied + DENIED_LOG_SECS)
		return;
	account->last_denied = ioloop_time;
	e_warning(ctx->notifier->event, "user %s: uid %u is not trusted with "
		  "events for the feed: they are left out. If it handles this "
		  "domain's mail, name it as MAIL-USER in lemonade_feed_file",
		  str_sanitize(ctx->user->name, 128), account->uid);
}

static bool feed_wants(const struct ingest_context *ctx)
{
	const struct lemo_event *event = &ctx->line->event;

	return event->feed && ctx->user->feed != NULL &&
		(ctx->notifier->feed_events &
		 LEMO_EVENT_MASK(event->type)) != 0;
}

static const char *ingest_store_event(struct ingest_context *ctx)
{
	const struct lemo_event *event = &ctx->line->event;
	unsigned int i;

	for (i = 0; i < event->devices_count; i++)
		ingest_verdict(ctx, &event->devices[i]);
	if (feed_wants(ctx)) {
		if (user_has_feed(ctx->user))
			ingest_feed(ctx);
		else
			feed_denied(ctx);
	}
	return NULL;
}

const char *ingest_event(struct notifier *notifier, struct account *account,
			 struct event_line *line, string_t *gone)
{
	struct ingest_context ctx = {
		.notifier = notifier,
		.user = user_get(notifier->users, account, line->event.user),
		.line = line,
		.gone = gone
	};
	const char *error;

	if (!user_is_owned(ctx.user))
		return "denied\tthe user belongs to another uid";
	trace_event(notifier->trace, account, &line->event,
		    feed_wants(&ctx) && user_has_feed(ctx.user));
	lemo_buf_init(&ctx.encoded, LEMO_EVENT_LINE_MAX);
	switch (line->event.type) {
	case LEMO_EVENT_DEVICE_SET:
		error = ingest_device_set(&ctx);
		break;
	case LEMO_EVENT_DEVICE_UNSET:
		error = ingest_device_unset(&ctx);
		break;
	default:
		error = ingest_store_event(&ctx);
	}
	lemo_buf_free(&ctx.encoded);
	trace_end(notifier->trace);
	return error;
}

bool ingest_event_held(struct notifier *notifier, struct device *device,
		       struct event_line *line, unsigned int class,
		       unsigned int events)
{
	struct ingest_context ctx = {
		.notifier = notifier, .user = device->user, .line = line
	};

	if (device->target == NULL || !device_wants(device))
		return FALSE;
	trace_resume(notifier->trace, &line->event, HELD_BACK_QUIET);
	lemo_buf_init(&ctx.encoded, LEMO_EVENT_LINE_MAX);
	device_add_event(&ctx, device, class);
	if (events > 1)
		row_count(&ctx, device, events - 1);
	lemo_buf_free(&ctx.encoded);
	trace_end(notifier->trace);
	return TRUE;
}

void ingest_event_again(struct notifier *notifier, struct account *account,
			struct event_line *line, const char *device)
{
	struct ingest_context ctx = {
		.notifier = notifier,
		.user = user_get(notifier->users, account, line->event.user),
		.line = line
	};
	struct device *found = device_find(notifier->users, ctx.user, device);
	unsigned int i;

	trace_again(notifier->trace, &line->event);
	if (found != NULL)
		trace_note(found, NULL, "it was not connected after all");
	lemo_buf_init(&ctx.encoded, LEMO_EVENT_LINE_MAX);
	for (i = 0; i < line->event.devices_count; i++) {
		if (strcmp(line->event.devices[i].name, device) == 0)
			ingest_verdict(&ctx, &line->event.devices[i]);
	}
	lemo_buf_free(&ctx.encoded);
	trace_end(notifier->trace);
}
