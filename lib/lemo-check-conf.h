#ifndef LEMO_CHECK_CONF_H
#define LEMO_CHECK_CONF_H

/*
 * What doveconf prints, and for which Dovecot a module is made.
 *
 * doveconf of 2.3: "name = value", "plugin/name = value"; lists are words in a
 * value. Of 2.4: lists are blocks, "name {", "  word = yes", "}".
 */

#include <stdbool.h>
#include <stddef.h>

#include "lemo-buf.h"

/* The value of a setting at the outer level; false if it is not printed. */
bool lemo_check_conf_value(const char *text, const char *name,
			   struct lemo_buf *value);
/* Is the word in the list, be it a value or a block? 1 yes, 0 no; -1 the
   block says "word = no". */
int lemo_check_conf_has(const char *text, const char *name, const char *word);
/* Is there a block of that name with something in it? */
bool lemo_check_conf_has_block(const char *text, const char *name);

/* Dovecot loads a module if the string that the module calls its version is
   the same up to a "(": "2.3.ABIv19(2.3.19.1)", "2.4.ABIv1". Looks for one in
   the octets of a module; "" into abi if there is none. True: it is the one
   wanted. */
bool lemo_check_module_abi(const char *data, size_t size, const char *wanted,
			   struct lemo_buf *abi);

#endif
