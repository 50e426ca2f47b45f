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
#include "ingest-notify.h"
#include "ingest-private.h"
#include "lemo-limits.h"
#include "lemo-notify-uri.h"
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

#define DENIED_LOG_SECS 60

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

/* In quiet hours it waits for their end, unless it may not wait so long. */
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
	device_hold_back(device, HELD_BACK_QUIET);
	if (add.event->notify_ttl != 0 &&
	    add.until > ioloop_time + add.event->notify_ttl)
		return TRUE;
	encoded = ingest_encode(ctx);
	add.data = encoded->data;
	add.len = encoded->len;
	held_add(notifier->held, device, &add);
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

static void ingest_match(struct ingest_context *ctx,
			 const struct lemo_event_device *verdict)
{
	bool device = !lemo_notify_is_device(verdict->name);
	struct ingest_context own;

	if (device && verdict->text == NULL && verdict->ttl == 0)
		device_matched(ctx, verdict);
	else if (ingest_words_begin(ctx, verdict, &own)) {
		if (device)
			device_matched(&own, verdict);
		else
			ingest_notify(&own, verdict);
		ingest_words_end(&own);
	}
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
			ingest_match(ctx, verdict);
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
	encoded = ingest_encode(ctx);
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
	    !lemo_device_name_is_valid(verdict->name) ||
	    lemo_notify_is_device(verdict->name))
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

	/* said for one device, never for all */
	line->event.notify_text = line->event.notify_subject = NULL;
	line->event.notify_from = NULL;
	line->event.notify_ttl = 0;
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

	/* as it is by now: it may have been written anew or removed since */
	if (found == NULL || found->target == NULL)
		return;
	trace_again(notifier->trace, &line->event);
	trace_note(found, NULL, "it was not connected after all");
	lemo_buf_init(&ctx.encoded, LEMO_EVENT_LINE_MAX);
	if (device_wants(found))
		device_event(&ctx, found);
	lemo_buf_free(&ctx.encoded);
	trace_end(notifier->trace);
}
