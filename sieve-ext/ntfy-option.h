#ifndef NTFY_OPTION_H
#define NTFY_OPTION_H

/*
 * The option of all our methods (RFC 5435 3.5): LEMO_NOTIFY_OPTION_TTL. Who
 * does not know an option ignores it: with a warning, so do we.
 */

#include "sieve-ext-enotify.h"

/* At compile time. value: NULL if it is made of variables. */
bool ntfy_option_check(const struct sieve_enotify_env *nenv,
		       const char *option, const char *value);
/* When the script runs. False and *ttl_r untouched if there is nothing to
   set. */
bool ntfy_option_get(const struct sieve_enotify_env *nenv, const char *option,
		     const char *value, uint32_t *ttl_r);
/* RFC 5435 3.5: does it begin with a name and "="? */
bool ntfy_option_has_name(const char *option);

#endif
