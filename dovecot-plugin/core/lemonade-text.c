/* Text for the wire, out of whatever the mail store holds. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "unichar.h"
#include "utc-offset.h"
#include "imap-util.h"
#include "lemo-utf8.h"
#include "lemonade-text.h"

#include <time.h>

static const char *ascii_only(const char *str)
{
	char *copy = t_strdup_noconst(str), *p;

	for (p = copy; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	return copy;
}

static const char *repair(const char *str)
{
	size_t len = strlen(str);
	buffer_t *buf;

	if (lemo_utf8_is_valid(str, len))
		return str;
	buf = t_buffer_create(len + 16);
	if (!uni_utf8_get_valid_data((const unsigned char *)str, len, buf))
		str = str_c(buf);
	/* the two may differ on surrogates and the like */
	return lemo_utf8_is_valid(str, strlen(str)) ? str : ascii_only(str);
}

const char *lemonade_text_utf8(const char *str, size_t max)
{
	size_t len;

	if (str == NULL)
		return NULL;
	str = repair(str);
	len = strlen(str);
	if (len <= max)
		return str;
	return t_strndup(str, lemo_utf8_cut(str, len, max));
}

const char *lemonade_text_time_offset(time_t when, int offset)
{
	time_t shifted = when + offset * 60;
	struct tm tm;

	if (gmtime_r(&shifted, &tm) == NULL)
		return NULL;
	return t_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec, offset < 0 ? '-' : '+',
		abs(offset) / 60, abs(offset) % 60);
}

const char *lemonade_text_time(time_t when)
{
	struct tm tm;

	if (localtime_r(&when, &tm) == NULL)
		return lemonade_text_time_offset(when, 0);
	return lemonade_text_time_offset(when, utc_offset(&tm, when));
}

const char *lemonade_text_uidset(const ARRAY_TYPE(seq_range) *uids)
{
	string_t *str = t_str_new(64);

	imap_write_seq_range(str, uids);
	return str_c(str);
}
