#ifndef EXT_LITERAL_H
#define EXT_LITERAL_H

/*
 * A Sieve extension that needs no "require" and looks at each notify action
 * when the script is compiled. The method of a notify action
 * (RFC 5435 8) must not be made of variables, which may hold text of the
 * message, if it is one of ours or cannot be seen. push: may, since it reaches
 * none but the user's own devices; and methods of others. A script that was
 * compiled without this is known when it runs: ntfy_instance.literal.
 * Nor may the name of an option: there Pigeonhole, up to 2.4.1 at least,
 * crashes, whatever the method.
 */

#include "sieve-common.h"

/* NULL if Pigeonhole refuses it. To be unregistered. */
const struct sieve_extension *
ext_literal_register(struct sieve_instance *svinst);

#endif
