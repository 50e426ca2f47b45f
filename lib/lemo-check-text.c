#include "lemo-check-text.h"

#include <string.h>
#include <strings.h>

#include "lemo-check-imap.h"
#include "lemo-banned.h"

static bool begins_with_word(const char *line, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	return len >= word_len && strncasecmp(line, word, word_len) == 0 &&
		(len == word_len || line[word_len] == ' ');
}

enum lemo_check_sieve_line
lemo_check_sieve_line(const char *line, size_t len)
{
	if (begins_with_word(line, len, "OK"))
		return LEMO_CHECK_SIEVE_OK;
	if (begins_with_word(line, len, "NO"))
		return LEMO_CHECK_SIEVE_NO;
	if (begins_with_word(line, len, "BYE"))
		return LEMO_CHECK_SIEVE_BYE;
	return LEMO_CHECK_SIEVE_DATA;
}

/* Sets *p behind the closing quote; escapes stay as they are. */
static bool take_quoted(const char **p, const char *end,
			const char **text_r, size_t *len_r)
{
	const char *start;

	if (*p >= end || **p != '"')
		return false;
	start = ++(*p);
	while (*p < end && **p != '"') {
		if (**p == '\\')
			(*p)++;
		(*p)++;
	}
	if (*p >= end)
		return false;
	*text_r = start;
	*len_r = *p - start;
	(*p)++;
	return true;
}

bool lemo_check_sieve_capability(const char *line, size_t len,
				 const char *name, const char **value_r,
				 size_t *value_len_r)
{
	const char *p = line, *end = line + len, *text;
	size_t text_len;

	if (!take_quoted(&p, end, &text, &text_len) ||
	    text_len != strlen(name) ||
	    strncasecmp(text, name, text_len) != 0)
		return false;
	if (p < end && *p == ' ')
		p++;
	if (!take_quoted(&p, end, value_r, value_len_r)) {
		*value_r = "";
		*value_len_r = 0;
	}
	return true;
}

int lemo_check_smtp_line(const char *line, size_t len,
			 struct lemo_check_smtp_line *line_r)
{
	unsigned int i, code = 0;

	if (len < 3 || (len > 3 && line[3] != ' ' && line[3] != '-'))
		return -1;
	for (i = 0; i < 3; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -1;
		code = code * 10 + (line[i] - '0');
	}
	if (code < 200 || code > 599)
		return -1;
	line_r->code = code;
	line_r->last = len == 3 || line[3] == ' ';
	line_r->text = len == 3 ? line + 3 : line + 4;
	line_r->text_len = len == 3 ? 0 : len - 4;
	return 0;
}

bool lemo_check_smtp_keyword(const char *text, size_t len,
			     const char *keyword, const char *arg)
{
	size_t keyword_len = strlen(keyword);

	if (!begins_with_word(text, len, keyword))
		return false;
	return arg == NULL || lemo_check_imap_has_word(text + keyword_len,
						       len - keyword_len,
						       arg);
}

static bool take_digits(const char **p, const char *end)
{
	const char *start = *p;

	while (*p < end && **p >= '0' && **p <= '9' && *p - start < 3)
		(*p)++;
	return *p > start;
}

bool lemo_check_smtp_enhanced(const struct lemo_check_smtp_line *line)
{
	const char *p = line->text, *end = p + line->text_len;

	if (p >= end || (unsigned int)(*p - '0') != line->code / 100)
		return false;
	p++;
	return p < end && *p++ == '.' && take_digits(&p, end) &&
		p < end && *p++ == '.' && take_digits(&p, end) &&
		(p == end || *p == ' ');
}
