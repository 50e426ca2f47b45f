#ifndef LEMO_P256_H
#define LEMO_P256_H

/*
 * Is this a public key of the curve P-256 (FIPS 186-4 D.1.2.3)? Plain
 * arithmetic without libcrypto, for mail processes, which are to refuse a
 * phone's wrong key when it is set and not when it first should ring. Keys
 * are public: nothing here is constant time.
 */

#include <stddef.h>
#include <stdint.h>

/* An uncompressed point: 0x04, x, y (SEC 1 section 2.3.3). */
#define LEMO_P256_POINT_LEN 65

/* Returns NULL if the octets are an uncompressed point on the curve, else
   what is wrong (constant): "must be 65 octets", "must begin with 0x04, an
   uncompressed point" or "is not a point on the curve". The point at infinity
   has no uncompressed form. */
const char *lemo_p256_check(const uint8_t *octets, size_t len);

#endif
