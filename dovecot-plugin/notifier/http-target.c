#include "lib.h"
#include "lemo-fence.h"
#include "http-target.h"

#include "lemo-banned.h"

int http_target_parse(const char *url, bool trusted, const char *allow_hosts,
		      struct http_target *target_r, const char **error_r)
{
	const char *p;

	if (lemo_weburl_parse(url, &target_r->url, error_r) < 0)
		return -1;
	/* behind "https://" the authority goes up to the first of these */
	p = strstr(url, "://");
	i_assert(p != NULL);
	target_r->path = p + 3 + strcspn(p + 3, "/?#");
	target_r->trusted = trusted;
	target_r->allow_hosts = allow_hosts;
	return 0;
}

static const uint8_t *ip_octets(const struct ip_addr *ip, size_t *len_r)
{
	if (ip == NULL) {
		*len_r = 0;
		return NULL;
	}
	if (ip->family == AF_INET) {
		*len_r = sizeof(ip->u.ip4);
		return (const uint8_t *)&ip->u.ip4;
	}
	*len_r = sizeof(ip->u.ip6);
	return (const uint8_t *)&ip->u.ip6;
}

bool http_target_is_listed(const struct http_target *target,
			   const struct ip_addr *ip)
{
	const uint8_t *octets;
	size_t len;

	octets = ip_octets(ip, &len);
	return lemo_fence_listed(target->allow_hosts, target->url.host,
				 target->url.port, octets, len);
}

bool http_target_allows(const struct http_target *target,
			const struct ip_addr *ip, const char **error_r)
{
	const uint8_t *octets;
	size_t len;

	if (target->trusted || http_target_is_listed(target, ip))
		return TRUE;
	if (!target->url.https) {
		*error_r = "http without TLS is not allowed";
		return FALSE;
	}
	if (!lemo_fence_port_allowed(target->url.port)) {
		*error_r = t_strdup_printf("port %u is not allowed",
					   target->url.port);
		return FALSE;
	}
	octets = ip_octets(ip, &len);
	if (octets != NULL && !lemo_fence_allows(octets, len)) {
		*error_r = t_strdup_printf("address %s is private",
					   net_ip2addr(ip));
		return FALSE;
	}
	return TRUE;
}
