#ifndef LEMO_BASE64URL_H
#define LEMO_BASE64URL_H

/* base64url (RFC 4648 section 5), written without padding. Not constant
   time: for what is public, or the user's own. */

#include "lemo-buf.h"

/* Characters that len octets become. */
#define LEMO_BASE64URL_LEN(len) (((len) * 4 + 2) / 3)

void lemo_base64url_add(struct lemo_buf *buf, const void *data, size_t len);
/* Decodes to exactly len octets. Strict: no other characters, spare bits are
   zero; the right number of "=" at the end is allowed, since browsers' and
   libraries' encoders differ there. False, with data_r as it was, if text is
   anything else. */
bool lemo_base64url_decode(const char *text, void *data_r, size_t len);

#endif
