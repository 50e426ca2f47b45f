#ifndef HTTP_PINS_H
#define HTTP_PINS_H

/*
 * What we told libcurl (CURLOPT_RESOLVE) of names and addresses. Its cache
 * never forgets a pinned name, so we keep the list of them and have old ones
 * taken out.
 */

#include <curl/curl.h>
#include "net.h"

struct http_pins;

/* max: names pinned at once; above the number of requests open at once. */
struct http_pins *http_pins_init(unsigned int max);
void http_pins_deinit(struct http_pins **pins);

/* The list for CURLOPT_RESOLVE that pins host:port to these addresses, in
   pool memory; NULL if that is what libcurl already knows, i.e. generation
   is the same as last time. */
struct curl_slist *
http_pins_set(struct http_pins *pins, pool_t pool, const char *host,
	      in_port_t port, const struct ip_addr *ips,
	      unsigned int ips_count, unsigned int generation);

#endif
