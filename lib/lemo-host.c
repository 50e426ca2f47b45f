#include "lemo-host.h"

#include "lemo-banned.h"

bool lemo_host_is_valid(const char *host, size_t len)
{
	size_t i;

	if (len == 0 || len > LEMO_DOMAIN_MAX || host[len - 1] == '.' ||
	    host[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++) {
		bool begins = i == 0 || host[i - 1] == '.';

		if (begins && (host[i] == '.' || host[i] == '-'))
			return false;
		if (host[i] == '.' && host[i - 1] == '-')
			return false;
	}
	return true;
}
