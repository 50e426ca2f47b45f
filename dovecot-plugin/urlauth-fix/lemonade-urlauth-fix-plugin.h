#ifndef LEMONADE_URLAUTH_FIX_PLUGIN_H
#define LEMONADE_URLAUTH_FIX_PLUGIN_H

struct module;

extern const char *lemonade_urlauth_fix_version;

void lemonade_urlauth_fix_init(struct module *module);
void lemonade_urlauth_fix_deinit(void);

#endif
