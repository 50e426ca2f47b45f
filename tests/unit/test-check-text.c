#include "unit.h"
#include "lemo-check-text.h"

static void test_sieve_line(void **state)
{
	static const struct {
		const char *line;
		enum lemo_check_sieve_line kind;
	} rows[] = {
		{ "OK", LEMO_CHECK_SIEVE_OK },
		{ "ok \"done\"", LEMO_CHECK_SIEVE_OK },
		{ "OK (WARNINGS) \"x\"", LEMO_CHECK_SIEVE_OK },
		{ "NO {5} text", LEMO_CHECK_SIEVE_NO },
		{ "BYE \"x\"", LEMO_CHECK_SIEVE_BYE },
		{ "OKAY", LEMO_CHECK_SIEVE_DATA },
		{ "\"SIEVE\" \"fileinto\"", LEMO_CHECK_SIEVE_DATA },
		{ "\"OK\"", LEMO_CHECK_SIEVE_DATA },
		{ "", LEMO_CHECK_SIEVE_DATA },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_check_sieve_line(rows[i].line,
			strlen(rows[i].line)) == rows[i].kind);
	}
}

static void test_sieve_capability(void **state)
{
	static const struct {
		const char *line, *value;
	} rows[] = {
		{ "\"SIEVE\" \"fileinto enotify\"", "fileinto enotify" },
		{ "\"sieve\" \"a\\\"b\"", "a\\\"b" },
		{ "\"SIEVE\"", "" },
		{ "\"SIEVE\" \"x", "" },
		{ "\"SIEVE", NULL },
		{ "\"SIEVE\\", NULL },
		{ "\"SIEVEX\" \"x\"", NULL },
		{ "SIEVE \"x\"", NULL },
		{ "", NULL },
	};
	const char *value;
	char *copy;
	size_t len;
	unsigned int i;
	bool found;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		len = strlen(rows[i].line);
		copy = exact_copy(rows[i].line, len);
		found = lemo_check_sieve_capability(copy, len, "SIEVE",
						    &value, &len);
		assert_row(i, found == (rows[i].value != NULL));
		if (found) {
			assert_row(i, len == strlen(rows[i].value));
			assert_row(i, memcmp(value, rows[i].value, len) == 0);
		}
		free(copy);
	}
}

static void test_smtp_line(void **state)
{
	static const struct {
		const char *line;
		unsigned int code;
		bool last;
		const char *text;
	} rows[] = {
		{ "250-SIZE 10", 250, false, "SIZE 10" },
		{ "250 2.0.0 OK", 250, true, "2.0.0 OK" },
		{ "250", 250, true, "" },
		{ "250 ", 250, true, "" },
		{ "599-", 599, false, "" },
		{ "199 x", 0, false, "" },
		{ "600 x", 0, false, "" },
		{ "25", 0, false, "" },
		{ "2500", 0, false, "" },
		{ "2x0 y", 0, false, "" },
		{ "* OK", 0, false, "" },
		{ "", 0, false, "" },
	};
	struct lemo_check_smtp_line line;
	unsigned int i;
	int ret;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		ret = lemo_check_smtp_line(rows[i].line, strlen(rows[i].line),
					   &line);
		assert_row(i, ret == (rows[i].code == 0 ? -1 : 0));
		if (ret < 0)
			continue;
		assert_row(i, line.code == rows[i].code);
		assert_row(i, line.last == rows[i].last);
		assert_row(i, line.text_len == strlen(rows[i].text));
		assert_row(i, memcmp(line.text, rows[i].text,
				     line.text_len) == 0);
	}
}

static void test_smtp_keyword(void **state)
{
	static const struct {
		const char *text, *keyword, *arg;
		bool has;
	} rows[] = {
		{ "BURL imap", "burl", "imap", true },
		{ "BURL imap://h imap", "BURL", "imap", true },
		{ "BURL imap://h", "BURL", "imap", false },
		{ "BURL", "BURL", "imap", false },
		{ "SIZE 10", "SIZE", NULL, true },
		{ "SIZE", "SIZE", NULL, true },
		{ "SIZED", "SIZE", NULL, false },
		{ "SIZ", "SIZE", NULL, false },
		{ "", "SIZE", NULL, false },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_check_smtp_keyword(rows[i].text,
			strlen(rows[i].text), rows[i].keyword, rows[i].arg) ==
			rows[i].has);
	}
}

static void test_smtp_enhanced(void **state)
{
	static const struct {
		const char *line;
		bool has;
	} rows[] = {
		{ "250 2.1.0 OK", true },
		{ "550-5.7.123 no", true },
		{ "250 2.1.0", true },
		{ "250 5.1.0 OK", false },
		{ "250 2.1 OK", false },
		{ "250 2.1.", false },
		{ "250 2", false },
		{ "250 2.1.0x", false },
		{ "250 2.1000.0 x", false },
		{ "250 OK", false },
		{ "250", false },
	};
	struct lemo_check_smtp_line line;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_check_smtp_line(rows[i].line,
			strlen(rows[i].line), &line) == 0);
		assert_row(i, lemo_check_smtp_enhanced(&line) == rows[i].has);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sieve_line),
		cmocka_unit_test(test_sieve_capability),
		cmocka_unit_test(test_smtp_line),
		cmocka_unit_test(test_smtp_keyword),
		cmocka_unit_test(test_smtp_enhanced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
