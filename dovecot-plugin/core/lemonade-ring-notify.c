/* Notifications by URIs: each is told to the device that it names, or to one
   made for it alone. */

#include "lib.h"
#include "array.h"
#include "hex-binary.h"
#include "sha2.h"
#include "mail-storage-private.h"
#include "lemo-device-uri.h"
#include "lemo-notify-uri.h"
#include "lemonade-channels.h"
#include "lemonade-conn.h"
#include "lemonade-handoff.h"
#include "lemonade-ring-private.h"
#include "lemonade-text.h"
#include "lemonade-user.h"

/* Octets of From: in the default text. */
#define FROM_MAX 200

/* Text of the script's, as it goes over the wire; NULL if it says nothing. */
static const char *clean(pool_t pool, const char *text, size_t max)
{
	char *str;

	if (text == NULL)
		return NULL;
	text = lemonade_text_utf8(text, SIZE_MAX);
	str = p_malloc(pool, max + 4);
	lemo_notify_clean(text, strlen(text), max, str);
	return *str == '\0' ? NULL : str;
}

unsigned int ring_notify_add(struct lemonade_ring *ring,
			     const struct lemonade_notify *notify)
{
	struct ring_notify *dest;

	if (!ring_has_room(ring))
		return 0;
	dest = array_append_space(&ring->notifies);
	T_BEGIN {
		dest->said.url = p_strdup(ring->pool, notify->url);
		dest->said.text = clean(ring->pool, notify->text,
					LEMO_NOTIFY_TEXT_MAX);
		dest->said.subject = clean(ring->pool, notify->subject,
					   LEMO_NOTIFY_SUBJECT_MAX);
		dest->said.from = clean(ring->pool, notify->from,
					LEMO_NOTIFY_SUBJECT_MAX);
	} T_END;
	dest->said.ttl = notify->ttl;
	return array_count(&ring->notifies);
}

void ring_notify_set_ttl(struct lemonade_ring *ring, unsigned int n,
			 uint32_t ttl)
{
	struct ring_notify *notify =
		array_idx_modifiable(&ring->notifies, n - 1);

	notify->said.ttl = ttl;
}

static bool device_has_url(const struct lemonade_device *device,
			   const char *url)
{
	char normal[LEMO_DEVICE_URL_MAX + 1];

	return device->sub != NULL && device->sub->url != NULL &&
		lemo_notify_normalize(device->sub->url, normal) &&
		strcmp(normal, url) == 0;
}

const struct ring_notify *
ring_notify_of_device(const struct lemonade_ring *ring,
		      const struct lemonade_device *device)
{
	const struct ring_notify *notify;

	array_foreach(&ring->notifies, notify) {
		if (device_has_url(device, notify->said.url))
			return notify;
	}
	return NULL;
}

static bool is_device_of_user(struct lemonade_ring *ring, const char *url)
{
	const struct lemonade_device *device;

	array_foreach(ring_devices(ring), device) {
		if (device_has_url(device, url))
			return TRUE;
	}
	return FALSE;
}

/* Served here at all? */
static const char *channel_refusal(const struct lemonade_settings *set,
				   const char *url)
{
	const struct lemo_device_uri *uri = lemo_device_uri_find(url);

	return lemonade_channel_refusal(set, uri == NULL ? "webhook" :
					uri->channel);
}

/* NULL: the administrator lets scripts notify it. */
static const char *target_refusal(const struct lemonade_settings *set,
				  const char *url)
{
	size_t len;

	if (lemo_notify_listed(set->lemonade_sieve_targets, url, &len) == NULL)
		return "is no device of yours, nor a target that the "
			"administrator lets scripts notify "
			"(lemonade_sieve_targets)";
	return channel_refusal(set, url);
}

const char *ring_notify_commit(struct lemonade_ring *ring, unsigned int n,
			       uint32_t importance, struct mail_user *user,
			       struct mail *mail)
{
	struct lemonade_user *luser = lemonade_user_get(user);
	struct ring_notify *notify;
	const char *refusal = NULL;

	if (luser == NULL || luser->set == NULL)
		return NULL;
	notify = array_idx_modifiable(&ring->notifies, n - 1);
	notify->importance = importance;
	ring_committed(ring, user, mail);
	if (!is_device_of_user(ring, notify->said.url)) {
		refusal = target_refusal(luser->set, notify->said.url);
		notify->allowed = refusal == NULL;
	}
	return refusal;
}

/* The user's device with this URL; NULL: none. */
static const char *name_of_url(struct lemonade_user *luser, const char *url)
{
	pool_t pool = pool_alloconly_create("lemonade devices", 1024);
	ARRAY_TYPE(lemonade_device) devices;
	const struct lemonade_device *device;
	const char *name = NULL;

	lemonade_devices_read(luser->user, NULL, pool, &devices);
	array_foreach(&devices, device) {
		if (device_has_url(device, url))
			name = t_strdup(device->name);
	}
	lemonade_devices_free(&devices);
	pool_unref(&pool);
	return name;
}

const char *ring_online(const char *username, const char *name,
			const char *url, uint64_t *msecs)
{
	struct lemonade_user *luser = lemonade_user_find(username);
	uint64_t spent, start = lemonade_conn_now();
	const char *answer = NULL;

	if (luser == NULL || luser->set == NULL || *msecs == 0)
		return "maybe";
	if (url != NULL)
		name = name_of_url(luser, url);
	if (name != NULL)
		answer = lemonade_handoff_online(luser, name);
	spent = lemonade_conn_now() - start;
	*msecs -= I_MIN(*msecs, spent);
	return answer != NULL && strcmp(answer, "yes") == 0 ? "yes" : "maybe";
}

bool ring_notify_waits(const struct lemonade_ring *ring)
{
	const struct ring_notify *notify;

	array_foreach(&ring->notifies, notify) {
		if (notify->allowed && !notify->sent)
			return TRUE;
	}
	return FALSE;
}

/* From and Subject of the message; NULL before the action's turn. */
static const char *default_text(const struct lemonade_ring *ring)
{
	const char *text;

	if (ring->user == NULL)
		return NULL;
	text = t_strdup_printf("%s: %s", ring->from == NULL ? "New mail" :
			       lemonade_text_utf8(ring->from, FROM_MAX),
			       ring->subject == NULL ? "(no subject)" :
			       ring->subject);
	return clean(pool_datastack_create(), text, LEMO_NOTIFY_TEXT_MAX);
}

static void set_words(const struct lemonade_ring *ring,
		      const struct ring_notify *notify,
		      struct lemo_event_device *dest)
{
	dest->text = notify->said.text != NULL ? notify->said.text :
		default_text(ring);
	if (dest->text == NULL)
		return;
	dest->subject = notify->said.subject;
	dest->from = notify->said.from;
	dest->importance = notify->importance;
}

static const char *device_name(const struct lemo_event *event,
			       unsigned int n, const char *url)
{
	unsigned char digest[SHA256_RESULTLEN];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_loop(&ctx, event->id, strlen(event->id));
	sha256_loop(&ctx, &n, sizeof(n));
	sha256_loop(&ctx, url, strlen(url));
	sha256_result(&ctx, digest);
	return t_strconcat(LEMO_NOTIFY_DEVICE_PREFIX,
			   binary_to_hex(digest, LEMO_NOTIFY_ID_LEN / 2),
			   NULL);
}

static const char *subscription(const char *url)
{
	struct lemo_buf buf;
	const char *json;

	lemo_buf_init(&buf, LEMO_DEVICE_MAX_SIZE);
	lemo_notify_add_subscription(&buf, url);
	json = t_strndup(buf.data, buf.len);
	lemo_buf_free(&buf);
	return json;
}

static void add_target(const struct lemonade_ring *ring, unsigned int n,
		       struct ring_notify *notify, struct lemo_event *event)
{
	struct lemo_event_device *dest;

	if (event->devices_count >= LEMO_EVENT_MAX_DEVICES)
		return;
	notify->sent = TRUE;
	dest = &event->devices[event->devices_count++];
	dest->name = device_name(event, n, notify->said.url);
	dest->verdict = LEMO_VERDICT_MATCH;
	dest->subscription = subscription(notify->said.url);
	dest->ttl = notify->said.ttl;
	set_words(ring, notify, dest);
}

bool lemonade_ring_add_targets(struct lemonade_ring *ring,
			       struct lemo_event *event)
{
	struct ring_notify *notify;
	unsigned int i, before = event->devices_count;

	for (i = 0; i < array_count(&ring->notifies) && !ring->silent; i++) {
		notify = array_idx_modifiable(&ring->notifies, i);
		if (notify->allowed && !notify->sent)
			add_target(ring, i, notify, event);
	}
	return event->devices_count > before;
}

void lemonade_ring_add_words(const struct lemonade_ring *ring,
			     const ARRAY_TYPE(lemonade_device) *devices,
			     struct lemo_event *event)
{
	const struct ring_notify *notify;
	struct lemo_event_device *dest;
	unsigned int i;

	for (i = 0; i < event->devices_count; i++) {
		dest = &event->devices[i];
		if (strcmp(dest->verdict, LEMO_VERDICT_MATCH) != 0)
			continue;
		dest->ttl = ring_device_ttl(ring, dest->name);
		notify = ring_notify_of_device(ring, array_idx(devices, i));
		if (notify == NULL)
			continue;
		if (notify->said.ttl != 0)
			dest->ttl = notify->said.ttl;
		set_words(ring, notify, dest);
	}
}
