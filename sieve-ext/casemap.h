#ifndef CASEMAP_H
#define CASEMAP_H

/*
 * i;unicode-casemap (RFC 5051) over two strings of any octets: UTF-8 is
 * compared in titlecase and decomposed, as Dovecot's unichar.h knows it; what
 * is no UTF-8 is compared as it is.
 */

/* Below, equal to or above 0. One string that is no UTF-8 is compared whole
   as octets (RFC 5051 2 (1) (b)). */
int casemap_compare(const void *val1, size_t size1,
		    const void *val2, size_t size2);

/* Does the value begin with the key? Then *size_r octets of it, all of the
   characters that took part.

   The value's part is never shorter than the key: Pigeonhole's :matches goes
   back from its end by the key's length. So "ı" does not find "I", nor a key
   that is typed decomposed a composed character; the other way round they do. */
bool casemap_begins(const unsigned char *val, size_t val_size,
		    const unsigned char *key, size_t key_size, size_t *size_r);

#endif
