#ifndef EXT_UNICODE_CASEMAP_H
#define EXT_UNICODE_CASEMAP_H

/*
 * "comparator-i;unicode-casemap" (RFC 5051), which RFC 5550 3.3 requires and
 * section 6 wants advertised by ManageSieve.
 */

#include "sieve-common.h"

/* Where Pigeonhole has the comparator, as 2.4 does, its own is used, and
   listed, which it is not by itself. Returns what is to be given to
   sieve_extension_unregister() in the end, NULL if nothing is. */
const struct sieve_extension *
ext_unicode_casemap_load(struct sieve_instance *svinst);

#endif
