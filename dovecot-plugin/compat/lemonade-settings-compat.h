#ifndef LEMONADE_SETTINGS_COMPAT_H
#define LEMONADE_SETTINGS_COMPAT_H

#include "lemonade-settings-private.h"

/* 2.4 only; in 2.3 the settings live in plugin { } */
extern const struct setting_parser_info lemonade_setting_parser_info;
extern const struct setting_parser_info *lemonade_settings_set_infos[];
extern const struct setting_keyvalue
	lemonade_settings_service_settings_defaults[];

#endif
