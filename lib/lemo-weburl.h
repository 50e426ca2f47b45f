#ifndef LEMO_WEBURL_H
#define LEMO_WEBURL_H

/*
 * The little of RFC 3986 that a push target needs, checked before any
 * library sees it: scheme https (http only where the caller allows it), no
 * userinfo, a host, an optional port, printable ASCII without spaces.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEMO_HOST_MAX 253

struct lemo_weburl {
	char host[LEMO_HOST_MAX + 1]; /* lower case, without [] */
	/* "https://host:port", as key of queues and in logs: never the path,
	   which may be a capability */
	char origin[LEMO_HOST_MAX + 20];
	uint16_t port;
	bool https;
	bool host_is_ip;              /* [v6] or dotted quad as written */
};

/* Returns 0, or -1 with *error_r (constant); *url_r is then untouched.
   Refuses fragments, userinfo, empty hosts, port 0, a host of only digits
   and dots that is not a dotted quad (octal and short forms), hex forms. */
int lemo_weburl_parse(const char *url, struct lemo_weburl *url_r,
		      const char **error_r);

#endif
