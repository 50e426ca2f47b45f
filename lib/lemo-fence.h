#ifndef LEMO_FENCE_H
#define LEMO_FENCE_H

/*
 * The SSRF fence: which addresses a URL of a user may lead to. Denied are
 * loopback, RFC 1918, CGNAT, link-local, multicast, benchmark and
 * documentation nets, "this network", reserved, and in IPv6 all but 2000::/3,
 * of which 6to4, Teredo, documentation; v4-mapped and 64:ff9b::/96 are judged
 * by the IPv4 address inside.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* addr: network byte order, 4 or 16 octets. */
bool lemo_fence_allows(const uint8_t *addr, size_t len);

/* The admin's own hosts: "host", "host:port", "192.0.2.0/24", "[::1]:8443",
   separated by spaces or commas. A name or address without port allows any
   port. Returns true if it names host:port, or a network that addr (may be
   NULL) lies in. */
bool lemo_fence_listed(const char *list, const char *host, uint16_t port,
		       const uint8_t *addr, size_t addr_len);
/* Checks the list: -1 with *error_r (constant) and *pos_r. */
int lemo_fence_list_check(const char *list, const char **error_r,
			  size_t *pos_r);

/* Ports a user's URL may name without being listed: 443 and 8443. */
bool lemo_fence_port_allowed(uint16_t port);

#endif
