#include "unit.h"
#include "lemo-presence.h"

#define LINE "PRESENCE\tyou@lemo.test\tsession1\t192.0.2.1"

static void check_encoded(const struct lemo_presence *presence,
			  const char *expected)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, LEMO_PRESENCE_LINE_MAX);
	lemo_presence_encode(presence, &buf);
	assert_string_equal(BUF_STR(&buf), expected);
	lemo_buf_free(&buf);
}

static void test_decode(void **state)
{
	char line[] = LINE "\tphone\ttab.let_2-x";
	struct lemo_presence presence;
	const char *error;

	(void)state;
	assert_int_equal(lemo_presence_decode(line, strlen(line), &presence,
					      &error), 0);
	assert_string_equal(presence.user, "you@lemo.test");
	assert_string_equal(presence.session, "session1");
	assert_string_equal(presence.client_ip, "192.0.2.1");
	assert_int_equal(presence.devices_count, 2);
	assert_string_equal(presence.devices[0], "phone");
	assert_string_equal(presence.devices[1], "tab.let_2-x");
	assert_true(lemo_presence_has_device(&presence, "phone"));
	assert_false(lemo_presence_has_device(&presence, "phon"));
	assert_false(lemo_presence_has_device(&presence, ""));
	check_encoded(&presence, LINE "\tphone\ttab.let_2-x\n");
}

static void test_decode_without_device(void **state)
{
	char line[] = "PRESENCE\tyou\ts\t";
	struct lemo_presence presence;
	const char *error;

	(void)state;
	assert_int_equal(lemo_presence_decode(line, strlen(line), &presence,
					      &error), 0);
	assert_string_equal(presence.client_ip, "");
	assert_int_equal(presence.devices_count, 0);
	check_encoded(&presence, "PRESENCE\tyou\ts\t\n");
}

static void test_escapes(void **state)
{
	struct lemo_presence presence = {
		.user = "a\tb", .session = "\001\r\n", .client_ip = "::1"
	};
	char line[] = "PRESENCE\ta\001tb\t\0011\001r\001n\t::1";
	struct lemo_presence again;
	const char *error;

	(void)state;
	check_encoded(&presence, "PRESENCE\ta\001tb\t\0011\001r\001n\t::1\n");
	assert_int_equal(lemo_presence_decode(line, strlen(line), &again,
					      &error), 0);
	assert_string_equal(again.user, "a\tb");
	assert_string_equal(again.session, "\001\r\n");
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *error;
	} rows[] = {
		{ "", "not a PRESENCE line" },
		{ "PRESENCE", "not a PRESENCE line" },
		{ "PRESENCES\tyou\ts\t::1", "not a PRESENCE line" },
		{ "presence\tyou\ts\t::1", "not a PRESENCE line" },
		{ "PRESENCE\t", "too few values" },
		{ "PRESENCE\tyou\ts", "too few values" },
		{ "PRESENCE\t\ts\t::1", "bad user" },
		{ "PRESENCE\tyou\t\t::1", "bad session" },
		{ "PRESENCE\tyou\001\ts\t::1", "bad escape" },
		{ "PRESENCE\tyou\001x\ts\t::1", "bad escape" },
		{ LINE "\t", "bad device" },
		{ LINE "\tphone\t", "bad device" },
		{ LINE "\tPhone", "bad device" },
		{ LINE "\tph/one", "bad device" },
		{ LINE "\tph\001tone", "bad device" },
		{ LINE "\tphone\001", "bad device" },
		{ LINE "\tphone\ta\tphone", "doubled device or too many" },
		{ LINE "\ta\tb\tc\td\te\tf\tg\th\ti\tj\tk",
		  "doubled device or too many" }
	};
	struct lemo_presence presence;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		size_t len = strlen(rows[i].line);
		char *line = exact_copy(rows[i].line, len + 1);

		poison(&presence, sizeof(presence));
		assert_row(i, lemo_presence_decode(line, len, &presence,
						   &error) == -1);
		assert_row(i, strcmp(error, rows[i].error) == 0);
		assert_row(i, is_poisoned(&presence, sizeof(presence)));
		free(line);
	}
}

/* Of each value as many octets as there may be, and one more. */
static void test_lengths(void **state)
{
	static const struct {
		const char *before, *behind, *error;
		size_t max;
	} rows[] = {
		{ "PRESENCE\t", "\ts\t::1", "bad user", LEMO_USER_MAX },
		{ "PRESENCE\tyou\t", "\t::1", "bad session",
		  LEMO_SESSION_MAX },
		{ "PRESENCE\tyou\ts\t", "", "bad client address",
		  LEMO_CLIENT_IP_MAX },
		{ LINE "\t", "", "bad device", LEMO_DEVICE_NAME_MAX }
	};
	char line[1000], a[300];
	struct lemo_presence presence;
	const char *error;
	unsigned int i, more;
	int ret;

	(void)state;
	memset(a, 'a', sizeof(a));
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		for (more = 0; more < 2; more++) {
			(void)snprintf(line, sizeof(line), "%s%.*s%s",
				       rows[i].before,
				       (int)(rows[i].max + more), a,
				       rows[i].behind);
			ret = lemo_presence_decode(line, strlen(line),
						   &presence, &error);
			assert_row(i, ret == -(int)more);
		}
		assert_row(i, strcmp(error, rows[i].error) == 0);
	}
}

static void test_long_line(void **state)
{
	static char line[LEMO_PRESENCE_LINE_MAX + 2];
	struct lemo_presence presence;
	const char *error;

	(void)state;
	memset(line, 'a', LEMO_PRESENCE_LINE_MAX + 1);
	memcpy(line, "PRESENCE\t", 9);
	assert_int_equal(lemo_presence_decode(line, LEMO_PRESENCE_LINE_MAX + 1,
					      &presence, &error), -1);
	assert_string_equal(error, "too long");
}

static void test_nul(void **state)
{
	char line[] = "PRESENCE\tyo\0u\ts\t::1";
	struct lemo_presence presence;
	const char *error;

	(void)state;
	assert_int_equal(lemo_presence_decode(line, sizeof(line) - 1,
					      &presence, &error), -1);
	assert_string_equal(error, "bad escape");
}

static void test_add_device(void **state)
{
	static const char *const names[] = {
		"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"
	};
	struct lemo_presence presence = { .user = "you" };
	unsigned int i;

	(void)state;
	assert_int_equal(N_ELEMENTS(names), LEMO_DEVICES_MAX);
	for (i = 0; i < N_ELEMENTS(names); i++) {
		assert_true(lemo_presence_add_device(&presence, names[i]));
		assert_false(lemo_presence_add_device(&presence, names[i]));
	}
	assert_false(lemo_presence_add_device(&presence, "k"));
	assert_int_equal(presence.devices_count, LEMO_DEVICES_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_decode_without_device),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_add_device)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
