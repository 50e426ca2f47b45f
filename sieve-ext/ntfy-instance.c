#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "llist.h"
#include "sieve-common.h"
#include "lemo-limits.h"
#include "ntfy-instance.h"

#include <dlfcn.h>

/* As struct uri_mailto begins. */
struct ntfy_no_mailto {
	ARRAY(void *) recipients;
};

static struct ntfy_instance *instances;

void ntfy_context_init(struct ntfy_context *context, pool_t pool)
{
	struct ntfy_no_mailto *no_mailto =
		p_new(pool, struct ntfy_no_mailto, 1);

	p_array_init(&no_mailto->recipients, pool, 1);
	context->no_mailto = no_mailto;
}

/* ManageSieve asks for the methods in a process without mail plugins, so the
   core cannot be linked; where it is loaded, its symbols are global. */
static const struct lemonade_ring_vfuncs *find_core(void)
{
	const struct lemonade_ring_vfuncs *v;
	void *self = dlopen(NULL, RTLD_LAZY);

	if (self == NULL)
		return NULL;
	v = dlsym(self, LEMONADE_RING_VFUNCS);
	(void)dlclose(self);
	return v;
}

void ntfy_instance_begin(struct sieve_instance *svinst)
{
	struct ntfy_instance *instance = i_new(struct ntfy_instance, 1);

	instance->svinst = svinst;
	instance->v = find_core();
	instance->online_msecs = LEMO_SIEVE_ONLINE_MSECS;
	DLLIST_PREPEND(&instances, instance);
}

struct ntfy_instance *ntfy_instance_find(const struct sieve_instance *svinst)
{
	struct ntfy_instance *instance = instances;

	while (instance->svinst != svinst)
		instance = instance->next;
	return instance;
}

static void ring_end(struct ntfy_instance *instance)
{
	timeout_remove(&instance->to_end);
	if (instance->ring != NULL)
		instance->v->end(&instance->ring);
}

void ntfy_instance_end(struct sieve_instance *svinst)
{
	struct ntfy_instance *instance = ntfy_instance_find(svinst);

	ring_end(instance);
	DLLIST_REMOVE(&instances, instance);
	i_free(instance);
}

void ntfy_instance_utter(struct ntfy_instance *instance)
{
	if (instance->to_end != NULL)
		ring_end(instance);
}

void ntfy_script_begin(struct ntfy_instance *instance)
{
	/* elsewhere each is for another message */
	if (instance->literal++ == 0 && !ntfy_is_delivery(instance))
		instance->online_msecs = LEMO_SIEVE_ONLINE_MSECS;
}

void ntfy_script_end(struct ntfy_instance *instance)
{
	instance->literal--;
}

bool ntfy_is_delivery(const struct ntfy_instance *instance)
{
	const struct sieve_instance *svinst = instance->svinst;

	return svinst->env_location == SIEVE_ENV_LOCATION_MDA &&
		svinst->delivery_phase == SIEVE_DELIVERY_PHASE_DURING &&
		svinst->username != NULL;
}

struct lemonade_ring *ntfy_ring(struct ntfy_instance *instance)
{
	if (instance->ring == NULL) {
		instance->ring =
			instance->v->begin(instance->svinst->username);
	}
	return instance->ring;
}

/* There is no call when the script is done with its actions. */
struct lemonade_ring *ntfy_ring_act(struct ntfy_instance *instance)
{
	if (instance->ring == NULL) {
		instance->ring = instance->v->begin("");
		instance->to_end = timeout_add_short_to(io_loop_get_root(), 0,
							ring_end, instance);
	}
	return instance->ring;
}

const char *ntfy_online(struct ntfy_instance *instance,
			const char *name, const char *url)
{
	if (instance->v == NULL || instance->svinst->username == NULL)
		return "maybe";
	return instance->v->online(instance->svinst->username, name, url,
				   &instance->online_msecs);
}
