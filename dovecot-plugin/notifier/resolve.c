#include "lib.h"
#include "ioloop.h"
#include "hash.h"
#include "llist.h"
#include "net.h"
#include "str-sanitize.h"
#include "dns-lookup.h"
#include "notify-clock.h"
#include "resolve.h"

#include "lemo-banned.h"

enum resolver_name_state {
	RESOLVER_NAME_WAITING,  /* in resolver->waiting */
	RESOLVER_NAME_RUNNING,  /* in resolver->running */
	RESOLVER_NAME_ANSWERED  /* in resolver->answered, oldest first */
};

struct resolver_name {
	struct resolver_name *prev, *next; /* list of its state */
	struct resolver *resolver;
	enum resolver_name_state state;
	char *host;
	const char *zone; /* last two labels, points into host */

	struct resolver_request *requests, *requests_tail;
	struct dns_lookup *lookup;
	struct timeout *to;
	/* dns_lookup_abort() calls back in some Dovecots, not in others */
	bool aborting;
	/* in dns_lookup(), which calls back when it fails at once */
	bool connecting;
	/* requests are being answered: not to be freed */
	bool busy;

	time_t expires;
	unsigned int generation;
	char *error;
	bool local_trouble;
	struct ip_addr *ips;
	unsigned int ips_count;
};

struct resolver_request {
	struct resolver_request *prev, *next;
	struct resolver_name *name;
	struct resolver_request **ptr;
	resolver_callback_t *callback;
	void *context;
};

struct resolver_list {
	struct resolver_name *head, *tail;
	unsigned int count;
};

struct resolver {
	struct event *event;
	char *socket_path;
	HASH_TABLE(char *, struct resolver_name *) names;
	struct resolver_list waiting, running, answered;
	unsigned int generation;
	time_t last_complaint;
	bool starting;
};

static void resolver_start_waiting(struct resolver *resolver);

static struct resolver_list *resolver_name_list(struct resolver_name *name)
{
	switch (name->state) {
	case RESOLVER_NAME_WAITING:
		return &name->resolver->waiting;
	case RESOLVER_NAME_RUNNING:
		return &name->resolver->running;
	case RESOLVER_NAME_ANSWERED:
		break;
	}
	return &name->resolver->answered;
}

static void resolver_name_link(struct resolver_name *name)
{
	struct resolver_list *list = resolver_name_list(name);

	DLLIST2_APPEND(&list->head, &list->tail, name);
	list->count++;
}

static void resolver_name_unlink(struct resolver_name *name)
{
	struct resolver_list *list = resolver_name_list(name);

	DLLIST2_REMOVE(&list->head, &list->tail, name);
	list->count--;
}

static void resolver_name_move(struct resolver_name *name,
			       enum resolver_name_state state)
{
	resolver_name_unlink(name);
	name->state = state;
	resolver_name_link(name);
}

static void resolver_name_stop(struct resolver_name *name)
{
	timeout_remove(&name->to);
	if (name->lookup != NULL) {
		name->aborting = TRUE;
		dns_lookup_abort(&name->lookup);
		name->aborting = FALSE;
	}
}

static void resolver_name_forget(struct resolver_name *name)
{
	i_free(name->error);
	i_free(name->ips);
	name->ips_count = 0;
	name->local_trouble = FALSE;
}

static void resolver_name_free(struct resolver_name *name)
{
	i_assert(name->requests == NULL && !name->busy);

	resolver_name_stop(name);
	resolver_name_unlink(name);
	hash_table_remove(name->resolver->names, name->host);
	resolver_name_forget(name);
	i_free(name->host);
	i_free(name);
}

static const char *resolver_zone(const char *host)
{
	const char *p = host + strlen(host);
	unsigned int dots = 0;

	while (p > host) {
		if (p[-1] == '.' && p[0] != '\0' && ++dots == 2)
			break;
		p--;
	}
	return p;
}

static struct resolver_name *
resolver_name_new(struct resolver *resolver, const char *host)
{
	struct resolver_name *name, *old, *next;

	for (old = resolver->answered.head; old != NULL; old = next) {
		next = old->next;
		if (old->busy)
			continue;
		if (old->expires > notify_clock_secs() &&
		    hash_table_count(resolver->names) < RESOLVE_CACHE_MAX)
			break;
		resolver_name_free(old);
	}
	name = i_new(struct resolver_name, 1);
	name->resolver = resolver;
	name->host = i_strdup(host);
	name->zone = resolver_zone(name->host);
	hash_table_insert(resolver->names, name->host, name);
	resolver_name_link(name);
	return name;
}

static void
resolver_name_call(struct resolver_name *name, resolver_callback_t *callback,
		   void *context)
{
	const struct resolver_answer answer = {
		.error = name->error,
		.local_trouble = name->local_trouble,
		.ips = name->ips,
		.ips_count = name->ips_count,
		.generation = name->generation,
	};

	T_BEGIN {
		callback(&answer, context);
	} T_END;
}

/* Name has its answer: tell all who wait for it. */
static void resolver_name_answered(struct resolver_name *name)
{
	struct resolver *resolver = name->resolver;
	struct resolver_request *req;

	resolver_name_stop(name);
	name->generation = ++resolver->generation;
	name->expires = notify_clock_secs() +
		(name->error == NULL ? RESOLVE_TTL_SECS :
		 RESOLVE_FAILED_TTL_SECS);
	resolver_name_move(name, RESOLVER_NAME_ANSWERED);
	name->busy = TRUE;
	while ((req = name->requests) != NULL) {
		DLLIST2_REMOVE(&name->requests, &name->requests_tail, req);
		*req->ptr = NULL;
		resolver_name_call(name, req->callback, req->context);
		i_free(req);
	}
	name->busy = FALSE;
	if (name->local_trouble)
		resolver_name_free(name);
	resolver_start_waiting(resolver);
}

static void resolver_name_failed(struct resolver_name *name, const char *error)
{
	name->error = i_strdup(error);
	resolver_name_answered(name);
}

static void resolver_complain(struct resolver *resolver, const char *error)
{
	if (resolver->last_complaint + 60 > notify_clock_secs())
		return;
	resolver->last_complaint = notify_clock_secs();
	e_error(resolver->event, "Name lookups fail: %s", error);
}

static void
resolver_dns_callback(const struct dns_lookup_result *result,
		      struct resolver_name *name)
{
	if (name->aborting)
		return;
	if (name->connecting) {
		/* dns_lookup() returns -1 now */
		resolver_complain(name->resolver, result->error);
		return;
	}
	/* freed by the caller */
	name->lookup = NULL;
	if (result->ret != 0) {
		resolver_name_failed(name, t_strconcat("name lookup failed: ",
			str_sanitize(result->error, 80), NULL));
	} else if (result->ips_count == 0)
		resolver_name_failed(name, "name has no address");
	else {
		name->ips = i_memdup(result->ips, sizeof(*result->ips) *
				     result->ips_count);
		name->ips_count = result->ips_count;
		resolver_name_answered(name);
	}
}

static void resolver_name_timeout(struct resolver_name *name)
{
	/* waited for its turn all the time? Then the name may be good. */
	if (name->state == RESOLVER_NAME_WAITING) {
		name->local_trouble = TRUE;
		resolver_name_failed(name, "name lookup had to wait too long");
	} else {
		resolver_name_failed(name, "name lookup timed out");
	}
}

static void resolver_name_start(struct resolver_name *name)
{
	const struct dns_lookup_settings set = {
		.dns_client_socket_path = name->resolver->socket_path,
		.event_parent = name->resolver->event,
	};
	int ret;

	resolver_name_move(name, RESOLVER_NAME_RUNNING);
	name->connecting = TRUE;
	ret = dns_lookup(name->host, &set, resolver_dns_callback, name,
			 &name->lookup);
	name->connecting = FALSE;
	if (ret < 0) {
		name->lookup = NULL;
		name->local_trouble = TRUE;
		resolver_name_failed(name, "name lookups do not work here");
	}
}

static bool resolver_name_may_start(struct resolver_name *name)
{
	const struct resolver_name *other = name->resolver->running.head;
	unsigned int count = 0;

	for (; other != NULL; other = other->next)
		if (strcmp(other->zone, name->zone) == 0)
			count++;
	return count < RESOLVE_ZONE_MAX;
}

static struct resolver_name *resolver_next_waiting(struct resolver *resolver)
{
	struct resolver_name *name;

	if (resolver->running.count >= RESOLVE_RUNNING_MAX)
		return NULL;
	for (name = resolver->waiting.head; name != NULL; name = name->next)
		if (resolver_name_may_start(name))
			return name;
	return NULL;
}

static void resolver_start_waiting(struct resolver *resolver)
{
	struct resolver_name *name;

	/* a start may fail at once, which comes back here */
	if (resolver->starting)
		return;
	resolver->starting = TRUE;
	while ((name = resolver_next_waiting(resolver)) != NULL)
		resolver_name_start(name);
	resolver->starting = FALSE;
}

static struct resolver_name *
resolver_name_get(struct resolver *resolver, const char *host,
		  unsigned int timeout_msecs)
{
	struct resolver_name *name;

	name = hash_table_lookup(resolver->names, host);
	if (name != NULL && name->state == RESOLVER_NAME_ANSWERED &&
	    name->expires <= notify_clock_secs() && !name->busy) {
		resolver_name_free(name);
		name = NULL;
	}
	if (name == NULL && resolver->waiting.count < RESOLVE_WAITING_MAX) {
		name = resolver_name_new(resolver, host);
		name->to = timeout_add(timeout_msecs,
				       resolver_name_timeout, name);
	}
	return name;
}

void resolver_lookup(struct resolver *resolver, const char *host,
		     unsigned int timeout_msecs, resolver_callback_t *callback,
		     void *context, struct resolver_request **request_r)
{
	static const struct resolver_answer full = {
		.error = "too many name lookups are waiting",
		.local_trouble = TRUE,
	};
	struct resolver_name *name;
	struct resolver_request *req;

	*request_r = NULL;
	name = resolver_name_get(resolver, host, timeout_msecs);
	if (name == NULL) {
		callback(&full, context);
		return;
	}
	if (name->state == RESOLVER_NAME_ANSWERED) {
		resolver_name_call(name, callback, context);
		return;
	}
	req = i_new(struct resolver_request, 1);
	req->name = name;
	req->ptr = request_r;
	req->callback = callback;
	req->context = context;
	*request_r = req;
	DLLIST2_APPEND(&name->requests, &name->requests_tail, req);
	resolver_start_waiting(resolver);
}

void resolver_rotate(struct resolver *resolver, const char *host,
		     unsigned int generation)
{
	struct resolver_name *name = hash_table_lookup(resolver->names, host);
	struct ip_addr first;

	if (name == NULL || name->busy || name->ips_count < 2 ||
	    name->generation != generation)
		return;
	first = name->ips[0];
	memmove(&name->ips[0], &name->ips[1],
		sizeof(first) * (name->ips_count - 1));
	name->ips[name->ips_count - 1] = first;
	name->generation = ++resolver->generation;
}

void resolver_abort(struct resolver_request **_req)
{
	struct resolver_request *req = *_req;
	struct resolver_name *name = req->name;

	*_req = NULL;
	DLLIST2_REMOVE(&name->requests, &name->requests_tail, req);
	i_free(req);
	/* one that runs goes on: its answer is kept for the next */
	if (name->requests == NULL && name->state == RESOLVER_NAME_WAITING)
		resolver_name_free(name);
}

struct resolver *resolver_init(struct event *event,
			       const char *dns_client_socket_path)
{
	struct resolver *resolver;

	resolver = i_new(struct resolver, 1);
	resolver->event = event_create(event);
	resolver->socket_path = i_strdup(dns_client_socket_path);
	hash_table_create(&resolver->names, default_pool, 0, str_hash, strcmp);
	return resolver;
}

static void resolver_list_free(struct resolver_list *list)
{
	while (list->head != NULL)
		resolver_name_free(list->head);
}

void resolver_deinit(struct resolver **_resolver)
{
	struct resolver *resolver = *_resolver;

	*_resolver = NULL;
	resolver_list_free(&resolver->waiting);
	resolver_list_free(&resolver->running);
	resolver_list_free(&resolver->answered);
	hash_table_destroy(&resolver->names);
	event_unref(&resolver->event);
	i_free(resolver->socket_path);
	i_free(resolver);
}
