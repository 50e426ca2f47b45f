/* Checks of lemonade_xmpp_*. */

#include "lib.h"
#include "net.h"
#include "lemo-fence.h"
#include "lemo-xmpp.h"
#include "lemonade-settings-private.h"

#define SERVER_CHARS "abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:"

static bool host_is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 ||
		strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* Components have no TLS, so nothing of it goes over the open net. */
static int check_server(const struct lemonade_settings *set,
			const char **error_r)
{
	const char *value = set->lemonade_xmpp_server, *host;
	in_port_t port;

	if (!lemonade_setting_is_known(value) || *value == '\0')
		return 0;
	if (net_str2hostport(value, LEMO_XMPP_COMPONENT_PORT, &host,
			     &port) < 0 ||
	    *host == '\0' || host[strspn(host, SERVER_CHARS)] != '\0') {
		*error_r = t_strdup_printf("lemonade_xmpp_server: '%s' is no "
			"host:port; give where the XMPP server listens for "
			"components, e.g. 127.0.0.1:5347", value);
		return -1;
	}
	if (host_is_loopback(host) ||
	    !lemonade_setting_is_known(set->lemonade_allow_hosts) ||
	    lemo_fence_listed(set->lemonade_allow_hosts, host, port, NULL, 0))
		return 0;
	*error_r = t_strdup_printf("lemonade_xmpp_server: '%s' is not this "
		"host, and components have no TLS; give 127.0.0.1 and a "
		"tunnel's port, or name the host in lemonade_allow_hosts",
		value);
	return -1;
}

int lemonade_settings_check_xmpp(const struct lemonade_settings *set,
				 const char **error_r)
{
	const char *from = set->lemonade_xmpp_from;
	const char *file = set->lemonade_xmpp_secret_file;

	if (lemonade_setting_is_known(from) && *from != '\0' &&
	    !lemo_xmpp_is_address(from)) {
		*error_r = t_strdup_printf("lemonade_xmpp_from: '%s' is no "
			"XMPP address; give the component's, e.g. "
			"lemonade@notify.example.org", from);
		return -1;
	}
	if (lemonade_setting_is_known(file) && *file != '\0' && *file != '/') {
		*error_r = t_strdup_printf("lemonade_xmpp_secret_file: '%s' is "
			"not an absolute path; give the full path of the file "
			"with the component's secret", file);
		return -1;
	}
	return check_server(set, error_r);
}

int lemonade_settings_check_xmpp_together(const struct lemonade_settings *set,
					  const char **error_r)
{
	if (*set->lemonade_xmpp_server == '\0')
		return 0;
	if (*set->lemonade_xmpp_from == '\0') {
		*error_r = "lemonade_xmpp_from: is empty but "
			"lemonade_xmpp_server is not; give the XMPP address "
			"that messages come from, or empty "
			"lemonade_xmpp_server";
		return -1;
	}
	if (*set->lemonade_xmpp_secret_file == '\0') {
		*error_r = "lemonade_xmpp_secret_file: is empty but "
			"lemonade_xmpp_server is not; name the file with the "
			"component's secret, or empty lemonade_xmpp_server";
		return -1;
	}
	return 0;
}
