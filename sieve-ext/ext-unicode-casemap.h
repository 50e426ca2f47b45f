#ifndef EXT_UNICODE_CASEMAP_H
#define EXT_UNICODE_CASEMAP_H

/*
 * "comparator-i;unicode-casemap" (RFC 5051), which RFC 5550 3.3 requires and
 * section 6 wants advertised by ManageSieve.
 */

#include "sieve-common.h"

/* Registers ours, also where Pigeonhole has one, as 2.4 does: for scripts that
   require it ours takes its place, because that one's :matches ends the
   process when what it finds has fewer octets than the key ("ı" and "I"), and
   it is not listed. Returns what is to be given to sieve_extension_unregister()
   in the end, NULL if that failed. */
const struct sieve_extension *
ext_unicode_casemap_load(struct sieve_instance *svinst);

#endif
