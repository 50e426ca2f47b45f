#include "unit.h"
#include "lemo-metadata-log.h"

#define SERVER "vendor/vendor.dovecot/pvt/server/"

/* Reads all of a record whose end nobody may pass. */
static unsigned int read_all(const char *data, size_t size,
			     struct lemo_metadata_change *changes,
			     unsigned int max, char **copy_r)
{
	struct lemo_metadata_log log;
	unsigned int n = 0;

	*copy_r = exact_copy(data, size);
	lemo_metadata_log_init(&log, *copy_r, size);
	while (n < max && lemo_metadata_log_next(&log, &changes[n]))
		n++;
	return n;
}

static void test_me_05_names_of_a_record(void **state)
{
	static const char data[] =
		"+scomment\0-p" SERVER "filters/values/x\0"
		"+s" SERVER "comment\0"
		/* NUL, padding, times and sizes */
		"\0\0\0\1\2\3\4\5\0\0\0";
	struct lemo_metadata_change c[8];
	char *copy;

	(void)state;
	assert_int_equal(read_all(data, sizeof(data) - 1, c, 8, &copy), 3);
	assert_string_equal(c[0].name, "comment");
	assert_false(c[0].is_private);
	assert_false(c[0].is_server);
	assert_string_equal(c[1].name, "filters/values/x");
	assert_true(c[1].is_private);
	assert_true(c[1].is_server);
	assert_string_equal(c[2].name, "comment");
	assert_true(c[2].is_server);
	free(copy);
}

static void test_me_05_dovecots_own_names(void **state)
{
	static const char data[] =
		"+pvendor/vendor.dovecot/pvt/imap-urlauth\0"
		"+pvendor/vendor.dovecot/pvt/lemonade/token/abc\0"
		"+p" SERVER "vendor/vendor.dovecot/pvt/sieve/default\0"
		"+p" SERVER "\0"
		"+pvendor/vendor.dovecot/http-notify\0\0\0";
	struct lemo_metadata_change c[8];
	char *copy;

	(void)state;
	assert_int_equal(read_all(data, sizeof(data) - 1, c, 8, &copy), 1);
	assert_string_equal(c[0].name, "vendor/vendor.dovecot/http-notify");
	free(copy);
}

static void test_me_05_bad_records(void **state)
{
	static const struct {
		const char *data;
		size_t size;
	} bad[] = {
		{ "", 0 }, { "\0", 1 }, { "+", 1 }, { "+s", 2 },
		{ "+s\0", 3 }, { "+sx", 3 }, { "*sx\0", 4 }, { "+qx\0", 4 },
		{ "\0+sx\0", 5 }
	};
	struct lemo_metadata_change c[2] = { { .name = "poison" } };
	unsigned int i;
	char *copy;

	(void)state;
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		assert_row(i, read_all(bad[i].data, bad[i].size, c, 2,
				       &copy) == 0);
		assert_row(i, strcmp(c[0].name, "poison") == 0);
		free(copy);
	}
}

static void test_me_03_keys(void **state)
{
	static const char *const good[] = {
		"comment", "x/y", "vendors", "vendor/vendor.lemon/x",
		"vendor/vendor.lemon/x/y", SERVER "comment",
		SERVER "vendor/vendor.lemon/x"
	};
	static const char *const bad[] = {
		"", "vendor", "vendor/vendor.lemon", SERVER,
		SERVER "vendor", SERVER "vendor/vendor.lemon"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++)
		assert_row(i, lemo_metadata_key_is_valid(good[i]));
	for (i = 0; i < N_ELEMENTS(bad); i++)
		assert_row(i, !lemo_metadata_key_is_valid(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_me_05_names_of_a_record),
		cmocka_unit_test(test_me_05_dovecots_own_names),
		cmocka_unit_test(test_me_05_bad_records),
		cmocka_unit_test(test_me_03_keys)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
