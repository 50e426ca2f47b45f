#include "lib.h"
#include "array.h"
#include "hex-binary.h"
#include "ioloop.h"
#include "llist.h"
#include "sha2.h"
#include "channel-webhook.h"
#include "feeds.h"
#include "http-sender.h"
#include "webhook-batches.h"

/* Octets of the digest that a batch is called by. */
#define BATCH_ID_OCTETS 16

struct batch_event {
	struct batch_event *prev, *next;
	const struct channel_job *job;
	channel_callback_t *callback;
	void *context;
};

struct batch_events {
	struct batch_event *head, *tail;
	unsigned int count;
};

/* One request. */
struct batch {
	struct batch *prev, *next;
	struct webhook_batches *owner;
	struct batch_events events;
	struct lemo_buf body;
};

struct webhook_batches {
	const struct feed *feed;
	struct http_sender *http;
	unsigned int connections, open;
	struct batch_events waiting;
	/* halves of refused ones: they go first */
	struct batch *halves;
	struct timeout *to;
	bool stopping;
};

static void batches_run(struct webhook_batches *batches);

static void events_append(struct batch_events *events,
			  struct batch_event *event)
{
	DLLIST2_APPEND(&events->head, &events->tail, event);
	events->count++;
}

static struct batch_event *events_shift(struct batch_events *events)
{
	struct batch_event *event = events->head;

	DLLIST2_REMOVE(&events->head, &events->tail, event);
	events->count--;
	return event;
}

static void events_answer(struct batch_events *events,
			  const struct channel_result *result)
{
	struct batch_event *event;

	while (events->count > 0) {
		event = events_shift(events);
		event->callback(result, event->context);
		i_free(event);
	}
}

static struct batch *batch_new(struct webhook_batches *owner)
{
	struct batch *batch = i_new(struct batch, 1);

	batch->owner = owner;
	lemo_buf_init(&batch->body, WEBHOOK_BATCH_OCTETS_MAX);
	return batch;
}

static void batch_free(struct batch *batch)
{
	i_assert(batch->events.count == 0);
	lemo_buf_free(&batch->body);
	i_free(batch);
}

/* False if there is no room for it. */
static bool batch_add_body(struct lemo_buf *body, const struct channel_job *job)
{
	struct lemo_buf buf;
	bool fits;

	lemo_buf_init(&buf, LEMO_PAYLOAD_MAX);
	lemo_payload_add(&buf, job->event, &job->payload);
	/* a comma or bracket before it, a bracket behind all */
	fits = !buf.failed && body->len + 1 + buf.len + 1 <= body->max;
	if (fits) {
		lemo_buf_addc(body, body->len == 0 ? '[' : ',');
		lemo_buf_add(body, buf.data, buf.len);
	}
	lemo_buf_free(&buf);
	return fits;
}

static struct batch *
batch_take(struct webhook_batches *owner, struct batch_events *from,
	   unsigned int max)
{
	struct batch *batch = batch_new(owner);

	while (from->count > 0 && batch->events.count < max &&
	       batch_add_body(&batch->body, from->head->job))
		events_append(&batch->events, events_shift(from));
	if (batch->events.count == 0) {
		/* what does not even fit alone: there is no body to send */
		events_append(&batch->events, events_shift(from));
	}
	return batch;
}

/* The same events have the same id, and no others: a receiver may tell a batch
   that it has by it. */
static const char *batch_id(const struct batch *batch)
{
	unsigned char digest[SHA256_RESULTLEN];
	const struct batch_event *event;
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	for (event = batch->events.head; event != NULL; event = event->next)
		sha256_loop(&ctx, event->job->push_id,
			    strlen(event->job->push_id) + 1);
	sha256_result(&ctx, digest);
	return t_strconcat("batch_", binary_to_hex(digest, BATCH_ID_OCTETS),
			   NULL);
}

int webhook_batch_finish(pool_t pool, const struct feed *feed, const char *id,
			 struct channel_request *req, const char **error_r)
{
	const char *type =
		"Content-Type: application/cloudevents-batch+json";

	req->method = "POST";
	req->url = feed->url;
	p_array_init(&req->headers, pool, 8);
	array_push_back(&req->headers, &type);
	if (req->body.failed || req->body.len == 0) {
		*error_r = "payload is too large";
		return -1;
	}
	if (!channel_webhook_sign(pool, &feed->keyring, id, req)) {
		*error_r = "payload cannot be signed";
		return -1;
	}
	return 0;
}

static void batch_split(struct batch *batch)
{
	struct webhook_batches *owner = batch->owner;
	unsigned int half = batch->events.count / 2;
	struct batch *first = batch_take(owner, &batch->events, half);
	struct batch *second = batch_take(owner, &batch->events,
					  batch->events.count);

	DLLIST_PREPEND(&owner->halves, second);
	DLLIST_PREPEND(&owner->halves, first);
}

/* Is it an event that is refused, or more octets than the receiver wants? */
static bool batch_is_refused(const struct batch *batch,
			     const struct channel_result *result)
{
	return batch->events.count > 1 && !batch->owner->stopping &&
		(result->status == 400 || result->status == 413 ||
		 result->status == 422);
}

static void batch_answered(const struct channel_result *result, void *context)
{
	struct batch *batch = context;
	struct webhook_batches *owner = batch->owner;

	owner->open--;
	if (batch_is_refused(batch, result))
		batch_split(batch);
	else
		events_answer(&batch->events, result);
	batch_free(batch);
	batches_run(owner);
}

static void batch_send(struct batch *batch)
{
	struct webhook_batches *owner = batch->owner;
	struct channel_result result = { .answer = LEMO_ANSWER_PERMANENT };
	struct channel_request req;

	i_zero(&req);
	owner->open++;
	if (batch->body.len > 0)
		lemo_buf_addc(&batch->body, ']');
	/* it is not kept while the request is open */
	req.body = batch->body;
	lemo_buf_init(&batch->body, WEBHOOK_BATCH_OCTETS_MAX);
	T_BEGIN {
		if (webhook_batch_finish(pool_datastack_create(), owner->feed,
					 batch_id(batch), &req,
					 &result.text) < 0)
			batch_answered(&result, batch);
		else
			http_sender_send(owner->http, &req, TRUE,
					 batch_answered, batch);
	} T_END;
	lemo_buf_free(&req.body);
}

static struct batch *batches_next(struct webhook_batches *batches)
{
	struct batch *batch = batches->halves;

	if (batch != NULL)
		DLLIST_REMOVE(&batches->halves, batch);
	else if (batches->waiting.count > 0)
		batch = batch_take(batches, &batches->waiting,
				   batches->feed->batch_max);
	return batch;
}

static void batches_run(struct webhook_batches *batches)
{
	struct batch *batch;

	timeout_remove(&batches->to);
	while (!batches->stopping && batches->open < batches->connections &&
	       (batch = batches_next(batches)) != NULL)
		batch_send(batch);
}

struct webhook_batches *
webhook_batches_init(const struct feed *feed, unsigned int connections)
{
	struct webhook_batches *batches = i_new(struct webhook_batches, 1);

	batches->feed = feed;
	batches->connections = connections;
	return batches;
}

static void batches_answer_stopped(struct webhook_batches *batches)
{
	struct channel_result result = {
		.answer = LEMO_ANSWER_RETRY, .text = "stopped"
	};
	struct batch *batch;

	while ((batch = batches->halves) != NULL) {
		DLLIST_REMOVE(&batches->halves, batch);
		events_answer(&batch->events, &result);
		batch_free(batch);
	}
	events_answer(&batches->waiting, &result);
}

void webhook_batches_stop(struct webhook_batches *batches)
{
	batches->stopping = TRUE;
	timeout_remove(&batches->to);
	batches_answer_stopped(batches);
}

void webhook_batches_deinit(struct webhook_batches **_batches)
{
	struct webhook_batches *batches = *_batches;

	*_batches = NULL;
	i_assert(batches->open == 0 && batches->waiting.count == 0);
	timeout_remove(&batches->to);
	i_free(batches);
}

void webhook_batches_add(struct webhook_batches *batches,
			 struct http_sender *http,
			 const struct channel_job *job,
			 channel_callback_t *callback, void *context)
{
	struct batch_event *event = i_new(struct batch_event, 1);

	batches->http = http;
	event->job = job;
	event->callback = callback;
	event->context = context;
	events_append(&batches->waiting, event);
	if (batches->stopping)
		batches_answer_stopped(batches);
	/* when all that may go now has come */
	else if (batches->to == NULL)
		batches->to = timeout_add_short(0, batches_run, batches);
}
