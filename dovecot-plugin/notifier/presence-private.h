#ifndef PRESENCE_PRIVATE_H
#define PRESENCE_PRIVATE_H

/* Shared by presence*.c. */

#include "hash.h"
#include "lemo-presence.h"
#include "presence.h"

enum session_state {
	SESSION_CONNECTED,
	/* its TCP connection acknowledges nothing */
	SESSION_AWAY,
	SESSION_HIBERNATED
};

/* A user as one uid speaks of it; exists while it has sessions. */
struct presence_user {
	struct account *account;
	char *name;
	struct presence_session *sessions;
};

struct presence_ring;

struct presence_session {
	struct presence_session *prev, *next; /* of the user */
	struct presence_user *user;
	char *id;
	/* between TABs, also at both ends; "\t" for none */
	char *devices;
	enum session_state state;

	/* the last message that was held back because of this session, and
	   from which device; notify_clock */
	struct event_line *held;
	char *held_device;
	int64_t held_since;

	char *client_ip;
	/* of those that hibernate */
	struct presence_session *hibernated_prev, *hibernated_next;
	struct presence_place *place;
	/* so many answers of anvil's there were when it began to */
	uint64_t since;
	/* when it went to sleep */
	int64_t hibernated_at;
};

/* Where sessions hibernate that anvil cannot tell from one another: client
   address and user name. */
struct presence_place {
	char *key;
	/* sessions of ours; how many anvil had in the last dump */
	unsigned int sessions, seen;
	/* they were as many as ours: all live */
	bool confirmed;
	/* it had none */
	bool ended;
};

struct presence_conn {
	struct presence_conn *prev, *next; /* oldest last */
	struct presence *presence;
	struct account *account;
	struct presence_session *session;
	int fd;
	struct io *io;
	char *partial;
	size_t partial_len;
};

struct presence {
	struct notifier *notifier;
	struct anvil *anvil;
	HASH_TABLE(struct presence_user *, struct presence_user *) users;

	struct presence_conn *head, *tail;
	unsigned int count, limit;
	time_t last_full;

	/* presence-held.c: what rings after all */
	struct presence_ring *rings_head, *rings_tail;
	struct timeout *to_rings;

	struct presence_session *hibernated;
	HASH_TABLE(char *, struct presence_place *) places;
	struct timeout *to_sweep;
	/* times that anvil answered, or failed to; from when on it may be
	   asked again (notify_clock) */
	uint64_t answers;
	int64_t ask_again;
};

/* Adds a session; if it is one that hibernated until now, what that said goes
   on, and line is told of it. */
struct presence_session *
presence_session_add(struct presence *presence, struct account *account,
		     struct lemo_presence *line);
void presence_session_set_devices(struct presence_session *session,
				  const struct lemo_presence *line);
void presence_session_free(struct presence *presence,
			   struct presence_session **session);

/* presence-conn.c */
void presence_conns_close(struct presence *presence);

/* presence-held.c */
void presence_held_set(struct presence_session *session,
		       const struct device *device, struct event_line *line);
void presence_held_free(struct presence_session *session);
/* The session was dead for so long: what was held back since then rings. */
void presence_held_ring(struct presence *presence,
			struct presence_session *session,
			int64_t dead_msecs);
void presence_held_deinit(struct presence *presence);

/* presence-hibernated.c */
void presence_hibernated_init(struct presence *presence);
void presence_hibernated_deinit(struct presence *presence);
/* The session hibernates from now on. False if there is no room. */
bool presence_hibernate(struct presence *presence,
			struct presence_session *session);
/* It does not any more. */
void presence_wake(struct presence *presence,
		   struct presence_session *session);
/* True if the session still lives. */
bool presence_hibernated_lives(struct presence *presence,
			       const struct presence_session *session);

#endif
