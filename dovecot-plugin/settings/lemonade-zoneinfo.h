#ifndef LEMONADE_ZONEINFO_H
#define LEMONADE_ZONEINFO_H

/* The system's time zones (package tzdata), read by name. */

#include "lemo-tzif.h"

#define LEMONADE_ZONEINFO_DIR "/usr/share/zoneinfo"

struct lemonade_zone {
	struct lemo_tzif tz;
	/* of the file, to see that it is another one */
	dev_t dev;
	ino_t ino;
	time_t mtime;
	size_t size;
	unsigned char data[];
};

/* name: lemo_zone_name_is_valid(). NULL with *error_r in the data stack; else
   to be freed with i_free(). Reads a small file. */
struct lemonade_zone *
lemonade_zone_read(const char *name, const char **error_r);
/* False if the file is not the one that was read, or not there any more. */
bool lemonade_zone_is_current(const struct lemonade_zone *zone,
			      const char *name);
/* False only if it is certain that there is no such zone: not where the
   whole directory is out of sight. */
bool lemonade_zone_may_exist(const char *name);

#endif
