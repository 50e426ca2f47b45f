/* Settings module: tells config and doveconf of our settings and service. */

#include "lib.h"
#include "lemonade-settings-module.h"
#include "lemonade-config.h"

void lemonade_settings_init(struct module *module ATTR_UNUSED)
{
}

void lemonade_settings_deinit(void)
{
}

const char *lemonade_settings_version = DOVECOT_ABI_VERSION;
const char *lemonade_settings_doveconf_banner = "Lemonade "LEMONADE_VERSION;
