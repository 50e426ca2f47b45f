/* Settings in 2.4: typed, declared to the config process by
   lib22_lemonade_settings.so. */

#include "lib.h"

#if DOVECOT_PREREQ(2, 4, 0)

#include "settings.h"
#include "master-service.h"
#include "master-service-settings.h"
#include "mail-user.h"
#include "lemonade-settings-compat.h"

#undef DEF
#define DEF(type, name, value) \
	SETTING_DEFINE_STRUCT_##type(#name, name, struct lemonade_settings),
static const struct setting_define lemonade_setting_defines[] = {
	LEMONADE_SETTINGS(DEF)
	SETTING_DEFINE_LIST_END
};

/* Also called by the config process, so that doveconf tells a mistake. */
static bool
lemonade_settings_verify(void *set, pool_t pool ATTR_UNUSED,
			 const char **error_r)
{
	if (lemonade_settings_check(set, error_r) < 0)
		return FALSE;
	return settings_get_config_binary() != SETTINGS_BINARY_OTHER ||
		lemonade_settings_check_together(set, error_r) == 0;
}

const struct setting_parser_info lemonade_setting_parser_info = {
	.name = "lemonade",
	.defines = lemonade_setting_defines,
	.defaults = &lemonade_default_settings,
	.struct_size = sizeof(struct lemonade_settings),
	.pool_offset1 = 1 + offsetof(struct lemonade_settings, pool),
	.check_func = lemonade_settings_verify
};

bool lemonade_setting_is_known(const char *str)
{
	return str != set_value_unknown;
}

int lemonade_settings_get_user(struct mail_user *user,
			       const struct lemonade_settings **set_r,
			       const char **error_r)
{
	return settings_get(user->event, &lemonade_setting_parser_info, 0,
			    set_r, error_r);
}

int lemonade_settings_get_service(struct event *event,
				  const struct lemonade_settings **set_r,
				  const char **error_r)
{
	if (master_service_settings_read_simple(master_service, error_r) < 0)
		return -1;
	if (event == NULL)
		event = master_service_get_event(master_service);
	return settings_get(event, &lemonade_setting_parser_info, 0,
			    set_r, error_r);
}

void lemonade_settings_free(const struct lemonade_settings **set)
{
	settings_free(*set);
}

#endif
