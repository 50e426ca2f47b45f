#include "lib.h"
#include "str-sanitize.h"
#include "channel.h"
#include "event-line.h"
#include "feeds.h"
#include "notifier.h"
#include "notify-events.h"
#include "scheduler-private.h"
#include "target.h"
#include "user.h"
#include "users-private.h"

static unsigned int matches_count(const struct lemo_event *event)
{
	unsigned int i, count = 0;

	for (i = 0; i < event->devices_count; i++) {
		if (strcmp(event->devices[i].verdict, LEMO_VERDICT_MATCH) == 0)
			count++;
	}
	return count;
}

/* A passthrough event's duration counts from when its parent was made, and
   the notifier's own is as old as the notifier. */
static struct event_passthrough *
named_event(struct event *parent, const char *name)
{
	struct event *began = event_create(parent);
	struct event_passthrough *e =
		event_create_passthrough(began)->set_name(name);

	event_unref(&began);
	return e;
}

void notify_event_told(struct notifier *notifier,
		       const struct event_line *line, const char *result)
{
	const struct lemo_event *event = &line->event;
	struct event_passthrough *e =
		named_event(notifier->event, "lemonade_event")->
		add_str("type", lemo_event_type_name(event->type))->
		add_str("result", result)->
		add_str("user", event->user)->
		add_int("devices", event->devices_count)->
		add_int("matches", matches_count(event));

	if (event->service != NULL)
		e = e->add_str("service", event->service);
	e_debug(e->event(), "user %s: event %s: %s",
		str_sanitize(event->user, 128), event->id,
		strcmp(result, "kept") == 0 ? "committed" : result);
}

void notify_event_held_back(const struct device *device,
			    enum held_back reason)
{
	struct event_passthrough *e =
		named_event(device->users->notifier->event,
			    "lemonade_notification_held_back")->
		add_str("reason", held_back_names[reason])->
		add_str("user", device->user->name);

	if (device->target != NULL)
		e = e->add_str("channel", device->target->channel->name);
	e_debug(e->event(), "user %s device %s: held back: %s",
		str_sanitize(device->user->name, 128),
		device_log_name(device->user->name, device->name),
		held_back_names[reason]);
}

static const char *push_channel(const struct push *push)
{
	const struct target *target = push->target;

	if (push->device == NULL)
		return push->feed == NULL ? "none" : push->feed->channel->name;
	if (target == NULL)
		target = push->device->target;
	return target == NULL ? "none" : target->channel->name;
}

/* Its duration is that of the request, if one was made. */
static struct event_passthrough *finished_event(const struct push *push)
{
	static const char *const name = "lemonade_notification_finished";

	if (push->refusal != PUSH_REFUSED_NOT || push->sent_event == NULL)
		return named_event(push->scheduler->event, name);
	return event_create_passthrough(push->sent_event)->set_name(name);
}

void notify_event_finished(const struct push *push, const char *result)
{
	struct event_passthrough *e = finished_event(push)->
		add_str("channel", push_channel(push))->
		add_str("kind", push->device == NULL ? "feed" : "device")->
		add_str("result", result)->
		add_str("user", push->line->event.user)->
		add_int("events", push->events)->
		add_int("tries", push->tries);

	if (push->refusal == PUSH_REFUSED_NOT) {
		e = e->add_int("status_code", push->result.status)->
			add_int("msecs", push->answered_at - push->sent_at);
	}
	if (push->result.answer != LEMO_ANSWER_DONE)
		e = e->add_str("error", push->result_text);
	e_debug(e->event(), "user %s device %s: event %s: %s: %s",
		str_sanitize(push->line->event.user, 128),
		push->device == NULL ? "(feed)" :
		device_log_name(push->user->name, push->device->name),
		push->line->event.id, result, push->result_text);
}

struct event *notify_event_breaker(const struct origin *origin, bool opened)
{
	return named_event(origin->scheduler->event,
			   opened ? "lemonade_breaker_opened" :
			   "lemonade_breaker_closed")->
		add_str("origin", origin->name == NULL ? "?" : origin->name)->
		event();
}
