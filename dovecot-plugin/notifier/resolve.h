#ifndef RESOLVE_H
#define RESOLVE_H

/*
 * Names to addresses, by Dovecot's dns-client service and never in this
 * process: a name server that does not answer blocks getaddrinfo() for many
 * seconds. Answers are kept for a short time. At most RESOLVE_RUNNING_MAX
 * lookups run at once, of those RESOLVE_ZONE_MAX for one zone (the last two
 * labels), so that one zone whose server is silent cannot use up the
 * dns-client processes; the others wait their turn.
 */

struct resolver;
struct resolver_request;

/* dns-client's process_limit is 100 by default, each serves one lookup, and
   one that we gave up stays busy until its getaddrinfo() returns. */
#define RESOLVE_RUNNING_MAX 32
#define RESOLVE_ZONE_MAX 8
/* Names waiting for their turn. More are refused. */
#define RESOLVE_WAITING_MAX 1000
/* Names kept, and for how long: getaddrinfo() does not tell the TTL. */
#define RESOLVE_CACHE_MAX 2000
#define RESOLVE_TTL_SECS 60
#define RESOLVE_FAILED_TTL_SECS 10

struct resolver_answer {
	/* NULL on success, else a few words */
	const char *error;
	/* the error is ours (no dns-client, too many), not the name's */
	bool local_trouble;
	/* all A and AAAA answers, at least one on success */
	const struct ip_addr *ips;
	unsigned int ips_count;
	/* differs between any two lookups done */
	unsigned int generation;
};

/* The answer lives until the callback returns. */
typedef void resolver_callback_t(const struct resolver_answer *answer,
				 void *context);

struct resolver *resolver_init(struct event *event,
			       const char *dns_client_socket_path);
/* All requests must have been answered or aborted. */
void resolver_deinit(struct resolver **resolver);

/* host: a name, lower case; numeric forms that the C library takes for an
   address (octal, short) come back as that address. The callback is called
   exactly once, perhaps before this returns (then *request_r is NULL), at
   the latest after timeout_msecs. *request_r must stay valid until then: it
   is set to NULL before the callback is called. */
void resolver_lookup(struct resolver *resolver, const char *host,
		     unsigned int timeout_msecs, resolver_callback_t *callback,
		     void *context, struct resolver_request **request_r);
/* A connection to the first address of the host failed: the next answer from
   the cache begins with the second one (and has another generation).
   generation: of the answer that was used; if it is not the last one any
   more, nothing happens. */
void resolver_rotate(struct resolver *resolver, const char *host,
		     unsigned int generation);
/* The callback will not be called. */
void resolver_abort(struct resolver_request **request);

#endif
