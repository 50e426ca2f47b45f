#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

/*
 * Where a request may go: the SSRF fence on URLs and addresses.
 */

#include "net.h"
#include "lemo-weburl.h"

struct http_target {
	struct lemo_weburl url;
	/* what follows the authority in the URL, points into the URL */
	const char *path;
	/* the admin's own URL: no fence */
	bool trusted;
	/* lemonade_allow_hosts */
	const char *allow_hosts;
};

/* Parses the URL, which must outlive the target. -1 with a constant in
   *error_r. */
int http_target_parse(const char *url, bool trusted, const char *allow_hosts,
		      struct http_target *target_r, const char **error_r);

/* True if the admin has listed the target in allow_hosts. ip may be NULL:
   only names and literals in the URL can be listed then. */
bool http_target_is_listed(const struct http_target *target,
			   const struct ip_addr *ip);

/* May the request go to this address (NULL: to an address that a proxy
   finds)? FALSE with a few words in *error_r (data stack). */
bool http_target_allows(const struct http_target *target,
			const struct ip_addr *ip, const char **error_r);

#endif
