#include "lemo-trace.h"
#include "lemo-event-wire.h"
#include "lemo-utf8.h"

#include <string.h>

#include "lemo-banned.h"

enum field_kind {
	FIELD_STR,
	FIELD_NUM,
	FIELD_BOOL
};

static const struct field {
	char key;
	unsigned char kind; /* enum field_kind */
	unsigned short offset;
} fields[] = {
#define FIELD(key, kind, name) \
	{ key, FIELD_##kind, offsetof(struct lemo_trace_record, name) }
	FIELD('u', STR, user),
	FIELD('i', STR, event_id),
	FIELD('d', STR, device),
	FIELD('t', STR, type),
	FIELD('p', STR, service),
	FIELD('b', STR, mailbox),
	FIELD('k', NUM, mailbox_key),
	FIELD('n', NUM, uid),
	FIELD('s', STR, uidset),
	FIELD('m', STR, message_id),
	FIELD('f', STR, flag_names),
	FIELD('a', BOOL, feed),
	FIELD('r', STR, reason),
	FIELD('x', STR, detail),
	FIELD('o', STR, where),
	FIELD('c', STR, result),
	FIELD('g', NUM, generation),
	FIELD('e', NUM, events),
	FIELD('y', NUM, tries),
	FIELD('l', NUM, msecs),
	FIELD('w', NUM, wait),
	FIELD('z', BOOL, final)
#undef FIELD
};
#define FIELDS_COUNT (sizeof(fields) / sizeof(fields[0]))

static const char kinds[] = {
	LEMO_TRACE_EVENT, LEMO_TRACE_HELD_BACK, LEMO_TRACE_QUEUED,
	LEMO_TRACE_MERGED, LEMO_TRACE_SENT, LEMO_TRACE_NOT_SENT,
	LEMO_TRACE_NOTE
};

static const void *
field_get(const struct lemo_trace_record *record, const struct field *field)
{
	return (const char *)record + field->offset;
}

static void *
field_modify(struct lemo_trace_record *record, const struct field *field)
{
	return (char *)record + field->offset;
}

static void add_key(struct lemo_buf *buf, char key)
{
	const char start[3] = { '\t', key, '=' };

	lemo_buf_add(buf, start, sizeof(start));
}

static void add_str(struct lemo_buf *buf, char key, const char *str)
{
	size_t len;

	if (str == NULL)
		return;
	add_key(buf, key);
	len = strlen(str);
	if (len > LEMO_TRACE_VALUE_MAX)
		len = lemo_utf8_cut(str, len, LEMO_TRACE_VALUE_MAX);
	lemo_tabescape(buf, str, len);
}

static void add_num(struct lemo_buf *buf, char key, uint64_t num)
{
	if (num != 0) {
		add_key(buf, key);
		lemo_buf_addu(buf, num);
	}
}

void lemo_trace_encode(const struct lemo_trace_record *record,
		       struct lemo_buf *buf)
{
	const char kind[2] = { '\t', (char)record->kind };
	const struct field *field;

	lemo_buf_addu(buf, record->time < 0 ? 0 : (uint64_t)record->time);
	lemo_buf_add(buf, kind, sizeof(kind));
	for (field = fields; field < fields + FIELDS_COUNT; field++) {
		const void *value = field_get(record, field);

		switch (field->kind) {
		case FIELD_STR:
			add_str(buf, field->key, *(const char *const *)value);
			break;
		case FIELD_NUM:
			add_num(buf, field->key, *(const uint64_t *)value);
			break;
		default:
			add_num(buf, field->key, *(const bool *)value ? 1 : 0);
		}
	}
	lemo_buf_addc(buf, '\n');
}

static bool parse_num(const char *str, size_t len, uint64_t *num_r)
{
	uint64_t num = 0;
	size_t i;

	if (len == 0)
		return false;
	for (i = 0; i < len; i++) {
		unsigned int digit = (unsigned char)str[i] - '0';

		if (digit > 9 || num > (UINT64_MAX - digit) / 10)
			return false;
		num = num * 10 + digit;
	}
	*num_r = num;
	return true;
}

static const struct field *find_field(char key)
{
	const struct field *field;

	for (field = fields; field < fields + FIELDS_COUNT; field++) {
		if (field->key == key)
			return field;
	}
	return NULL;
}

static bool decode_str(struct lemo_trace_record *record,
		       const struct field *field, char *value, size_t len)
{
	ptrdiff_t real_len = lemo_tabunescape(value, len);

	if (real_len < 0)
		return false;
	value[real_len] = '\0';
	*(const char **)field_modify(record, field) = value;
	return true;
}

/* One "k=value"; the octet behind it may be written. */
static bool decode_pair(struct lemo_trace_record *record, char *pair,
			size_t len)
{
	const struct field *field;
	uint64_t num;

	if (len < 2 || pair[1] != '=')
		return false;
	field = find_field(pair[0]);
	if (field == NULL)
		return true;
	if (field->kind == FIELD_STR)
		return decode_str(record, field, pair + 2, len - 2);
	if (!parse_num(pair + 2, len - 2, &num))
		return false;
	if (field->kind == FIELD_NUM)
		*(uint64_t *)field_modify(record, field) = num;
	else
		*(bool *)field_modify(record, field) = num != 0;
	return true;
}

static bool decode_head(struct lemo_trace_record *record, const char *line,
			size_t len, size_t *pos_r)
{
	const char *tab = memchr(line, '\t', len);
	uint64_t time;

	if (tab == NULL || !parse_num(line, tab - line, &time) ||
	    time > INT64_MAX || tab + 2 > line + len ||
	    memchr(kinds, tab[1], sizeof(kinds)) == NULL ||
	    (tab + 2 < line + len && tab[2] != '\t'))
		return false;
	record->time = (int64_t)time;
	record->kind = (enum lemo_trace_kind)tab[1];
	*pos_r = tab + 2 - line;
	return true;
}

static bool decode_pairs(struct lemo_trace_record *record, char *line,
			 size_t len)
{
	char *pos, *end = line + len, *tab;

	for (pos = line; pos < end; pos = tab) {
		/* the TAB, or the NUL of the string before it */
		pos++;
		tab = memchr(pos, '\t', end - pos);
		if (tab == NULL)
			tab = end;
		if (!decode_pair(record, pos, tab - pos))
			return false;
	}
	return true;
}

bool lemo_trace_decode(char *line, size_t len,
		       struct lemo_trace_record *record_r)
{
	struct lemo_trace_record record;
	size_t pos;

	memset(&record, 0, sizeof(record));
	if (len >= LEMO_TRACE_LINE_MAX || !lemo_utf8_is_valid(line, len) ||
	    !decode_head(&record, line, len, &pos) ||
	    !decode_pairs(&record, line + pos, len - pos) ||
	    record.user == NULL)
		return false;
	*record_r = record;
	return true;
}
