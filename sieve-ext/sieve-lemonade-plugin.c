/* lib90_sieve_lemonade_plugin.so: the enotify methods and the comparator
   i;unicode-casemap. */

#include "lib.h"
#include "array.h"
#include "ext-literal.h"
#include "ext-unicode-casemap.h"
#include "ntfy-instance.h"
#include "ntfy-push.h"
#include "ntfy-uri.h"
#include "sieve-lemonade-plugin.h"

const char *sieve_lemonade_plugin_version = PIGEONHOLE_ABI_VERSION;

ARRAY_DEFINE_TYPE(sieve_method, struct sieve_enotify_method);

/* The context: what ends with the Sieve instance. */
struct sieve_lemonade {
	ARRAY_TYPE(sieve_method) methods;
	/* NULL if they were refused */
	const struct sieve_extension *literal, *casemap;
};

static bool methods_add(struct sieve_lemonade *lemonade,
			struct sieve_instance *svinst,
			const struct sieve_enotify_method_def *def)
{
	struct sieve_enotify_method method;

	if (!lemonade_sieve_register(svinst, def, &method))
		return FALSE;
	array_push_back(&lemonade->methods, &method);
	return TRUE;
}

static bool methods_add_all(struct sieve_lemonade *lemonade,
			    struct sieve_instance *svinst)
{
	const struct sieve_enotify_method_def *const *def;

	if (!methods_add(lemonade, svinst, &ntfy_push))
		return FALSE;
	for (def = ntfy_uri_methods(); *def != NULL; def++) {
		if (!methods_add(lemonade, svinst, *def))
			return FALSE;
	}
	return TRUE;
}

lemonade_sieve_load_t
sieve_lemonade_plugin_load(struct sieve_instance *svinst, void **context)
{
	struct sieve_lemonade *lemonade =
		p_new(svinst->pool, struct sieve_lemonade, 1);

	*context = lemonade;
	lemonade->casemap = ext_unicode_casemap_load(svinst);
	p_array_init(&lemonade->methods, svinst->pool, 8);
	ntfy_instance_begin(svinst);
	if (!methods_add_all(lemonade, svinst)) {
		e_warning(svinst->event, "lemonade: No notify methods: "
			  "the extension enotify is off (sieve_extensions)");
	}
	lemonade->literal = ext_literal_register(svinst);
	if (lemonade->literal == NULL) {
		e_warning(svinst->event, "lemonade: No notify method but "
			  "push: an extension named like ours is there "
			  "already");
	}
	return LEMONADE_SIEVE_LOADED;
}

void sieve_lemonade_plugin_unload(struct sieve_instance *svinst,
				  void *context)
{
	const struct sieve_lemonade *lemonade = context;
	const struct sieve_enotify_method *method;

	array_foreach(&lemonade->methods, method)
		sieve_enotify_method_unregister(method);
	if (lemonade->literal != NULL)
		sieve_extension_unregister(lemonade->literal);
	if (lemonade->casemap != NULL)
		sieve_extension_unregister(lemonade->casemap);
	ntfy_instance_end(svinst);
}

void sieve_lemonade_plugin_init(void)
{
}

void sieve_lemonade_plugin_deinit(void)
{
}
