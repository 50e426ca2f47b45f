#ifndef SIEVE_LEMONADE_PLUGIN_H
#define SIEVE_LEMONADE_PLUGIN_H

#include "lemonade-sieve-compat.h"

extern const char *sieve_lemonade_plugin_version;

lemonade_sieve_load_t
sieve_lemonade_plugin_load(struct sieve_instance *svinst, void **context);
void sieve_lemonade_plugin_unload(struct sieve_instance *svinst,
				  void *context);
void sieve_lemonade_plugin_init(void);
void sieve_lemonade_plugin_deinit(void);

#endif
