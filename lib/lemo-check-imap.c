#include "lemo-check-imap.h"

#include <string.h>
#include <strings.h>

#include "lemo-host.h"
#include "lemo-banned.h"

bool lemo_check_imap_literal(const char *line, size_t len, uint32_t *size_r)
{
	size_t i, end;
	uint64_t num = 0;

	if (len < 3 || line[len - 1] != '}')
		return false;
	end = len - 1;
	if (line[end - 1] == '+')
		end--;
	for (i = end; i > 0 && line[i - 1] >= '0' && line[i - 1] <= '9'; )
		i--;
	if (i == end || i == 0 || line[i - 1] != '{')
		return false;
	for (; i < end; i++) {
		num = num * 10 + (line[i] - '0');
		if (num > UINT32_MAX)
			return false;
	}
	*size_r = num;
	return true;
}

bool lemo_check_imap_has_word(const char *list, size_t len, const char *word)
{
	size_t start, i = 0, word_len = strlen(word);

	while (i < len) {
		while (i < len && list[i] == ' ')
			i++;
		for (start = i; i < len && list[i] != ' '; )
			i++;
		if (i - start == word_len && word_len > 0 &&
		    strncasecmp(list + start, word, word_len) == 0)
			return true;
	}
	return false;
}

/* Behind the first place of the text; NULL if there is none. */
static const char *find(const char *resp, size_t len, const char *text)
{
	size_t i, text_len = strlen(text);

	for (i = 0; i + text_len <= len; i++) {
		if (strncasecmp(resp + i, text, text_len) == 0)
			return resp + i + text_len;
	}
	return NULL;
}

bool lemo_check_imap_has(const char *resp, size_t len, const char *text)
{
	return find(resp, len, text) != NULL;
}

bool lemo_check_imap_code(const char *resp, size_t len, const char *name,
			  const char **args_r, size_t *args_len_r)
{
	static const char *const statuses[] = {
		"OK [", "NO [", "BAD [", "PREAUTH [", "BYE ["
	};
	const char *p = memchr(resp, ' ', len), *end = resp + len, *close;
	size_t i, name_len = strlen(name);

	if (p == NULL)
		return false;
	p++;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if ((size_t)(end - p) > strlen(statuses[i]) &&
		    strncasecmp(p, statuses[i], strlen(statuses[i])) == 0)
			break;
	}
	if (i == sizeof(statuses) / sizeof(statuses[0]))
		return false;
	p += strlen(statuses[i]);
	close = memchr(p, ']', end - p);
	if (close == NULL || (size_t)(close - p) < name_len ||
	    strncasecmp(p, name, name_len) != 0)
		return false;
	p += name_len;
	if (p < close && *p++ != ' ')
		return false;
	*args_r = p;
	*args_len_r = close - p;
	return true;
}

/* Sets *p behind the digits. */
static bool take_number(const char **p, const char *end, uint64_t *num_r)
{
	const char *start = *p;
	uint64_t num = 0;
	unsigned int digit;

	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
		digit = **p - '0';
		if (num > (UINT64_MAX - digit) / 10)
			return false;
		num = num * 10 + digit;
	}
	if (*p == start)
		return false;
	*num_r = num;
	return true;
}

bool lemo_check_imap_number(const char *resp, size_t len, const char *name,
			    uint64_t *num_r)
{
	const char *end = resp + len, *p = find(resp, len, name);

	if (p == NULL || p >= end || *p++ != ' ')
		return false;
	/* MODSEQ (n) */
	if (p < end && *p == '(')
		p++;
	return take_number(&p, end, num_r);
}

/* Sets *p behind the closing quote. */
static bool
take_quoted(const char **p, const char *end, struct lemo_buf *value)
{
	if (*p >= end || **p != '"')
		return false;
	for ((*p)++; *p < end && **p != '"'; (*p)++) {
		if (**p == '\\' && ++(*p) >= end)
			return false;
		lemo_buf_addc(value, **p);
	}
	return (*p)++ < end;
}

static bool
take_literal(const char **p, const char *end, struct lemo_buf *value)
{
	uint64_t size;

	if (*p < end && **p == '~')
		(*p)++;
	if (*p >= end || *(*p)++ != '{' || !take_number(p, end, &size) ||
	    end - *p < 3 || memcmp(*p, "}\r\n", 3) != 0)
		return false;
	*p += 3;
	if ((size_t)(end - *p) < size)
		return false;
	lemo_buf_add(value, *p, size);
	*p += size;
	return true;
}

bool lemo_check_imap_value(const char *resp, size_t len, const char *name,
			   struct lemo_buf *value)
{
	const char *end = resp + len, *p = find(resp, len, name);

	if (p == NULL || p >= end || *p++ != ' ' || p >= end)
		return false;
	return *p == '"' ? take_quoted(&p, end, value) :
		take_literal(&p, end, value);
}

static bool is_printable(const struct lemo_buf *buf)
{
	size_t i;

	for (i = 0; i < buf->len; i++) {
		if (buf->data[i] < ' ' || buf->data[i] > '~')
			return false;
	}
	return true;
}

bool lemo_check_imap_namespace(const char *resp, size_t len,
			       struct lemo_buf *prefix, char *separator_r)
{
	const char *end = resp + len, *p = find(resp, len, "NAMESPACE ((");
	struct lemo_buf separator;
	bool ok;

	if (p == NULL)
		return false;
	ok = p < end && *p == '"' ? take_quoted(&p, end, prefix) :
		take_literal(&p, end, prefix);
	if (!ok || !is_printable(prefix) || p >= end || *p++ != ' ')
		return false;
	lemo_buf_init(&separator, 8);
	ok = take_quoted(&p, end, &separator);
	*separator_r = ok && separator.len == 1 ? separator.data[0] : '\0';
	lemo_buf_free(&separator);
	return true;
}

bool lemo_check_imap_addto(const char *resp, size_t len, uint64_t *position_r,
			   uint64_t *uid_r)
{
	const char *end = resp + len, *p = find(resp, len, "ADDTO (");

	return p != NULL && take_number(&p, end, position_r) && p < end &&
		*p++ == ' ' && take_number(&p, end, uid_r);
}

void lemo_check_imap_url_mailbox(const char *mailbox, struct lemo_buf *buf)
{
	for (; *mailbox != '\0'; mailbox++) {
		if (strchr(LEMO_HOST_CHARS "_~/", *mailbox) != NULL)
			lemo_buf_addc(buf, *mailbox);
		else
			lemo_buf_addf(buf, "%%%02X", (unsigned char)*mailbox);
	}
}
