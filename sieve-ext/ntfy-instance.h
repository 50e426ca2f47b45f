#ifndef NTFY_INSTANCE_H
#define NTFY_INSTANCE_H

/*
 * What our methods share in one Sieve instance; at a delivery that is one
 * message. A failure here never fails a delivery.
 */

#include "sieve-ext-enotify.h"
#include "lemonade-ring.h"

struct ntfy_instance {
	struct ntfy_instance *prev, *next;
	struct sieve_instance *svinst;
	/* NULL if the core plugin is not loaded: then nothing rings */
	const struct lemonade_ring_vfuncs *v;
	/* NULL until a script notifies; elsewhere than in a delivery: until
	   its actions are executed */
	struct lemonade_ring *ring;
	/* elsewhere: ends the ring as soon as the script is done */
	struct timeout *to_end;
	/* What runs was compiled under the eyes of ext-literal.h: so many
	   scripts of it, one that includes others and these. 0: it was not. */
	unsigned int literal;
	/* left to be waited for answers to tests of "online" */
	uint64_t online_msecs;
};

/* What the context of each of our actions begins with. Pigeonhole compares a
   mailto: action with all notify actions before it, of whatever method, as if
   their contexts were its own: so this looks like one of no recipients. */
struct ntfy_context {
	const struct ntfy_no_mailto *no_mailto;
};
void ntfy_context_init(struct ntfy_context *context, pool_t pool);

/* The plugin is loaded and unloaded. */
void ntfy_instance_begin(struct sieve_instance *svinst);
void ntfy_instance_end(struct sieve_instance *svinst);
struct ntfy_instance *ntfy_instance_find(const struct sieve_instance *svinst);

/* A script that was compiled under the eyes of ext-literal.h begins and
   ends. */
void ntfy_script_begin(struct ntfy_instance *instance);
void ntfy_script_end(struct ntfy_instance *instance);

/* The script runs before a message is stored. Elsewhere (IMAPSIEVE) its event
   is gone already and the instance lives as long as the session. */
bool ntfy_is_delivery(const struct ntfy_instance *instance);
/* A script utters a notify: elsewhere than in a delivery it runs for another
   message than the one before. */
void ntfy_instance_utter(struct ntfy_instance *instance);
/* That of the delivery; only if it is one and v is there. */
struct lemonade_ring *ntfy_ring(struct ntfy_instance *instance);
/* That of the actions that are executed now; only if v is there. */
struct lemonade_ring *ntfy_ring_act(struct ntfy_instance *instance);

/* The capability "online": "yes" if a session of the user's device of this name,
   or with this URL, is there; "maybe" if it is not, or not known, or asking
   took long enough already (LEMO_SIEVE_ONLINE_MSECS). */
const char *ntfy_online(struct ntfy_instance *instance,
			const char *name, const char *url);

#endif
