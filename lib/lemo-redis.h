#ifndef LEMO_REDIS_H
#define LEMO_REDIS_H

/*
 * A feed by Redis Streams: where it goes, what is said, and what an error of
 * the server means. Pure; the bytes of the protocol (RESP) are hiredis's.
 */

#include "lemo-buf.h"
#include "lemo-weburl.h"

#define LEMO_REDIS_PORT 6379
#define LEMO_REDIS_DB_MAX 65535
#define LEMO_REDIS_USER_MAX 64
#define LEMO_REDIS_STREAM_MAX 255
#define LEMO_REDIS_PASSWORD_MAX 512
/* Entries that a stream keeps, about. */
#define LEMO_REDIS_MAXLEN 100000
#define LEMO_REDIS_MAXLEN_MAX 1000000000

/* redis[s]://[USER@]HOST[:PORT]/DB/STREAM. STREAM is all that follows, as it
   is, but that "%d" stands for the user's domain. */
struct lemo_redis_url {
	bool tls;
	char user[LEMO_REDIS_USER_MAX + 1]; /* "" = the server's default */
	char host[LEMO_HOST_MAX + 1];       /* lower case, without [] */
	uint16_t port;
	unsigned int db;
	char stream[LEMO_REDIS_STREAM_MAX + 1];
};

/* Does it claim to be one? Whether it is right, the parser says. */
bool lemo_redis_is_url(const char *str);
/* 0, or -1 with a constant in *error_r; *url_r is then untouched. */
int lemo_redis_url_parse(const char *str, struct lemo_redis_url *url_r,
			 const char **error_r);

/* Appends the key of the stream for this user. Domains are what users are
   called by the admin's own passdb: control characters are made "_". */
void lemo_redis_stream_add(const struct lemo_redis_url *url, const char *user,
			   struct lemo_buf *buf);

/* The content of a password file: its first line. Returns its length (no NUL
   is added), or -1 with a constant in *error_r. */
int lemo_redis_password_parse(const char *text, size_t len,
			      const char **error_r);

/* What an error reply (without "-") means. Only the first word is looked at,
   and no octet of the reply is in the text. */
struct lemo_redis_error {
	const char *text; /* constant, with the remedy */
	/* not of this stream alone: whatever is sent now fails */
	bool of_server;
};
void lemo_redis_error_parse(const char *reply, size_t len,
			    struct lemo_redis_error *error_r);

#endif
