#include "unit.h"
#include "lemo-named-filter.h"

static void test_fi_10_names(void **state)
{
	static const char *const good[] = {
		"on-the-road", "x", "A.b_c", "1", "a[b", "$!#&'+,-.:;<=>?@^_`|}~"
	};
	static const char *const bad[] = {
		"", " ", "a b", "a/b", "/", "a(", "a)", "a{", "a%", "a*", "a\"",
		"a\\", "a]", "a\tb", "a\x7f", "gr\xc3\xbcn", "a\r\n"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++) {
		assert_row(i, lemo_named_filter_name_is_valid(
			good[i], strlen(good[i])));
	}
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		assert_row(i, !lemo_named_filter_name_is_valid(
			bad[i], strlen(bad[i])));
	}
	assert_false(lemo_named_filter_name_is_valid("a\0b", 3));
}

static void test_fi_10_name_length(void **state)
{
	char name[LEMO_NAMED_FILTER_NAME_MAX + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_true(lemo_named_filter_name_is_valid(name, sizeof(name) - 1));
	assert_false(lemo_named_filter_name_is_valid(name, sizeof(name)));
}

static int check(const char *value, size_t len, const char **error_r,
		 size_t *pos_r)
{
	char *copy = exact_copy(value, len);
	int ret = lemo_named_filter_check(copy, len, error_r, pos_r);

	free(copy);
	return ret;
}

static void test_fi_07_values(void **state)
{
	static const char *const good[] = {
		"ALL", "OR SMALLER 5000 FROM \"boss@example.com\"",
		"(OR (FROM a) (FROM b)) UNSEEN", "SUBJECT \"a)b(c\"",
		"SUBJECT \"a\\\"b\\\\\"", "SUBJECT {3}\r\na)(",
		"SUBJECT {0+}\r\n UNSEEN", "SUBJECT {4}\r\na\r\nb",
		("SUBJECT \"gr\xc3\xbc\xc3\x9f" "e\""),
		"SUBJECT {2}\r\n\xc3\xbc", "UID 1:*", "OR SMALLER", "FILTER x"
	};
	const char *error;
	unsigned int i;
	size_t pos;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++) {
		assert_row(i, check(good[i], strlen(good[i]), &error,
				    &pos) == 0);
	}
}

static void test_fi_07_bad_values(void **state)
{
	static const struct {
		const char *value;
		size_t pos;
		const char *word;
	} bad[] = {
		{ "", 0, "empty" },
		{ "SUBJECT \xff", 0, "UTF-8" },
		{ "SUBJECT \xc3", 0, "UTF-8" },
		{ "ALL) (DELETED", 4, "without" },
		{ "(ALL", 4, "not closed" },
		{ "FROM \"x", 7, "string" },
		{ "FROM \"x\\", 8, "string" },
		{ "FROM \"x\r\ny\"", 7, "string" },
		{ "ALL\r\nDELETED", 4, "control" },
		{ "ALL\tDELETED", 4, "control" },
		{ "ALL\x7f", 4, "control" },
		{ "FROM {}\r\n", 6, "malformed" },
		{ "FROM {1}", 7, "malformed" },
		{ "FROM {1}\n\r", 7, "malformed" },
		{ "FROM {1-}\r\na", 7, "malformed" },
		{ "FROM {2}\r\na", 10, "short" },
		{ "FROM {18446744073709551617}\r\na", 29, "short" }
	};
	const char *error;
	unsigned int i;
	size_t pos;

	(void)state;
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		assert_row(i, check(bad[i].value, strlen(bad[i].value),
				    &error, &pos) < 0);
		assert_row(i, strstr(error, bad[i].word) != NULL);
		assert_row(i, pos == bad[i].pos);
	}
	assert_true(check("ALL\0", 4, &error, &pos) < 0);
	assert_non_null(strstr(error, "UTF-8"));
}

static void test_fi_07_good_leaves_the_error_alone(void **state)
{
	const char *error;
	size_t pos;

	(void)state;
	poison(&error, sizeof(error));
	poison(&pos, sizeof(pos));
	assert_int_equal(check("ALL", 3, &error, &pos), 0);
	assert_true(is_poisoned(&error, sizeof(error)));
	assert_true(is_poisoned(&pos, sizeof(pos)));
}

static void test_sc_14_value_is_bounded(void **state)
{
	char value[LEMO_NAMED_FILTER_SIZE_MAX + 1];
	const char *error;
	size_t pos, n;

	(void)state;
	memset(value, 'x', sizeof(value));
	assert_int_equal(check(value, sizeof(value) - 1, &error, &pos), 0);
	assert_true(check(value, sizeof(value), &error, &pos) < 0);
	n = LEMO_NAMED_FILTER_LISTS_MAX;
	memset(value, '(', n + 1);
	memset(value + n, ')', n);
	assert_int_equal(check(value, 2 * n, &error, &pos), 0);
	memset(value, '(', n + 1);
	memset(value + n + 1, ')', n + 1);
	assert_true(check(value, 2 * (n + 1), &error, &pos) < 0);
	assert_int_equal(pos, n + 1);
}

static void test_fi_06_depth_and_loops(void **state)
{
	static const char *const names[] = {
		"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"
	};
	struct lemo_filter_walk walk = { .depth = 0 };
	unsigned int i;

	(void)state;
	assert_int_equal(N_ELEMENTS(names), LEMO_NAMED_FILTER_DEPTH_MAX);
	for (i = 0; i < N_ELEMENTS(names); i++) {
		assert_row(i, lemo_filter_walk_enter(&walk, names[i]));
		assert_row(i, !lemo_filter_walk_enter(&walk, names[i]));
		assert_row(i, !lemo_filter_walk_enter(&walk, names[0]));
	}
	assert_false(lemo_filter_walk_enter(&walk, "k"));
	lemo_filter_walk_leave(&walk);
	/* side by side it is no loop */
	assert_true(lemo_filter_walk_enter(&walk, names[i - 1]));
	while (walk.depth > 0)
		lemo_filter_walk_leave(&walk);
	assert_true(lemo_filter_walk_enter(&walk, names[0]));
}

/* Filters that name two filters that name two, and so on. */
static unsigned int fan_out(struct lemo_filter_walk *walk, char letter)
{
	const char name[] = { letter, '\0' };
	unsigned int count = 1;

	if (!lemo_filter_walk_enter(walk, name))
		return 0;
	count += fan_out(walk, letter + 1);
	count += fan_out(walk, letter + 1);
	lemo_filter_walk_leave(walk);
	return count;
}

static void test_sc_14_fan_out_is_bounded(void **state)
{
	struct lemo_filter_walk walk = { .depth = 0 };

	(void)state;
	assert_int_equal(fan_out(&walk, 'a'), LEMO_NAMED_FILTER_USES_MAX);
	assert_int_equal(walk.depth, 0);
	assert_false(lemo_filter_walk_enter(&walk, "x"));
}

static void test_sc_14_octets_are_bounded(void **state)
{
	struct lemo_filter_walk walk = { .depth = 0 };

	(void)state;
	assert_false(lemo_filter_walk_add(&walk,
					  LEMO_NAMED_FILTER_OCTETS_MAX + 1));
	assert_false(lemo_filter_walk_add(&walk, SIZE_MAX));
	assert_true(lemo_filter_walk_add(&walk,
					 LEMO_NAMED_FILTER_OCTETS_MAX));
	assert_true(lemo_filter_walk_add(&walk, 0));
	assert_false(lemo_filter_walk_add(&walk, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fi_10_names),
		cmocka_unit_test(test_fi_10_name_length),
		cmocka_unit_test(test_fi_07_values),
		cmocka_unit_test(test_fi_07_bad_values),
		cmocka_unit_test(test_fi_07_good_leaves_the_error_alone),
		cmocka_unit_test(test_sc_14_value_is_bounded),
		cmocka_unit_test(test_fi_06_depth_and_loops),
		cmocka_unit_test(test_sc_14_fan_out_is_bounded),
		cmocka_unit_test(test_sc_14_octets_are_bounded)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
