/* What the config process takes from lib22_lemonade_settings.so: the service
   and, in 2.4, the settings. The service exists only while `protocols' names
   lemonade. */

#include "lib.h"
#include "array.h"
#include "settings-parser.h"
#include "service-settings.h"
#include "lemonade-settings-module.h"

/* Every imap and lmtp process keeps a connection; near the limit the notifier
   closes those unused for longest, which is harmless. More than Dovecot's own
   default would make it warn wherever file descriptors are limited to 1024. */
#define NOTIFY_CLIENT_LIMIT 1000
#define NOTIFY_VSZ_LIMIT (1024ULL * 1024 * 1024)

#if DOVECOT_PREREQ(2, 4, 0)

#include "lemonade-settings-compat.h"

const struct setting_parser_info *lemonade_settings_set_infos[] = {
	&lemonade_setting_parser_info,
	NULL
};

#define NO_GROUPS ARRAY_INIT
#define SERVICE_PROCESSES \
	.restart_request_count = SET_UINT_UNLIMITED, \
	.idle_kill_interval = SET_TIME_INFINITE
#define UNIX_LISTENERS ARRAY_INIT

const struct setting_keyvalue lemonade_settings_service_settings_defaults[] = {
	{ "unix_listener", "lemonade-notify lemonade-notify-admin" },

	{ "unix_listener/lemonade-notify/path", "lemonade-notify" },
	{ "unix_listener/lemonade-notify/mode", "0666" },

	{ "unix_listener/lemonade-notify-admin/path",
	  "lemonade-notify-admin" },
	{ "unix_listener/lemonade-notify-admin/mode", "0600" },

	{ NULL, NULL }
};

#else

static struct file_listener_settings unix_listeners_array[] = {
	{ "lemonade-notify", 0666, "", "" },
	{ "lemonade-notify-admin", 0600, "", "" }
};
static struct file_listener_settings *unix_listeners[] = {
	&unix_listeners_array[0], &unix_listeners_array[1]
};
static buffer_t unix_listeners_buf = {
	{ { unix_listeners, sizeof(unix_listeners) } }
};

#define NO_GROUPS ""
#define SERVICE_PROCESSES \
	.service_count = 0, \
	.idle_kill = UINT_MAX
#define UNIX_LISTENERS \
	{ { &unix_listeners_buf, sizeof(unix_listeners[0]) } }

#endif

/* It starts as root to make its directories and to read the feed's secrets,
   and drops to lemonade_user itself. */
struct service_settings lemonade_settings_service_settings = {
	.name = "lemonade-notify",
	.protocol = "lemonade",
	.type = "",
	.executable = "lemonade-notify",
	.user = "",
	.group = "",
	.privileged_group = "",
	.extra_groups = NO_GROUPS,
	.chroot = "",

	.drop_priv_before_exec = FALSE,

	.process_min_avail = 1,
	.process_limit = 1,
	.client_limit = NOTIFY_CLIENT_LIMIT,
	SERVICE_PROCESSES,
	.vsz_limit = NOTIFY_VSZ_LIMIT,

	.unix_listeners = UNIX_LISTENERS,
	.fifo_listeners = ARRAY_INIT,
	.inet_listeners = ARRAY_INIT,

	/* one writer for the outbox */
	.process_limit_1 = TRUE
};
