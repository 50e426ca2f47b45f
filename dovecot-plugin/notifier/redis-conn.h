#ifndef REDIS_CONN_H
#define REDIS_CONN_H

/*
 * One connection to a Redis server: commands are pipelined, answers come in
 * their order. It connects when there is something to send; when it fails,
 * all that was sent is answered so, and how soon the next try is, is the
 * caller's to say. hiredis writes and reads the protocol, the bytes go over
 * Dovecot's ioloop.
 */

#include "channel.h"
#include "lemo-redis.h"

struct redis_conn;
struct resolver;

/* Octets without a complete answer: it is no Redis server. */
#define REDIS_ANSWER_MAX (64 * 1024)

struct redis_conn_settings {
	/* must outlive the connection */
	const struct lemo_redis_url *url;
	/* for logs */
	const char *name;
	/* NULL: none is wanted */
	const char *password;
	/* for TLS; "" = the system's */
	const char *ca_file;
	/* to connect, and without any answer */
	unsigned int timeout_msecs;
};

/* Is it in this build? */
bool redis_conn_is_possible(void);

struct redis_conn *redis_conn_init(struct event *event,
				   struct resolver *resolver,
				   const struct redis_conn_settings *set);
/* Answers all with LEMO_ANSWER_RETRY; the connection may not be used any more
   but to free it. */
void redis_conn_stop(struct redis_conn *conn);
void redis_conn_deinit(struct redis_conn **conn);

/* Sends a command, which is copied. An error answer is LEMO_ANSWER_RETRY with
   words from lemo_redis_error_parse(). The callback is called exactly once,
   perhaps before this returns; it may send. */
void redis_conn_send(struct redis_conn *conn, unsigned int argc,
		     const char **argv, const size_t *lens,
		     channel_callback_t *callback, void *context);

#endif
