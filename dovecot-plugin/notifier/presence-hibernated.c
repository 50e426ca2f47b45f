/* Sessions that imap-hibernate keeps: no plugin sees them end, but anvil does.
   It tells sessions of one user from one address only by their number: if it
   has as many as we know of, all of them live; else nobody can say which. */

#include "lib.h"
#include "hash.h"
#include "ioloop.h"
#include "llist.h"
#include "account.h"
#include "anvil.h"
#include "notifier.h"
#include "notify-clock.h"
#include "presence-private.h"

/* Of one uid: what hibernates costs memory and no connection. */
#define HIBERNATED_MAX 10000
/* An answer of anvil's is good for this many times what it took, so that
   asking takes a twentieth of its time and ours; but at most so long. */
#define ANSWER_FACTOR 20
#define ANSWER_MAX_MSECS 3000
/* So long after a session went to sleep anvil may not have been told yet. */
#define FRESH_MSECS 1000
/* Those that ended are forgotten. */
#define SWEEP_MSECS (30 * 1000)

void presence_hibernated_init(struct presence *presence)
{
	hash_table_create(&presence->places, default_pool, 0, str_hash,
			  strcmp);
}

void presence_hibernated_deinit(struct presence *presence)
{
	struct presence_session *session;

	while ((session = presence->hibernated) != NULL)
		presence_session_free(presence, &session);
	timeout_remove(&presence->to_sweep);
	hash_table_destroy(&presence->places);
}

static const char *place_key(const char *user, const char *client_ip)
{
	return t_strconcat(client_ip, "/", user, NULL);
}

static struct presence_place *
place_get(struct presence *presence, const struct presence_session *session)
{
	const char *key = place_key(session->user->name, session->client_ip);
	struct presence_place *place;

	place = hash_table_lookup(presence->places, key);
	if (place == NULL) {
		place = i_new(struct presence_place, 1);
		place->key = i_strdup(key);
		hash_table_insert(presence->places, place->key, place);
	}
	return place;
}

/*
 * Anvil's answers
 */

static bool place_is_known(const char *user, const char *client_ip,
			   void *context)
{
	struct presence *presence = context;

	return hash_table_lookup(presence->places,
				 place_key(user, client_ip)) != NULL;
}

static void saw_hibernated(const char *user, const char *client_ip,
			   unsigned int count, void *context)
{
	struct presence *presence = context;
	struct presence_place *place;

	place = hash_table_lookup(presence->places,
				  place_key(user, client_ip));
	if (place != NULL)
		place->seen += count;
}

static void places_set_seen(struct presence *presence, bool answered)
{
	struct hash_iterate_context *iter;
	struct presence_place *place;
	char *key;

	iter = hash_table_iterate_init(presence->places);
	while (hash_table_iterate(iter, presence->places, &key, &place)) {
		place->confirmed = answered && place->seen == place->sessions;
		place->ended = answered && place->seen == 0;
		place->seen = 0;
	}
	hash_table_iterate_deinit(&iter);
}

static void ask_anvil(struct presence *presence)
{
	int64_t before = notify_clock_msecs(), now;
	int ret;

	if (before < presence->ask_again)
		return;
	ret = anvil_dump(presence->anvil, place_is_known, saw_hibernated,
			 presence);
	places_set_seen(presence, ret == 0);
	presence->answers++;
	now = notify_clock_msecs();
	presence->ask_again = now + I_MIN((now - before) * ANSWER_FACTOR,
					  ANSWER_MAX_MSECS);
}

bool presence_hibernated_lives(struct presence *presence,
			       const struct presence_session *session)
{
	ask_anvil(presence);
	if (!anvil_is_there(presence->anvil))
		return FALSE;
	/* its imap process has said so after anvil was asked */
	if (session->since == presence->answers || session->place->confirmed)
		return TRUE;
	if (notify_clock_msecs() > session->hibernated_at + FRESH_MSECS)
		return FALSE;
	presence->ask_again = 0;
	ask_anvil(presence);
	return session->place->confirmed;
}

static void hibernated_sweep(struct presence *presence)
{
	struct presence_session *session, *next;

	ask_anvil(presence);
	for (session = presence->hibernated; session != NULL; session = next) {
		next = session->hibernated_next;
		if (session->place->ended && session->since < presence->answers)
			presence_session_free(presence, &session);
	}
}

/*
 * To and fro
 */

bool presence_hibernate(struct presence *presence,
			struct presence_session *session)
{
	struct account *account = session->user->account;

	if (account->hibernated >= HIBERNATED_MAX ||
	    *session->client_ip == '\0')
		return FALSE;
	account->hibernated++;
	T_BEGIN {
		session->place = place_get(presence, session);
	} T_END;
	session->place->sessions++;
	session->state = SESSION_HIBERNATED;
	session->since = presence->answers;
	session->hibernated_at = notify_clock_msecs();
	DLLIST_PREPEND_FULL(&presence->hibernated, session, hibernated_prev,
			    hibernated_next);
	if (presence->to_sweep == NULL) {
		presence->to_sweep = timeout_add(SWEEP_MSECS,
						 hibernated_sweep, presence);
	}
	return TRUE;
}

void presence_wake(struct presence *presence,
		   struct presence_session *session)
{
	struct presence_place *place = session->place;

	session->user->account->hibernated--;
	DLLIST_REMOVE_FULL(&presence->hibernated, session, hibernated_prev,
			   hibernated_next);
	session->place = NULL;
	session->state = SESSION_AWAY;
	if (--place->sessions == 0) {
		hash_table_remove(presence->places, place->key);
		i_free(place->key);
		i_free(place);
	}
	if (presence->hibernated == NULL)
		timeout_remove(&presence->to_sweep);
}
