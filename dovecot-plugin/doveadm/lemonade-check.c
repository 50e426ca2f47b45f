#include "lib.h"
#include "base64.h"
#include "safe-memset.h"
#include "str.h"
#include "str-sanitize.h"
#include "lemonade-check.h"

#define QUOTE_MAX 160

struct lemonade_check_result *
lemonade_check_result(struct lemonade_check *check,
		      enum lemo_check_table table, const char *name)
{
	size_t count, i = lemo_check_row_find(table, name);

	(void)lemo_check_rows(table, &count);
	i_assert(i < count);
	return &check->results[table][i];
}

void lemonade_check_set(struct lemonade_check *check,
			enum lemo_check_table table, const char *name,
			bool works, const char *why)
{
	struct lemonade_check_result *result =
		lemonade_check_result(check, table, name);

	result->works = works ? LEMONADE_CHECK_YES : LEMONADE_CHECK_NO;
	result->why = works ? NULL : p_strdup(check->pool, why);
}

void lemonade_check_not_tried(struct lemonade_check *check,
			      enum lemo_check_table table, const char *why)
{
	struct lemonade_check_result *result;
	size_t i, count;

	(void)lemo_check_rows(table, &count);
	for (i = 0; i < count; i++) {
		result = &check->results[table][i];
		if (result->works == LEMONADE_CHECK_UNKNOWN &&
		    result->why == NULL) {
			result->why = p_strconcat(check->pool, "not tried: ",
						  why, NULL);
		}
	}
}

const char *lemonade_check_quote(struct lemonade_check *check,
				 const char *text)
{
	/* a server may repeat what it was told */
	if (*check->password != '\0' && strstr(text, check->password) != NULL)
		return "(the answer has the password in it)";
	/* clean text comes back as it is, and lives no longer than before */
	return t_strdup(str_sanitize(text, QUOTE_MAX));
}

char *lemonade_check_plain(const struct lemonade_check *check,
			   const struct lemo_check_url *url)
{
	bool other = url->user[0] != '\0' &&
		strcmp(url->user, check->user) != 0;
	string_t *plain = t_str_new(512);
	char *encoded;

	if (other)
		str_append(plain, check->user);
	str_append_c(plain, '\0');
	str_append(plain, other ? url->user : check->user);
	str_append_c(plain, '\0');
	str_append(plain, check->password);
	encoded = str_c_modifiable(t_base64_encode(0, SIZE_MAX,
						   str_data(plain),
						   str_len(plain)));
	safe_memset(str_c_modifiable(plain), 0, str_len(plain));
	return encoded;
}
