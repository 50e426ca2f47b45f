/* lib90_sieve_lemonade_plugin.so: the enotify method "push" and the comparator
   i;unicode-casemap. */

#include "lib.h"
#include "ext-unicode-casemap.h"
#include "ntfy-push.h"
#include "sieve-lemonade-plugin.h"

const char *sieve_lemonade_plugin_version = PIGEONHOLE_ABI_VERSION;

/* The context: what ends with the Sieve instance. */
struct sieve_lemonade {
	/* NULL where there is no enotify */
	const struct sieve_enotify_method *method;
	const struct sieve_extension *casemap;
};

lemonade_sieve_load_t
sieve_lemonade_plugin_load(struct sieve_instance *svinst, void **context)
{
	struct sieve_lemonade *lemonade =
		p_new(svinst->pool, struct sieve_lemonade, 1);
	struct sieve_enotify_method method;

	*context = lemonade;
	lemonade->casemap = ext_unicode_casemap_load(svinst);
	if (lemonade_sieve_register(svinst, &ntfy_push, &method)) {
		lemonade->method =
			p_memdup(svinst->pool, &method, sizeof(method));
	} else {
		e_warning(svinst->event, "lemonade: No notify method push: "
			  "the extension enotify is off (sieve_extensions)");
	}
	return LEMONADE_SIEVE_LOADED;
}

void sieve_lemonade_plugin_unload(struct sieve_instance *svinst ATTR_UNUSED,
				  void *context)
{
	struct sieve_lemonade *lemonade = context;

	if (lemonade->casemap != NULL)
		sieve_extension_unregister(lemonade->casemap);
	if (lemonade->method != NULL) {
		ntfy_push_end(lemonade->method);
		sieve_enotify_method_unregister(lemonade->method);
	}
}

void sieve_lemonade_plugin_init(void)
{
}

void sieve_lemonade_plugin_deinit(void)
{
}
