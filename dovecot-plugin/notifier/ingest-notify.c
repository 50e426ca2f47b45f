#include "lib.h"
#include "ioloop.h"
#include "str-sanitize.h"
#include "account.h"
#include "device.h"
#include "event-line.h"
#include "ingest-notify.h"
#include "lemo-notify-uri.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "user.h"

#define DAY_MSECS ((int64_t)24 * 3600 * 1000)
#define LOG_SECS 60

/* The plugin did so already; but anybody may write a line. */
static const char *clean(const char *text, size_t max)
{
	char *str;

	if (text == NULL)
		return NULL;
	str = t_malloc_no0(max + 4);
	lemo_notify_clean(text, strlen(text), max, str);
	return *str == '\0' ? NULL : str;
}

bool ingest_words_begin(const struct ingest_context *ctx,
			const struct lemo_event_device *verdict,
			struct ingest_context *own_r)
{
	struct lemo_event event = ctx->line->event;
	const char *error = "too long";
	struct lemo_buf buf;

	event.devices_count = 0;
	event.notify_text = clean(verdict->text, LEMO_NOTIFY_TEXT_MAX);
	event.notify_subject = clean(verdict->subject,
				     LEMO_NOTIFY_SUBJECT_MAX);
	event.notify_from = clean(verdict->from, LEMO_NOTIFY_SUBJECT_MAX);
	event.notify_ttl = verdict->ttl;
	if (verdict->importance != 0)
		event.importance = verdict->importance;
	*own_r = *ctx;
	own_r->line = NULL;
	lemo_buf_init(&buf, LEMO_EVENT_LINE_MAX);
	lemo_event_encode(&event, &buf);
	/* the LF belongs to the wire */
	if (!buf.failed)
		own_r->line = event_line_parse(buf.data, buf.len - 1, &error);
	lemo_buf_free(&buf);
	if (own_r->line == NULL) {
		e_error(ctx->notifier->event, "event %s: a script's words "
			"are lost: %s", event.id, error);
		return FALSE;
	}
	lemo_buf_init(&own_r->encoded, LEMO_EVENT_LINE_MAX);
	return TRUE;
}

void ingest_words_end(struct ingest_context *own)
{
	lemo_buf_free(&own->encoded);
	event_line_unref(&own->line);
}

/* How many since when; a day that is over does not count. */
static void day_get(struct ingest_context *ctx, int64_t now, int64_t *start_r,
		    int64_t *count_r)
{
	struct outbox *outbox = ctx->notifier->outbox;
	sqlite3_stmt *stmt;

	*start_r = now;
	*count_r = 0;
	stmt = outbox_query(outbox, OUTBOX_SIEVE_GET, "is",
			    (int64_t)ctx->user->account->uid, ctx->user->name);
	if (outbox_row(outbox, stmt) > 0 &&
	    sqlite3_column_int64(stmt, 0) > now - DAY_MSECS) {
		*start_r = sqlite3_column_int64(stmt, 0);
		*count_r = sqlite3_column_int64(stmt, 1);
	}
	outbox_done(stmt);
}

static void log_over_budget(struct ingest_context *ctx)
{
	struct account *account = ctx->user->account;

	if (ioloop_time < account->last_sieve + LOG_SECS &&
	    ioloop_time >= account->last_sieve)
		return;
	account->last_sieve = ioloop_time;
	e_warning(ctx->notifier->event, "user %s: Sieve scripts notify more "
		  "than %u times a day (lemonade_budget_sieve): the rest is "
		  "ignored", str_sanitize(ctx->user->name, 128),
		  ctx->notifier->set->lemonade_budget_sieve);
}

static bool in_budget(struct ingest_context *ctx)
{
	unsigned int max = ctx->notifier->set->lemonade_budget_sieve;
	int64_t now = notify_clock_msecs(), start, count;

	if (max == 0)
		return TRUE;
	day_get(ctx, now, &start, &count);
	if (count >= (int64_t)max) {
		log_over_budget(ctx);
		return FALSE;
	}
	if (count == 0) {
		(void)outbox_run(ctx->notifier->outbox, OUTBOX_SIEVE_PURGE,
				 "i", now - DAY_MSECS);
	}
	return outbox_run(ctx->notifier->outbox, OUTBOX_SIEVE_SET, "isii",
			  (int64_t)ctx->user->account->uid, ctx->user->name,
			  start, count + 1) >= 0;
}

void ingest_notify(struct ingest_context *ctx,
		   const struct lemo_event_device *verdict)
{
	struct device *device;
	const char *error;

	/* it is the words that name the owner */
	if (ctx->line->event.notify_text == NULL)
		return;
	device = device_get(ctx->notifier->users, ctx->user, verdict->name);
	if (device == NULL || device->gen != 0)
		return;
	/* this is also where the administrator's list is looked at */
	if (device_set_subscription(device, verdict->subscription,
				    &error) < 0)
		device_hold_back(device, HELD_BACK_INVALID);
	else if (!in_budget(ctx))
		device_hold_back(device, HELD_BACK_BUDGET);
	else
		row_add(ctx, device, ROW_CLASS_ARRIVAL);
	if (device->gen == 0)
		device_delete(&device);
}
