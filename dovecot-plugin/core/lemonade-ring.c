/* What a Sieve script says of a delivery. */

#include "lib.h"
#include "array.h"
#include "llist.h"
#include "mail-storage-private.h"
#include "lemo-limits.h"
#include "lemo-subscription.h"
#include "lemonade-device.h"
#include "lemonade-handoff.h"
#include "lemonade-line.h"
#include "lemonade-match.h"
#include "lemonade-message.h"
#include "lemonade-raise.h"
#include "lemonade-ring.h"
#include "lemonade-user.h"

struct lemonade_ring {
	struct lemonade_ring *prev, *next;
	pool_t pool;
	const char *username;

	bool silent, all;
	/* the message is told of by an event of its own */
	bool told;
	ARRAY_TYPE(const_string) names;
	uint32_t importance;

	/* of the message; user NULL: no notify was committed */
	struct mail_user *user;
	const char *message_id, *from, *to, *subject, *date;
	bool automatic;
};

static struct lemonade_ring *rings;

static struct lemonade_ring *ring_begin(const char *username)
{
	struct lemonade_ring *ring;
	pool_t pool = pool_alloconly_create("lemonade ring", 512);

	ring = p_new(pool, struct lemonade_ring, 1);
	ring->pool = pool;
	ring->username = p_strdup(pool, username);
	p_array_init(&ring->names, pool, 2);
	DLLIST_PREPEND(&rings, ring);
	return ring;
}

static bool ring_has(const struct lemonade_ring *ring, const char *name)
{
	const char *const *found;

	array_foreach(&ring->names, found) {
		if (strcmp(*found, name) == 0)
			return TRUE;
	}
	return FALSE;
}

static bool ring_device(struct lemonade_ring *ring, const char *name,
			uint32_t importance)
{
	if (name == NULL)
		ring->all = TRUE;
	else if (!ring_has(ring, name)) {
		if (array_count(&ring->names) >= LEMO_SIEVE_NOTIFY_MAX)
			return FALSE;
		name = p_strdup(ring->pool, name);
		array_push_back(&ring->names, &name);
	}
	/* the most urgent one counts */
	if (ring->importance == 0 ||
	    (importance != 0 && importance < ring->importance))
		ring->importance = importance;
	return TRUE;
}

static void ring_silence(struct lemonade_ring *ring)
{
	ring->silent = TRUE;
}

struct lemonade_ring *lemonade_ring_find(const char *username)
{
	struct lemonade_ring *ring;

	for (ring = rings; ring != NULL; ring = ring->next) {
		if (strcmp(ring->username, username) == 0 &&
		    (ring->silent || ring->all ||
		     array_not_empty(&ring->names)))
			return ring;
	}
	return NULL;
}

const char *lemonade_ring_verdict(const struct lemonade_ring *ring,
				  const struct lemonade_device *device,
				  const char *verdict)
{
	if (ring == NULL || device->verdict != NULL)
		return verdict;
	if (ring->silent) {
		return strcmp(verdict, LEMO_VERDICT_MATCH) == 0 ?
			LEMO_VERDICT_SCRIPT : verdict;
	}
	if (ring->all || ring_has(ring, device->name))
		return LEMO_VERDICT_MATCH;
	return verdict;
}

void lemonade_ring_told(struct lemonade_ring *ring, struct lemo_event *event)
{
	ring->told = TRUE;
	if (ring->importance != 0)
		event->importance = ring->importance;
}

static void ring_keep_message(struct lemonade_ring *ring, struct mail *mail)
{
	struct lemo_event event;

	i_zero(&event);
	lemonade_message_headers(mail, &event);
	ring->message_id = p_strdup(ring->pool, event.message_id);
	ring->from = p_strdup(ring->pool, event.from);
	ring->to = p_strdup(ring->pool, event.to);
	ring->subject = p_strdup(ring->pool, event.subject);
	ring->date = p_strdup(ring->pool, event.date);
	ring->automatic = lemonade_message_is_automatic(mail);
}

static bool user_has_device(struct mail_user *user, const char *name)
{
	ARRAY_TYPE(const_string) names;
	const char *const *found;

	t_array_init(&names, 8);
	if (lemonade_devices_list(user, NULL, pool_datastack_create(),
				  &names) < 0)
		return TRUE;
	array_foreach(&names, found) {
		if (name == NULL || strcmp(*found, name) == 0)
			return TRUE;
	}
	return FALSE;
}

static bool ring_commit(struct lemonade_ring *ring, const char *name,
			struct mail_user *user, struct mail *mail)
{
	struct lemonade_user *luser = lemonade_user_get(user);
	bool found;

	if (luser == NULL || luser->set == NULL)
		return TRUE;
	T_BEGIN {
		found = user_has_device(user, name);
		if (found && ring->user == NULL) {
			ring->user = user;
			ring_keep_message(ring, mail);
		}
	} T_END;
	return found;
}

static void ring_event(struct lemonade_ring *ring, struct lemonade_user *luser,
		       struct lemo_event *event_r)
{
	lemonade_line_init(luser, LEMO_EVENT_MESSAGE_NEW, event_r);
	/* nothing was stored of which a feed could know */
	event_r->feed = FALSE;
	event_r->message_id = ring->message_id;
	event_r->from = ring->from;
	event_r->to = ring->to;
	event_r->subject = ring->subject;
	event_r->date = ring->date;
	event_r->importance = ring->importance;
}

/* A line about no mailbox. */
static void ring_send(struct lemonade_ring *ring, struct lemonade_user *luser)
{
	struct lemonade_raise *raise = lemonade_raise_begin(luser, NULL);
	struct lemonade_verdicts verdicts;
	struct lemonade_handoff *handoff;
	struct lemo_event event;
	unsigned int i;

	if (raise == NULL)
		return;
	i_zero(&verdicts);
	for (i = 0; i < array_count(&raise->devices); i++) {
		const struct lemonade_device *device =
			array_idx(&raise->devices, i);

		verdicts.verdict[verdicts.count++] = device->verdict != NULL ?
			device->verdict :
			lemonade_ring_verdict(ring, device,
					      LEMO_VERDICT_EVENTS);
	}
	if (ring->automatic)
		lemonade_match_refuse_mailto(&raise->devices, &verdicts);
	ring_event(ring, luser, &event);
	lemonade_line_set_devices(&raise->devices, &verdicts, &event);
	lemonade_line_finish(luser, FALSE, &event);
	handoff = lemonade_handoff_begin(luser);
	lemonade_handoff_add(handoff, &event, lemonade_match_any(&verdicts));
	lemonade_handoff_end(&handoff);
	lemonade_raise_end(&raise);
}

static void ring_end(struct lemonade_ring **_ring)
{
	struct lemonade_ring *ring = *_ring;

	*_ring = NULL;
	if (ring->user != NULL && !ring->told && !ring->silent) T_BEGIN {
		ring_send(ring, lemonade_user_get(ring->user));
	} T_END;
	DLLIST_REMOVE(&rings, ring);
	pool_unref(&ring->pool);
}

const struct lemonade_ring_vfuncs lemonade_ring_vfuncs = {
	.begin = ring_begin,
	.end = ring_end,
	.silence = ring_silence,
	.device = ring_device,
	.commit = ring_commit
};
