#ifndef LEMONADE_DEFINITION_H
#define LEMONADE_DEFINITION_H

/*
 * A device as written on the command line: one JSON object, or pairs
 * FIELD=VALUE. A VALUE that is JSON counts as such (payload=1,
 * disabled=true), any other, and null, is a string; FIELD= removes the field.
 * Whether the fields make sense is judged where the device is stored.
 */

/* Merges args (NULL-terminated) into the object `old' (NULL: empty) and
   returns the result as text in the data stack. An argument that is a JSON
   object takes old's place. NULL with *error_r (data stack) if old is no
   object or an argument is neither. */
const char *lemonade_definition_merge(const char *old,
				      const char *const *args,
				      const char **error_r);

#endif
