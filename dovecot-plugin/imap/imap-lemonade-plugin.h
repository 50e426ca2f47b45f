#ifndef IMAP_LEMONADE_PLUGIN_H
#define IMAP_LEMONADE_PLUGIN_H

struct module;

extern const char *imap_lemonade_plugin_version;
extern const char *imap_lemonade_plugin_dependencies[];
extern const char imap_lemonade_plugin_binary_dependency[];

void imap_lemonade_plugin_init(struct module *module);
void imap_lemonade_plugin_deinit(void);

#endif
