#include "lemo-importance.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

static bool is_word(const char *value, const char *word)
{
	size_t len = strlen(word);

	value += strspn(value, " \t");
	return strncasecmp(value, word, len) == 0 &&
		value[len + strspn(value + len, " \t")] == '\0';
}

static unsigned int find_word(const char *value, const char *high,
			      const char *low)
{
	if (value == NULL)
		return 0;
	if (is_word(value, high))
		return LEMO_IMPORTANCE_HIGH;
	if (is_word(value, low))
		return LEMO_IMPORTANCE_LOW;
	return is_word(value, "normal") ? LEMO_IMPORTANCE_NORMAL : 0;
}

/* "1", "1 (Highest)" */
static unsigned int find_digit(const char *value)
{
	if (value == NULL)
		return 0;
	value += strspn(value, " \t");
	if (*value < '1' || *value > '5' ||
	    strchr(" \t(", value[1]) == NULL)
		return 0;
	return *value <= '2' ? LEMO_IMPORTANCE_HIGH :
		*value >= '4' ? LEMO_IMPORTANCE_LOW : LEMO_IMPORTANCE_NORMAL;
}

unsigned int lemo_importance(const char *importance, const char *priority,
			     const char *x_priority)
{
	unsigned int found = find_word(importance, "high", "low");

	if (found == 0)
		found = find_word(priority, "urgent", "non-urgent");
	if (found == 0)
		found = find_digit(x_priority);
	return found == 0 ? LEMO_IMPORTANCE_NORMAL : found;
}
