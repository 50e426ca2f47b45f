#include "lemo-check-conf.h"

#include <ctype.h>
#include <string.h>

#include "lemo-banned.h"

#define ABI_MARK ".ABIv"
/* Longest version that is looked at. */
#define ABI_MAX 63
#define ABI_CHARS "0123456789.ABIv"

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

/* The line "name = ..." or "name {" at the outer level, behind the name. */
static const char *find_line(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; *text != '\0'; text = next_line(text)) {
		if (strncmp(text, name, len) == 0 && text[len] == ' ')
			return text + len + 1;
	}
	return NULL;
}

bool lemo_check_conf_value(const char *text, const char *name,
			   struct lemo_buf *value)
{
	const char *line = find_line(text, name);

	if (line == NULL || *line != '=')
		return false;
	line++;
	if (*line == ' ')
		line++;
	lemo_buf_add(value, line, strcspn(line, "\n"));
	return true;
}

static bool value_has(const char *value, const char *word)
{
	size_t len, word_len = strlen(word);

	while (*value != '\0' && *value != '\n') {
		value += strspn(value, " ,");
		len = strcspn(value, " ,\n");
		if (len == word_len && len > 0 &&
		    memcmp(value, word, len) == 0)
			return true;
		value += len;
	}
	return false;
}

static int block_has(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (; *line != '\0' && *line != '}'; line = next_line(line)) {
		line += strspn(line, " ");
		if (strncmp(line, word, len) == 0 &&
		    strncmp(line + len, " = ", 3) == 0)
			return strncmp(line + len + 3, "yes", 3) == 0 ? 1 : -1;
	}
	return 0;
}

int lemo_check_conf_has(const char *text, const char *name, const char *word)
{
	const char *line = find_line(text, name);

	if (line == NULL)
		return 0;
	if (*line == '{')
		return block_has(next_line(line), word);
	return *line == '=' && value_has(line + 1, word) ? 1 : 0;
}

bool lemo_check_conf_has_block(const char *text, const char *name)
{
	const char *line = find_line(text, name);

	if (line == NULL || *line != '{')
		return false;
	line = next_line(line);
	return *line != '\0' && *line != '}';
}

static bool is_abi_char(char c)
{
	return c != '\0' && strchr(ABI_CHARS, c) != NULL;
}

/* The version around a mark at data[at]. */
static size_t
abi_at(const char *data, size_t size, size_t at, const char **abi_r)
{
	size_t start = at, end = at + strlen(ABI_MARK);

	while (start > 0 && isdigit((unsigned char)data[start - 1]))
		start--;
	if (start == at || start == 0 || data[start - 1] != '.')
		return 0;
	for (start--; start > 0 && isdigit((unsigned char)data[start - 1]); )
		start--;
	while (end < size && end - start < ABI_MAX && is_abi_char(data[end]))
		end++;
	*abi_r = data + start;
	return end - start;
}

bool lemo_check_module_abi(const char *data, size_t size, const char *wanted,
			   struct lemo_buf *abi)
{
	size_t i, len, wanted_len = strcspn(wanted, "(");
	const char *found;

	for (i = 0; i + strlen(ABI_MARK) <= size; i++) {
		if (memcmp(data + i, ABI_MARK, strlen(ABI_MARK)) != 0)
			continue;
		len = abi_at(data, size, i, &found);
		if (len == 0)
			continue;
		if (abi->len == 0)
			lemo_buf_add(abi, found, len);
		if (len == wanted_len && memcmp(found, wanted, len) == 0)
			return true;
	}
	return false;
}
