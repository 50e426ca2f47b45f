#ifndef LEMONADE_PLUGIN_H
#define LEMONADE_PLUGIN_H

struct module;

extern const char *lemonade_plugin_version;
extern const char *lemonade_plugin_dependencies[];

void lemonade_plugin_init(struct module *module);
void lemonade_plugin_deinit(void);

#endif
