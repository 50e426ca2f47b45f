#ifndef LEMO_HOST_H
#define LEMO_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define LEMO_DOMAIN_MAX 120
#define LEMO_ALNUM "abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define LEMO_HOST_CHARS LEMO_ALNUM "-."

/* Labels of letters, digits and inner hyphens (RFC 1123 2.1), at most
   LEMO_DOMAIN_MAX octets together; "1.2.3.4" is such a name. The octets are all
   of LEMO_HOST_CHARS. */
bool lemo_host_is_valid(const char *host, size_t len);

#endif
