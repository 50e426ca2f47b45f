#include "lemo-named-filter.h"
#include "lemo-utf8.h"

#include <string.h>

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

bool lemo_named_filter_name_is_valid(const char *name, size_t len)
{
	size_t i;

	if (len == 0 || len > LEMO_NAMED_FILTER_NAME_MAX)
		return false;
	for (i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] >= 0x7f ||
		    strchr("(){%*\"\\]/", name[i]) != NULL)
			return false;
	}
	return true;
}

/*
 * Values
 */

struct scan {
	const char *p, *end;
	unsigned int lists;
	const char *error;
};

static void scan_fail(struct scan *scan, const char *error)
{
	scan->error = error;
}

/* Behind the opening quotation mark. */
static void scan_quoted(struct scan *scan)
{
	for (; scan->p < scan->end && !is_control(*scan->p); scan->p++) {
		if (*scan->p == '"') {
			scan->p++;
			return;
		}
		if (*scan->p == '\\' && ++scan->p == scan->end)
			break;
	}
	scan_fail(scan, "has a string that is not closed");
}

/* Digits; more than there can be of octets is as good as any such number. */
static size_t scan_size(struct scan *scan)
{
	size_t size = 0;

	for (; scan->p < scan->end && *scan->p >= '0' && *scan->p <= '9';
	     scan->p++) {
		size = size * 10 + (size_t)(*scan->p - '0');
		if (size > LEMO_NAMED_FILTER_SIZE_MAX)
			size = LEMO_NAMED_FILTER_SIZE_MAX + 1;
	}
	return size;
}

static bool scan_skip(struct scan *scan, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(scan->end - scan->p) < len ||
	    memcmp(scan->p, text, len) != 0)
		return false;
	scan->p += len;
	return true;
}

/* Behind the opening brace. Octets of UTF-8 need literals by the letter of
   RFC 3501: its quoted strings are 7-bit. */
static void scan_literal(struct scan *scan)
{
	const char *digits = scan->p;
	size_t size = scan_size(scan);

	if (scan->p == digits ||
	    (!scan_skip(scan, "}\r\n") && !scan_skip(scan, "+}\r\n")))
		scan_fail(scan, "has a malformed literal");
	else if ((size_t)(scan->end - scan->p) < size)
		scan_fail(scan, "has a literal that is cut short");
	else
		scan->p += size;
}

static void scan_token(struct scan *scan)
{
	char c = *scan->p++;

	if (c == '"')
		scan_quoted(scan);
	else if (c == '{')
		scan_literal(scan);
	else if (is_control(c))
		scan_fail(scan, "has control characters");
	else if (c == '(' && ++scan->lists > LEMO_NAMED_FILTER_LISTS_MAX)
		scan_fail(scan, "has lists that are nested too deep");
	else if (c == ')' && scan->lists-- == 0)
		scan_fail(scan, "has a ) without a (");
}

static void scan_value(struct scan *scan)
{
	while (scan->p < scan->end && scan->error == NULL)
		scan_token(scan);
	if (scan->error == NULL && scan->lists > 0)
		scan_fail(scan, "has a ( that is not closed");
}

int lemo_named_filter_check(const char *value, size_t len,
			    const char **error_r, size_t *pos_r)
{
	struct scan scan = { .p = value, .end = value + len };

	if (len == 0)
		scan_fail(&scan, "is empty");
	else if (len > LEMO_NAMED_FILTER_SIZE_MAX)
		scan_fail(&scan, "is too long");
	else if (!lemo_utf8_is_valid(value, len))
		scan_fail(&scan, "is not UTF-8");
	else
		scan_value(&scan);
	if (scan.error == NULL)
		return 0;
	*error_r = scan.error;
	*pos_r = (size_t)(scan.p - value);
	return -1;
}

/*
 * Filters in filters
 */

bool lemo_filter_walk_enter(struct lemo_filter_walk *walk, const char *name)
{
	unsigned int i;

	if (walk->depth == LEMO_NAMED_FILTER_DEPTH_MAX ||
	    walk->uses == LEMO_NAMED_FILTER_USES_MAX)
		return false;
	for (i = 0; i < walk->depth; i++) {
		if (strcmp(walk->names[i], name) == 0)
			return false;
	}
	walk->names[walk->depth++] = name;
	walk->uses++;
	return true;
}

bool lemo_filter_walk_add(struct lemo_filter_walk *walk, size_t octets)
{
	if (octets > LEMO_NAMED_FILTER_OCTETS_MAX - walk->octets)
		return false;
	walk->octets += octets;
	return true;
}

void lemo_filter_walk_leave(struct lemo_filter_walk *walk)
{
	walk->depth--;
}
