#ifndef LEMONADE_SIEVE_COMPAT_H
#define LEMONADE_SIEVE_COMPAT_H

/*
 * What differs between Pigeonhole for Dovecot 2.3 and 2.4. Methods live in an
 * array that grows: *method_r is a copy, which is all that unregistering
 * needs.
 */

#include "sieve-ast.h"
#include "sieve-commands.h"
#include "sieve-extensions.h"
#include "sieve-ext-enotify.h"

#if DOVECOT_PREREQ(2, 4, 0)
typedef int lemonade_sieve_load_t;
#  define LEMONADE_SIEVE_LOADED 0
typedef int lemonade_enotify_load_t;
#  define LEMONADE_ENOTIFY_LOADED 0
#else
typedef void lemonade_sieve_load_t;
#  define LEMONADE_SIEVE_LOADED
typedef bool lemonade_enotify_load_t;
#  define LEMONADE_ENOTIFY_LOADED TRUE
#endif

/* The parameter of :options of a notify action, whose tag is gone by then. Of
   both versions; but what says so, enum cmd_notify_optional of
   ext-enotify-common.h, is not installed. */
static inline bool
lemonade_sieve_is_notify_options(const struct sieve_ast_argument *arg)
{
	const int cmd_notify_opt_options = 2;

	return arg->argument != NULL &&
		arg->argument->id_code == cmd_notify_opt_options;
}

/* False if enotify is not to be had. */
static inline bool
lemonade_sieve_register(struct sieve_instance *svinst,
			const struct sieve_enotify_method_def *def,
			struct sieve_enotify_method *method_r)
{
	const struct sieve_enotify_method *method;
#if DOVECOT_PREREQ(2, 4, 0)
	const struct sieve_extension *ext;

	if (sieve_ext_enotify_require_extension(svinst, &ext) < 0 ||
	    sieve_enotify_method_register(ext, def, &method) < 0)
		return FALSE;
#else
	method = sieve_enotify_method_register(svinst, def);
	if (method == NULL)
		return FALSE;
#endif
	*method_r = *method;
	return TRUE;
}

/* Enabled, unless sieve_extensions says otherwise, in place of another of that
   name; NULL if that failed. */
static inline const struct sieve_extension *
lemonade_sieve_extension_replace(struct sieve_instance *svinst,
				 const struct sieve_extension_def *def)
{
#if DOVECOT_PREREQ(2, 4, 0)
	const struct sieve_extension *ext;

	return sieve_extension_replace(svinst, def, TRUE, &ext) < 0 ?
		NULL : ext;
#else
	return sieve_extension_replace(svinst, def, TRUE);
#endif
}

/* An extension that each script has, as of sieve_implicit_extensions, but
   not listed. NULL if it is refused. */
static inline const struct sieve_extension *
lemonade_sieve_register_implicit(struct sieve_instance *svinst,
				 const struct sieve_extension_def *def)
{
	const struct sieve_extension *ext;
	struct sieve_extension *own;

#if DOVECOT_PREREQ(2, 4, 0)
	if (sieve_extension_register(svinst, def, TRUE, &ext) < 0)
		ext = NULL;
#else
	ext = sieve_extension_register(svinst, def, TRUE);
#endif
	own = (struct sieve_extension *)ext;
	/* no function says so, but the struct is public, and it is ours */
	if (own != NULL)
		own->implicit = own->dummy = TRUE;
	return ext;
}

#endif
