#ifndef LEMONADE_SPOOL_H
#define LEMONADE_SPOOL_H

struct lemonade_settings;

/* Leaves an event line for the notifier to find: a file of its own in
   <state_dir>/spool, complete or not at all. id: the event's, hex. Returns 0,
   or -1 with *error_r in the data stack. */
int lemonade_spool_add(const struct lemonade_settings *set, const char *id,
		       const void *line, size_t len, const char **error_r);

#endif
