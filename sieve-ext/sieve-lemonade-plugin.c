/* lib90_sieve_lemonade_plugin.so: the enotify method "push". */

#include "lib.h"
#include "ntfy-push.h"
#include "sieve-lemonade-plugin.h"

const char *sieve_lemonade_plugin_version = PIGEONHOLE_ABI_VERSION;

/* The context is the method, or NULL where there is no enotify. */
lemonade_sieve_load_t
sieve_lemonade_plugin_load(struct sieve_instance *svinst, void **context)
{
	struct sieve_enotify_method method;

	*context = NULL;
	if (lemonade_sieve_register(svinst, &ntfy_push, &method)) {
		*context = p_memdup(svinst->pool, &method, sizeof(method));
	} else {
		e_warning(svinst->event, "lemonade: No notify method push: "
			  "the extension enotify is off (sieve_extensions)");
	}
	return LEMONADE_SIEVE_LOADED;
}

void sieve_lemonade_plugin_unload(struct sieve_instance *svinst ATTR_UNUSED,
				  void *context)
{
	const struct sieve_enotify_method *method = context;

	if (method == NULL)
		return;
	ntfy_push_end(method);
	sieve_enotify_method_unregister(method);
}

void sieve_lemonade_plugin_init(void)
{
}

void sieve_lemonade_plugin_deinit(void)
{
}
