#include "lib.h"
#include "ioloop.h"
#include "llist.h"
#include "str.h"
#include "account.h"
#include "anvil.h"
#include "device.h"
#include "event-line.h"
#include "lemo-subscription.h"
#include "notifier.h"
#include "presence-private.h"
#include "target.h"
#include "user.h"

static unsigned int user_hash(const struct presence_user *user)
{
	return str_hash(user->name) ^ user->account->uid;
}

static int user_cmp(const struct presence_user *user1,
		    const struct presence_user *user2)
{
	return user1->account != user2->account ? 1 :
		strcmp(user1->name, user2->name);
}

struct presence *presence_init(struct notifier *notifier, struct anvil *anvil,
			       unsigned int limit)
{
	struct presence *presence = i_new(struct presence, 1);

	presence->notifier = notifier;
	presence->anvil = anvil;
	presence->limit = limit;
	hash_table_create(&presence->users, default_pool, 0, user_hash,
			  user_cmp);
	presence_hibernated_init(presence);
	return presence;
}

static struct presence_user *
user_lookup(struct presence *presence, struct account *account,
	    const char *name)
{
	struct presence_user key = { .account = account };

	key.name = (char *)name;
	return hash_table_lookup(presence->users, &key);
}

static struct presence_user *
user_get_new(struct presence *presence, struct account *account,
	     const char *name)
{
	struct presence_user *user = user_lookup(presence, account, name);

	if (user == NULL) {
		user = i_new(struct presence_user, 1);
		user->account = account;
		user->name = i_strdup(name);
		hash_table_insert(presence->users, user, user);
	}
	return user;
}

void presence_deinit(struct presence **_presence)
{
	struct presence *presence = *_presence;

	*_presence = NULL;
	presence_conns_close(presence);
	presence_held_deinit(presence);
	presence_hibernated_deinit(presence);
	hash_table_destroy(&presence->users);
	anvil_deinit(&presence->anvil);
	i_free(presence);
}

/*
 * Sessions
 */

static char *join_devices(const struct lemo_presence *line)
{
	string_t *str = t_str_new(64);
	unsigned int i;

	str_append_c(str, '\t');
	for (i = 0; i < line->devices_count; i++)
		str_printfa(str, "%s\t", line->devices[i]);
	return i_strdup(str_c(str));
}

static bool session_has_device(const struct presence_session *session,
			       const char *name)
{
	const char *pos = session->devices;
	size_t len = strlen(name);

	/* a name has no TAB */
	while ((pos = strstr(pos, name)) != NULL) {
		if (pos[-1] == '\t' && pos[len] == '\t')
			return TRUE;
		pos += len;
	}
	return FALSE;
}

static struct presence_session *
session_find_hibernated(struct presence_user *user, const char *id)
{
	struct presence_session *session;

	for (session = user->sessions; session != NULL;
	     session = session->next) {
		if (session->state == SESSION_HIBERNATED &&
		    strcmp(session->id, id) == 0)
			return session;
	}
	return NULL;
}

/* What it said before it hibernated is still true. */
static void session_inherit(struct presence *presence,
			    struct presence_user *user,
			    struct lemo_presence *line)
{
	struct presence_session *old;
	const char *const *device;

	old = session_find_hibernated(user, line->session);
	if (old == NULL)
		return;
	for (device = t_strsplit(old->devices, "\t"); *device != NULL;
	     device++) {
		if (**device != '\0')
			(void)lemo_presence_add_device(line, *device);
	}
	presence_session_free(presence, &old);
}

struct presence_session *
presence_session_add(struct presence *presence, struct account *account,
		     struct lemo_presence *line)
{
	struct presence_user *user =
		user_get_new(presence, account, line->user);
	struct presence_session *session =
		i_new(struct presence_session, 1);

	session->user = user;
	session->id = i_strdup(line->session);
	session->client_ip = i_strdup(line->client_ip);
	DLLIST_PREPEND(&user->sessions, session);
	session_inherit(presence, user, line);
	session->devices = join_devices(line);
	return session;
}

void presence_session_free(struct presence *presence,
			   struct presence_session **_session)
{
	struct presence_session *session = *_session;
	struct presence_user *user = session->user;

	*_session = NULL;
	if (session->state == SESSION_HIBERNATED)
		presence_wake(presence, session);
	DLLIST_REMOVE(&user->sessions, session);
	presence_held_free(session);
	i_free(session->id);
	i_free(session->client_ip);
	i_free(session->devices);
	i_free(session);
	if (user->sessions == NULL) {
		hash_table_remove(presence->users, user);
		i_free(user->name);
		i_free(user);
	}
}

void presence_session_set_devices(struct presence_session *session,
				  const struct lemo_presence *line)
{
	i_free(session->devices);
	session->devices = join_devices(line);
}

/*
 * The question
 */

/* IMAP has no way to tell of these. */
#define NOT_IN_BAND (LEMO_EVENT_MASK(LEMO_EVENT_LOGIN) | \
	LEMO_EVENT_MASK(LEMO_EVENT_LOGOUT) | \
	LEMO_EVENT_MASK(LEMO_EVENT_QUOTA_EXCEED) | \
	LEMO_EVENT_MASK(LEMO_EVENT_QUOTA_WITHIN) | \
	LEMO_EVENT_MASK(LEMO_EVENT_QUOTA_CHANGE))

static bool session_counts(const struct presence_session *session,
			   const struct device *device)
{
	enum lemo_when_connected when = device->target->sub->when_connected;

	return session->state != SESSION_AWAY &&
		(when == LEMO_WHEN_CONNECTED_ANY ||
		 session_has_device(session, device->name));
}

bool presence_is_connected(struct presence *presence, struct account *account,
			   const char *user_name, const char *device)
{
	const struct presence_user *user = user_lookup(presence, account,
						       user_name);
	const struct presence_session *session =
		user == NULL ? NULL : user->sessions;

	while (session != NULL && (session->state == SESSION_AWAY ||
				   !session_has_device(session, device)))
		session = session->next;
	return session != NULL;
}

bool presence_holds_back(struct presence *presence,
			 const struct device *device,
			 struct event_line *line)
{
	struct presence_session *session, *sessions;
	struct presence_user *user;
	unsigned int hibernated = 0;

	if (device->target->sub->when_connected ==
	    LEMO_WHEN_CONNECTED_ALWAYS ||
	    (LEMO_EVENT_MASK(line->event.type) & NOT_IN_BAND) != 0)
		return FALSE;
	user = user_lookup(presence, device->user->account,
			   device->user->name);
	sessions = user == NULL ? NULL : user->sessions;
	/* asking anvil takes longer: only if there is no other */
	for (session = sessions; session != NULL; session = session->next) {
		if (!session_counts(session, device))
			continue;
		if (session->state == SESSION_CONNECTED) {
			presence_held_set(session, device, line);
			return TRUE;
		}
		hibernated++;
	}
	for (session = hibernated == 0 ? NULL : sessions; session != NULL;
	     session = session->next) {
		if (session_counts(session, device) &&
		    presence_hibernated_lives(presence, session))
			return TRUE;
	}
	return FALSE;
}
