#ifndef OUTBOX_SCHEMA_H
#define OUTBOX_SCHEMA_H

#include <sqlite3.h>

/* Makes the tables in an empty file, or brings those of an older version up
   to date. Returns 0, or -1 with *error_r: in the data stack. */
int outbox_schema_update(sqlite3 *db, const char **error_r);

#endif
