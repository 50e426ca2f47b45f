/* lib90_sieve_lemonade_plugin.so: the enotify methods. */

#include "lib.h"
#include "array.h"
#include "ext-literal.h"
#include "ntfy-instance.h"
#include "ntfy-push.h"
#include "ntfy-uri.h"
#include "sieve-lemonade-plugin.h"

const char *sieve_lemonade_plugin_version = PIGEONHOLE_ABI_VERSION;

ARRAY_DEFINE_TYPE(sieve_method, struct sieve_enotify_method);

/* Those that are registered. */
struct methods {
	ARRAY_TYPE(sieve_method) list;
	const struct sieve_extension *literal;
};

static bool methods_add(struct methods *methods, struct sieve_instance *svinst,
			const struct sieve_enotify_method_def *def)
{
	struct sieve_enotify_method method;

	if (!lemonade_sieve_register(svinst, def, &method))
		return FALSE;
	array_push_back(&methods->list, &method);
	return TRUE;
}

static bool methods_add_all(struct methods *methods,
			    struct sieve_instance *svinst)
{
	const struct sieve_enotify_method_def *const *def;

	if (!methods_add(methods, svinst, &ntfy_push))
		return FALSE;
	for (def = ntfy_uri_methods(); *def != NULL; def++) {
		if (!methods_add(methods, svinst, *def))
			return FALSE;
	}
	return TRUE;
}

lemonade_sieve_load_t
sieve_lemonade_plugin_load(struct sieve_instance *svinst, void **context)
{
	struct methods *methods = p_new(svinst->pool, struct methods, 1);

	*context = methods;
	p_array_init(&methods->list, svinst->pool, 8);
	ntfy_instance_begin(svinst);
	if (!methods_add_all(methods, svinst)) {
		e_warning(svinst->event, "lemonade: No notify methods: "
			  "the extension enotify is off (sieve_extensions)");
	}
	methods->literal = ext_literal_register(svinst);
	if (methods->literal == NULL) {
		e_warning(svinst->event, "lemonade: No notify method but "
			  "push: an extension named like ours is there "
			  "already");
	}
	return LEMONADE_SIEVE_LOADED;
}

void sieve_lemonade_plugin_unload(struct sieve_instance *svinst,
				  void *context)
{
	const struct methods *methods = context;
	const struct sieve_enotify_method *method;

	array_foreach(&methods->list, method)
		sieve_enotify_method_unregister(method);
	if (methods->literal != NULL)
		sieve_extension_unregister(methods->literal);
	ntfy_instance_end(svinst);
}

void sieve_lemonade_plugin_init(void)
{
}

void sieve_lemonade_plugin_deinit(void)
{
}
