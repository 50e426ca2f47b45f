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
#include "lemonade-ring-private.h"
#include "lemonade-user.h"

static struct lemonade_ring *rings;

static struct lemonade_ring *ring_begin(const char *username)
{
	struct lemonade_ring *ring;
	pool_t pool = pool_alloconly_create("lemonade ring", 512);

	ring = p_new(pool, struct lemonade_ring, 1);
	ring->pool = pool;
	ring->username = p_strdup(pool, username);
	p_array_init(&ring->names, pool, 2);
	p_array_init(&ring->notifies, pool, 2);
	DLLIST_PREPEND(&rings, ring);
	return ring;
}

/* NULL: it is not named. */
static struct ring_device *
ring_find(const struct lemonade_ring *ring, const char *name)
{
	struct ring_device *device;

	array_foreach_modifiable(&ring->names, device) {
		if (strcmp(device->name, name) == 0)
			return device;
	}
	return NULL;
}

bool ring_has_room(const struct lemonade_ring *ring)
{
	return array_count(&ring->names) + array_count(&ring->notifies) <
		LEMO_SIEVE_NOTIFY_MAX;
}

static bool ring_device(struct lemonade_ring *ring, const char *name,
			uint32_t importance)
{
	struct ring_device *device;

	if (name == NULL)
		ring->all = TRUE;
	else if (ring_find(ring, name) == NULL) {
		if (!ring_has_room(ring))
			return FALSE;
		device = array_append_space(&ring->names);
		device->name = p_strdup(ring->pool, name);
	}
	/* the most urgent one counts */
	if (ring->importance == 0 ||
	    (importance != 0 && importance < ring->importance))
		ring->importance = importance;
	return TRUE;
}

static void ring_set_device_ttl(struct lemonade_ring *ring, const char *name,
				uint32_t ttl)
{
	struct ring_device *device;

	if (name == NULL)
		ring->ttl = ttl;
	else if ((device = ring_find(ring, name)) != NULL)
		device->ttl = ttl;
}

uint32_t ring_device_ttl(const struct lemonade_ring *ring, const char *name)
{
	const struct ring_device *device = ring_find(ring, name);

	return device != NULL && device->ttl != 0 ? device->ttl : ring->ttl;
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
		     array_not_empty(&ring->names) ||
		     array_not_empty(&ring->notifies)))
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
	if (ring->all || ring_find(ring, device->name) != NULL ||
	    ring_notify_of_device(ring, device) != NULL)
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

static void ring_keep_place(struct lemonade_ring *ring, struct mail *mail)
{
	struct lemo_event event;

	i_zero(&event);
	lemonade_line_set_mailbox(lemonade_user_get(ring->user), mail->box, 0,
				  NULL, &event);
	ring->mailbox = p_strdup(ring->pool, event.mailbox);
	ring->mailbox_guid = p_strdup(ring->pool, event.mailbox_guid);
	ring->uidvalidity = event.uidvalidity;
	ring->uid = mail->uid;
}

void ring_committed(struct lemonade_ring *ring, struct mail_user *user,
		    struct mail *mail)
{
	if (ring->user != NULL)
		return;
	ring->user = user;
	ring_keep_message(ring, mail);
	if (*ring->username == '\0')
		ring_keep_place(ring, mail);
}

const ARRAY_TYPE(lemonade_device) *ring_devices(struct lemonade_ring *ring)
{
	if (!array_is_created(&ring->devices)) {
		lemonade_devices_read(ring->user, NULL, ring->pool,
				      &ring->devices);
	}
	return &ring->devices;
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
		if (found)
			ring_committed(ring, user, mail);
	} T_END;
	return found;
}

static void ring_set_place(struct lemonade_ring *ring,
			   struct lemonade_user *luser,
			   struct lemo_event *event)
{
	lemonade_line_name_mailbox(luser, ring->mailbox, ring->mailbox_guid,
				   ring->uidvalidity, event);
	event->uid = ring->uid;
	/* a message rings once in the session of its delivery; here the script
	   may run for it again */
	event->session = NULL;
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
	if (ring->mailbox != NULL)
		ring_set_place(ring, luser, event_r);
}

static void ring_add_devices(struct lemonade_ring *ring,
			     struct lemo_event *event)
{
	const ARRAY_TYPE(lemonade_device) *devices = ring_devices(ring);
	struct lemonade_verdicts verdicts;
	const struct lemonade_device *device;

	i_zero(&verdicts);
	array_foreach(devices, device) {
		verdicts.verdict[verdicts.count++] = device->verdict != NULL ?
			device->verdict :
			lemonade_ring_verdict(ring, device,
					      LEMO_VERDICT_EVENTS);
	}
	if (ring->automatic)
		lemonade_match_refuse_mailto(devices, &verdicts);
	lemonade_line_set_devices(devices, &verdicts, event);
	lemonade_ring_add_words(ring, devices, event);
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

/* A line of its own: about no mailbox if the message is in none. */
static void ring_send(struct lemonade_ring *ring, struct lemonade_user *luser)
{
	struct lemonade_handoff *handoff;
	struct lemo_event event;

	ring_event(ring, luser, &event);
	if (!ring->told)
		ring_add_devices(ring, &event);
	lemonade_line_finish(luser, FALSE, &event);
	(void)lemonade_ring_add_targets(ring, &event);
	if (event.devices_count == 0)
		return;
	handoff = lemonade_handoff_begin(luser);
	lemonade_handoff_add(handoff, &event, event_rings(&event));
	lemonade_handoff_end(&handoff);
}

static void ring_end(struct lemonade_ring **_ring)
{
	struct lemonade_ring *ring = *_ring;

	*_ring = NULL;
	if (ring->user != NULL && !ring->silent &&
	    (!ring->told || ring_notify_waits(ring))) T_BEGIN {
		ring_send(ring, lemonade_user_get(ring->user));
	} T_END;
	lemonade_devices_free(&ring->devices);
	DLLIST_REMOVE(&rings, ring);
	pool_unref(&ring->pool);
}

const struct lemonade_ring_vfuncs lemonade_ring_vfuncs = {
	.begin = ring_begin,
	.end = ring_end,
	.silence = ring_silence,
	.device = ring_device,
	.device_ttl = ring_set_device_ttl,
	.commit = ring_commit,
	.notify = ring_notify_add,
	.notify_ttl = ring_notify_set_ttl,
	.commit_notify = ring_notify_commit,
	.online = ring_online
};
