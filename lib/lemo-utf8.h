#ifndef LEMO_UTF8_H
#define LEMO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True if the octets are well-formed UTF-8 (RFC 3629) without NUL. */
bool lemo_utf8_is_valid(const char *str, size_t len);
/* Length of the longest prefix of str[len] of at most max octets that does
   not cut a character. str is valid UTF-8. */
size_t lemo_utf8_cut(const char *str, size_t len, size_t max);

#endif
