#ifndef LEMONADE_TEXT_H
#define LEMONADE_TEXT_H

#include "seq-range-array.h"

/* Mail is not always what it says: returns str as valid UTF-8 (RFC 3629) of
   at most max octets, bad octets replaced. NULL stays NULL. The result is str
   itself or in the data stack. */
const char *lemonade_text_utf8(const char *str, size_t max);

/* RFC 3339 in local time with UTC offset. In the data stack. */
const char *lemonade_text_time(time_t when);
/* The same with a given offset in minutes. */
const char *lemonade_text_time_offset(time_t when, int offset);

/* "1:3,7". In the data stack. */
const char *lemonade_text_uidset(const ARRAY_TYPE(seq_range) *uids);

#endif
