#include "unit.h"
#include "lemo-check.h"

static const char *const submit[] = {
	"8BITMIME", "AUTH", "BINARYMIME", "BURL imap", "CHUNKING", "DSN",
	"ENHANCEDSTATUSCODES", "PIPELINING", "SIZE", "STARTTLS", NULL
};
static const char *const store[] = {
	"BINARY", "CATENATE", "COMPRESS=DEFLATE", "CONDSTORE",
	"CONTEXT=SEARCH", "CONTEXT=SORT", "CONVERT", "ENABLE", "ESEARCH",
	"ESORT", "I18NLEVEL=1", "IDLE", "LITERAL+", "NAMESPACE", "NOTIFY",
	"QRESYNC", "SASL-IR", "SORT", "STARTTLS", "UIDPLUS", "URLAUTH",
	"URL-PARTIAL", "$Forwarded", "$SubmitPending", "$Submitted",
	LEMO_CHECK_GREETING, LEMO_CHECK_AFTER_LOGIN, NULL
};
static const char *const sieve[] = {
	"ENOTIFY", "IMAP4FLAGS", "RELATIONAL", "VACATION", "VARIABLES",
	"comparator-i;unicode-casemap", NULL
};

/* The rows of RFC 5550 are there, in its order, behind ours. */
static void check_table(enum lemo_check_table table, const char *name,
			const char *const *names, size_t ours)
{
	const struct lemo_check_row *rows;
	size_t i, count;

	assert_string_equal(lemo_check_table_name(table), name);
	rows = lemo_check_rows(table, &count);
	for (i = 0; names[i] != NULL; i++)
		assert_string_equal(rows[ours + i].name, names[i]);
	assert_int_equal(count, ours + i);
}

static void test_rfc5550(void **state)
{
	(void)state;
	check_table(LEMO_CHECK_SUBMIT, "3.1", submit, 2);
	check_table(LEMO_CHECK_STORE, "3.2", store, 3);
	check_table(LEMO_CHECK_SIEVE, "3.3", sieve, 2);
}

static void test_rows(void **state)
{
	const struct lemo_check_row *rows;
	size_t i, count;
	unsigned int table;

	(void)state;
	for (table = 0; table < LEMO_CHECK_TABLES; table++) {
		rows = lemo_check_rows(table, &count);
		for (i = 0; i < count; i++) {
			assert_row(i, lemo_check_row_find(table,
							  rows[i].name) == i);
			assert_row(i, rows[i].setting[0][0] != '\0');
			assert_row(i, rows[i].setting[1][0] != '\0');
		}
		assert_int_equal(lemo_check_row_find(table, "nothing"),
				 count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc5550),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
