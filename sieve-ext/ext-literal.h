#ifndef EXT_LITERAL_H
#define EXT_LITERAL_H

/*
 * A Sieve extension that needs no "require": the method of a notify action
 * (RFC 5435 8) must not be made of variables, which may hold text of the
 * message, if it is one of ours or cannot be seen. push: may, since it reaches
 * none but the user's own devices; and methods of others. It is refused when
 * the script is compiled. A script that was compiled without this is known
 * when it runs: ntfy_instance.literal.
 */

#include "sieve-common.h"

/* NULL if Pigeonhole refuses it. To be unregistered. */
const struct sieve_extension *
ext_literal_register(struct sieve_instance *svinst);

#endif
