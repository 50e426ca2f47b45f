#include "lib.h"
#include "array.h"
#include "hex-binary.h"
#include "ioloop.h"
#include "str.h"
#include "account.h"
#include "event-line.h"
#include "held.h"
#include "ingest.h"
#include "ingest-event.h"
#include "notifier.h"
#include "notify-clock.h"
#include "notify-events.h"
#include "outbox.h"
#include "rang.h"
#include "scheduler.h"
#include "seen.h"
#include "spool-drain.h"
#include "trace.h"
#include "user.h"

/* Lines written in one transaction; more are written at once. */
#define BATCH_MAX 1000
/* Answers that wait to be written off: this many, or this long. Nobody waits
   for them, and rows that go together share pages. */
#define FINISHED_MAX 64
#define FINISHED_MSECS 20
/* Between the acknowledgement and sending: first the mail process shall say
   its 250, which it cannot where the endpoint is on the same few cores. */
#define SEND_MSECS 2
/* Changed counters of devices are written this often. */
#define SAVE_SECS 10
#define PURGE_SECS 5
/* Nothing happened for this long: tidy up. */
#define IDLE_SECS 10

struct ingest_item {
	struct event_line *line;
	struct account *account;
	ingest_callback_t *callback;
	void *context;
	enum ingest_answer answer;
	const char *text; /* constant */
	char *gone; /* NULL if none */
};

ARRAY_DEFINE_TYPE(ingest_item, struct ingest_item);

struct ingest {
	struct notifier *notifier;
	struct seen *seen;
	ARRAY_TYPE(ingest_item) items;
	struct timeout *to_turn, *to_finished, *to_send, *to_maintain;
	time_t last_save, last_purge, last_work;
	int64_t last_clock;
	bool tidy, flushing;
};

static void ingest_maintain(struct ingest *ingest);

struct ingest *ingest_init(struct notifier *notifier)
{
	struct ingest *ingest = i_new(struct ingest, 1);

	ingest->notifier = notifier;
	ingest->seen = seen_init(notifier);
	i_array_init(&ingest->items, 64);
	ingest->to_maintain = timeout_add(1000, ingest_maintain, ingest);
	ingest->last_save = ingest->last_work = notify_clock_secs();
	return ingest;
}

void ingest_deinit(struct ingest **_ingest)
{
	struct ingest *ingest = *_ingest;

	*_ingest = NULL;
	i_assert(array_count(&ingest->items) == 0);
	timeout_remove(&ingest->to_turn);
	timeout_remove(&ingest->to_finished);
	timeout_remove(&ingest->to_send);
	timeout_remove(&ingest->to_maintain);
	array_free(&ingest->items);
	seen_deinit(&ingest->seen);
	i_free(ingest);
}

static int ingest_load_clock(struct ingest *ingest)
{
	struct outbox *outbox = ingest->notifier->outbox;
	sqlite3_stmt *stmt;
	int ret;

	stmt = outbox_query(outbox, OUTBOX_META_GET, "s", "clock");
	ret = outbox_row(outbox, stmt);
	if (ret > 0)
		notify_clock_init(sqlite3_column_int64(stmt, 0));
	outbox_done(stmt);
	return ret < 0 ? -1 : 0;
}

int ingest_load(struct ingest *ingest)
{
	struct notifier *notifier = ingest->notifier;

	if (ingest_load_clock(ingest) < 0 || seen_load(ingest->seen) < 0 ||
	    rang_load(notifier->rang) < 0 ||
	    accounts_load(notifier->accounts) < 0 ||
	    held_load(notifier->held) < 0)
		return -1;
	scheduler_reset(notifier->scheduler);
	users_clear(notifier->users);
	return 0;
}

static void item_answer(struct ingest_item *item)
{
	item->callback(item->answer, item->line == NULL ? NULL :
		       item->line->event.id, item->answer == INGEST_OK ?
		       item->gone : item->text, item->context);
	i_free(item->gone);
	event_line_unref(&item->line);
}

/* The id is a hash already; the salt keeps uids apart. */
static uint64_t seen_key(const struct account *account, const char *id)
{
	uint64_t key = 0;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		key = (key << 4) | (id[i] <= '9' ? id[i] - '0' :
				    id[i] - 'a' + 10);
	}
	return key ^ account->salt;
}

static bool event_is_of_device(const struct lemo_event *event)
{
	return event->type == LEMO_EVENT_DEVICE_SET ||
		event->type == LEMO_EVENT_DEVICE_UNSET;
}

static bool event_rings(const struct lemo_event *event)
{
	unsigned int i;

	for (i = 0; i < event->devices_count; i++) {
		if (strcmp(event->devices[i].verdict, LEMO_VERDICT_MATCH) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Most events concern nobody: they leave no row, and no id either. */
static bool event_has_effect(const struct lemo_event *event)
{
	return event->feed || event_is_of_device(event) || event_rings(event);
}

/* What rings a device is not refused because the feed is full: the feed does
   without. */
static bool item_has_room(struct ingest *ingest, struct ingest_item *item)
{
	struct lemo_event *event = &item->line->event;

	if (!event->feed || event_is_of_device(event) ||
	    account_feed_has_room(ingest->notifier->accounts, item->account))
		return TRUE;
	event->feed = FALSE;
	return event_rings(event);
}

static void ingest_item(struct ingest *ingest, struct ingest_item *item)
{
	uint64_t key = seen_key(item->account, item->line->event.id);
	string_t *gone = t_str_new(128);

	item->answer = INGEST_OK;
	if (seen_has(ingest->seen, key))
		return;
	item->text = !item_has_room(ingest, item) ?
		"full\ttoo many rows of the feed for this uid "
		"(lemonade_outbox_limit)" :
		ingest_event(ingest->notifier, item->account, item->line,
			     gone);
	if (str_len(gone) > 0)
		item->gone = i_strdup(str_c(gone));
	if (item->text != NULL)
		item->answer = strncmp(item->text, "full\t", 5) == 0 ?
			INGEST_FULL : INGEST_NO;
	else if (event_has_effect(&item->line->event))
		(void)seen_add(ingest->seen, key);
}

/* The outbox's time survives a restart to within a second. */
static void save_clock(struct ingest *ingest)
{
	int64_t now = notify_clock_msecs();

	if (now < ingest->last_clock + 1000)
		return;
	ingest->last_clock = now;
	(void)outbox_run(ingest->notifier->outbox, OUTBOX_META_SET, "si",
			 "clock", now);
}

static void save_counters(struct ingest *ingest)
{
	struct users *users = ingest->notifier->users;

	if (users_dirty_count(users) == 0 ||
	    (notify_clock_secs() < ingest->last_save + SAVE_SECS &&
	     users_dirty_count(users) < DEVICES_MAX / 2))
		return;
	ingest->last_save = notify_clock_secs();
	users_save(users);
}

static void ingest_write(struct ingest *ingest, bool finished)
{
	struct ingest_item *item;

	if (finished)
		scheduler_flush(ingest->notifier->scheduler);
	array_foreach_modifiable(&ingest->items, item) T_BEGIN {
		ingest_item(ingest, item);
	} T_END;
	rang_maintain(ingest->notifier->rang, FALSE);
	save_counters(ingest);
	save_clock(ingest);
}

static bool ingest_commit(struct ingest *ingest, bool finished)
{
	struct outbox *outbox = ingest->notifier->outbox;
	bool committed;

	if (!outbox_is_usable(outbox) || outbox_begin(outbox) < 0)
		return FALSE;
	ingest_write(ingest, finished);
	committed = outbox_commit(outbox) == 0;
	trace_commit(ingest->notifier->trace, committed);
	return committed;
}

/* Callbacks may add lines, which wait for the next turn. */
static void ingest_answer_all(struct ingest *ingest, bool committed)
{
	ARRAY_TYPE(ingest_item) items = ingest->items;
	struct ingest_item *item;

	i_array_init(&ingest->items, 64);
	array_foreach_modifiable(&items, item) {
		if (!committed) {
			item->answer = INGEST_FAILED;
			item->text = NULL;
		} else T_BEGIN {
			notify_event_told(ingest->notifier, item->line,
					  item->answer == INGEST_OK ? "kept" :
					  item->answer == INGEST_FULL ?
					  "full" : "refused");
		} T_END;
		item_answer(item);
	}
	array_free(&items);
}

static void ingest_send(struct ingest *ingest)
{
	timeout_remove(&ingest->to_send);
	scheduler_run(ingest->notifier->scheduler);
}

/* Tells the spool whose lines wait. */
static void ingest_set_waiting(struct ingest *ingest, bool waiting)
{
	struct ingest_item *item;

	array_foreach_modifiable(&ingest->items, item)
		item->account->waiting = waiting;
}

/* A process whose line was not acknowledged in time spools it, and the next
   one of the same user may come by socket: that one is younger. */
static void ingest_spooled(struct ingest *ingest)
{
	if (array_count(&ingest->items) == 0 ||
	    ingest->notifier->spool == NULL)
		return;
	ingest_set_waiting(ingest, TRUE);
	spool_drain_waiting(ingest->notifier->spool);
	ingest_set_waiting(ingest, FALSE);
}

static void ingest_round(struct ingest *ingest, bool finished)
{
	bool committed = ingest_commit(ingest, finished);

	if (array_count(&ingest->items) > 0)
		ingest_answer_all(ingest, committed);
}

void ingest_ahead(struct ingest *ingest, void (*func)(void *context),
		  void *context)
{
	ARRAY_TYPE(ingest_item) items = ingest->items;
	bool flushing = ingest->flushing;

	/* nothing that is added is to flush */
	ingest->flushing = TRUE;
	i_array_init(&ingest->items, 64);
	func(context);
	if (array_count(&ingest->items) > 0)
		ingest_round(ingest, FALSE);
	array_append_array(&items, &ingest->items);
	array_free(&ingest->items);
	ingest->items = items;
	ingest->last_work = notify_clock_secs();
	ingest->flushing = flushing;
	ingest_want_turn(ingest);
}

/* finished: pushes that were answered are written off, too. */
static void ingest_transact(struct ingest *ingest, bool finished)
{
	if (finished)
		timeout_remove(&ingest->to_finished);
	ingest->flushing = TRUE;
	ingest->last_work = notify_clock_secs();
	ingest->tidy = FALSE;
	ingest_spooled(ingest);
	ingest_round(ingest, finished);
	ingest->flushing = FALSE;
	if (ingest->to_send == NULL) {
		ingest->to_send = timeout_add_short(SEND_MSECS, ingest_send,
						    ingest);
	}
}

void ingest_flush(struct ingest *ingest)
{
	timeout_remove(&ingest->to_turn);
	if (!ingest->flushing &&
	    (array_count(&ingest->items) > 0 ||
	     scheduler_finished_count(ingest->notifier->scheduler) > 0))
		ingest_transact(ingest, TRUE);
}

static void ingest_finished(struct ingest *ingest)
{
	timeout_remove(&ingest->to_finished);
	ingest_flush(ingest);
}

static void ingest_turn(struct ingest *ingest)
{
	struct scheduler *scheduler = ingest->notifier->scheduler;
	unsigned int finished = scheduler_finished_count(scheduler);

	timeout_remove(&ingest->to_turn);
	if (array_count(&ingest->items) > 0 || finished >= FINISHED_MAX)
		ingest_transact(ingest, finished >= FINISHED_MAX);
	if (scheduler_finished_count(scheduler) > 0 &&
	    ingest->to_finished == NULL) {
		ingest->to_finished = timeout_add_short(FINISHED_MSECS,
							ingest_finished,
							ingest);
	}
	if (ingest->to_send == NULL)
		scheduler_run(scheduler);
}

void ingest_want_turn(struct ingest *ingest)
{
	if (ingest != NULL && ingest->to_turn == NULL)
		ingest->to_turn = timeout_add_short(0, ingest_turn, ingest);
}

void ingest_add(struct ingest *ingest, struct account *account,
		const void *data, size_t len, ingest_callback_t *callback,
		void *context)
{
	struct ingest_item item = {
		.account = account,
		.callback = callback,
		.context = context
	};
	const char *error;

	item.line = event_line_parse(data, len, &error);
	if (item.line == NULL) T_BEGIN {
		item.answer = INGEST_NO;
		item.text = t_strdup_printf("bad\t%s", error);
		item_answer(&item);
	} T_END;
	else {
		array_push_back(&ingest->items, &item);
		if (array_count(&ingest->items) >= BATCH_MAX)
			ingest_flush(ingest);
		else
			ingest_want_turn(ingest);
	}
}

int ingest_transaction(struct ingest *ingest, void (*func)(void *context),
		       void *context)
{
	struct outbox *outbox = ingest->notifier->outbox;
	int ret;

	ingest_flush(ingest);
	if (!outbox_is_usable(outbox) || outbox_begin(outbox) < 0)
		return -1;
	func(context);
	ret = outbox_commit(outbox);
	trace_commit(ingest->notifier->trace, ret == 0);
	return ret;
}

static void ingest_tidy(void *context)
{
	struct ingest *ingest = context;

	rang_maintain(ingest->notifier->rang, TRUE);
	users_save(ingest->notifier->users);
	ingest->last_save = notify_clock_secs();
}

static void ingest_purge(void *context)
{
	struct ingest *ingest = context;

	seen_purge(ingest->seen);
	save_counters(ingest);
	save_clock(ingest);
}

/* Each second. */
static void ingest_maintain(struct ingest *ingest)
{
	struct outbox *outbox = ingest->notifier->outbox;

	/* also what opens it again after trouble */
	if (!outbox_is_usable(outbox))
		return;
	if (notify_clock_secs() >= ingest->last_purge + PURGE_SECS) {
		ingest->last_purge = notify_clock_secs();
		(void)ingest_transaction(ingest, ingest_purge, ingest);
	}
	if (!ingest->tidy &&
	    notify_clock_secs() >= ingest->last_work + IDLE_SECS &&
	    ingest_transaction(ingest, ingest_tidy, ingest) == 0) {
		outbox_idle(outbox);
		ingest->tidy = TRUE;
	}
}
