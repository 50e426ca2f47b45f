#ifndef LEMONADE_SETTINGS_MODULE_H
#define LEMONADE_SETTINGS_MODULE_H

/* What Dovecot's config process looks up by name in
   lib22_lemonade_settings.so. */

struct module;

extern const char *lemonade_settings_version;
extern const char *lemonade_settings_doveconf_banner;
extern struct service_settings lemonade_settings_service_settings;

void lemonade_settings_init(struct module *module);
void lemonade_settings_deinit(void);

#endif
