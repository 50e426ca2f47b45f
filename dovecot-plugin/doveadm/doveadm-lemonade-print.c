/* Answers of the notifier in doveadm's print formats. */

#include "lib.h"
#include "doveadm-lemonade.h"

void lemonade_print_headers(const struct lemonade_column *columns)
{
	for (; columns->key != NULL; columns++) {
		doveadm_print_header(columns->key, columns->title,
				     columns->flags);
	}
}

static void print_value(const struct lemonade_column *column,
			const char *value)
{
	uintmax_t num;

	if ((column->flags & DOVEADM_PRINT_HEADER_FLAG_NUMBER) == 0)
		doveadm_print(value == NULL ? "" : value);
	else if (value == NULL || str_to_uintmax(value, &num) < 0)
		doveadm_print_num(0);
	else
		doveadm_print_num(num);
}

void lemonade_print_row(const struct lemonade_column *columns,
			const char *const *fields)
{
	for (; columns->key != NULL; columns++) {
		print_value(columns,
			    lemonade_admin_value(fields, columns->key));
	}
}
