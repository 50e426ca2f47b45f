#include "unit.h"
#include "lemo-buf.h"

static void test_empty(void **state)
{
	struct lemo_buf buf;

	(void)state;
	poison(&buf, sizeof(buf));
	lemo_buf_init(&buf, 10);
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.max, 10);
	assert_false(buf.failed);
	lemo_buf_add(&buf, "", 0);
	lemo_buf_adds(&buf, "");
	lemo_buf_addf(&buf, "%s", "");
	assert_null(buf.data);
	lemo_buf_free(&buf);
}

static void test_add(void **state)
{
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 100);
	lemo_buf_add(&buf, "abc", 2);
	assert_string_equal(buf.data, "ab");
	lemo_buf_adds(&buf, "cd");
	lemo_buf_addc(&buf, 'e');
	lemo_buf_addf(&buf, "%u-%s", 7, "f");
	assert_string_equal(buf.data, "abcde7-f");
	assert_int_equal(buf.len, 8);
	lemo_buf_free(&buf);
}

static void test_octets(void **state)
{
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 100);
	lemo_buf_add(&buf, "a\0b", 3);
	assert_int_equal(buf.len, 3);
	assert_memory_equal(buf.data, "a\0b", 4);
	lemo_buf_free(&buf);
}

static void test_addu(void **state)
{
	static const struct {
		uint64_t num;
		const char *str;
	} rows[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ 10, "10" },
		{ 4294967295U, "4294967295" },
		{ UINT64_MAX, "18446744073709551615" }
	};
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	lemo_buf_init(&buf, 20);
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_reset(&buf);
		lemo_buf_addu(&buf, rows[i].num);
		assert_string_equal(buf.data, rows[i].str);
	}
	assert_false(buf.failed);
	lemo_buf_free(&buf);
}

static void test_cap(void **state)
{
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 5);
	lemo_buf_adds(&buf, "12345");
	assert_false(buf.failed);
	lemo_buf_addc(&buf, '6');
	assert_true(buf.failed);
	assert_string_equal(buf.data, "12345");
	/* once failed, even what would fit is ignored */
	buf.len = 0;
	lemo_buf_adds(&buf, "a");
	lemo_buf_addf(&buf, "%d", 1);
	lemo_buf_addu(&buf, 1);
	assert_int_equal(buf.len, 0);
	lemo_buf_free(&buf);
}

static void test_cap_by_one_large(void **state)
{
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 5);
	lemo_buf_add(&buf, "x", SIZE_MAX);
	assert_true(buf.failed);
	assert_null(buf.data);
	lemo_buf_reset(&buf);
	assert_false(buf.failed);
	lemo_buf_addf(&buf, "%s", "123456");
	assert_true(buf.failed);
	assert_int_equal(buf.len, 0);
	lemo_buf_free(&buf);
}

static void test_growth(void **state)
{
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	lemo_buf_init(&buf, 100000);
	for (i = 0; i < 100000; i++)
		lemo_buf_addc(&buf, 'a' + i % 26);
	assert_false(buf.failed);
	assert_int_equal(buf.len, 100000);
	assert_int_equal(strlen(buf.data), 100000);
	for (i = 0; i < 100000; i++) {
		if (buf.data[i] != (char)('a' + i % 26))
			break;
	}
	assert_int_equal(i, 100000);
	lemo_buf_addc(&buf, 'x');
	assert_true(buf.failed);
	lemo_buf_free(&buf);
}

static void test_reset_keeps_memory(void **state)
{
	struct lemo_buf buf;
	size_t size;

	(void)state;
	lemo_buf_init(&buf, 10000);
	lemo_buf_addf(&buf, "%5000d", 1);
	size = buf.size;
	assert_true(size > 5000);
	lemo_buf_reset(&buf);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf.size, size);
	assert_string_equal(buf.data, "");
	lemo_buf_free(&buf);
}

static void test_free_and_use_again(void **state)
{
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 3);
	lemo_buf_adds(&buf, "abcd");
	lemo_buf_free(&buf);
	assert_false(buf.failed);
	assert_int_equal(buf.max, 3);
	lemo_buf_adds(&buf, "abc");
	assert_string_equal(buf.data, "abc");
	lemo_buf_free(&buf);
	lemo_buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_addu),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_cap_by_one_large),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_reset_keeps_memory),
		cmocka_unit_test(test_free_and_use_again)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
