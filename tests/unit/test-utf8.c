#include "unit.h"
#include "lemo-utf8.h"

static bool valid(const char *str, size_t len)
{
	char *copy = exact_copy(str, len);
	bool ret = lemo_utf8_is_valid(copy, len);

	free(copy);
	return ret;
}

#define VALID(str) valid(str, sizeof(str) - 1)

static void test_ascii(void **state)
{
	char text[40];
	unsigned int i, len;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (len = 0; len < sizeof(text); len++)
		assert_row(len, valid(text, len));
	/* a NUL or a high octet is found wherever it stands */
	for (i = 0; i < sizeof(text); i++) {
		text[i] = '\0';
		assert_row(i, !valid(text, sizeof(text)));
		text[i] = (char)0x80;
		assert_row(i, !valid(text, sizeof(text)));
		text[i] = (char)0xff;
		assert_row(i, !valid(text, sizeof(text)));
		text[i] = 1;
		assert_row(i, valid(text, sizeof(text)));
		text[i] = 0x7f;
		assert_row(i, valid(text, sizeof(text)));
		text[i] = 'a';
	}
}

static void test_each_length(void **state)
{
	(void)state;
	assert_true(VALID("\xc2\x80"));         /* U+0080 */
	assert_true(VALID("\xdf\xbf"));         /* U+07FF */
	assert_true(VALID("\xe0\xa0\x80"));     /* U+0800 */
	assert_true(VALID("\xed\x9f\xbf"));     /* U+D7FF */
	assert_true(VALID("\xee\x80\x80"));     /* U+E000 */
	assert_true(VALID("\xef\xbf\xbf"));     /* U+FFFF */
	assert_true(VALID("\xf0\x90\x80\x80")); /* U+10000 */
	assert_true(VALID("\xf4\x8f\xbf\xbf")); /* U+10FFFF */
	assert_true(VALID("gr\xc3\xbc\xc3\x9f" "e, \xe6\x97\xa5\xe6\x9c\xac"));
}

static void test_malformed(void **state)
{
	static const char *const rows[] = {
		"\x80", "\xbf", "\xfe", "\xff",  /* no first octet */
		"\xc0\x80", "\xc1\xbf",          /* overlong, 2 */
		"\xe0\x80\x80", "\xe0\x9f\xbf",  /* overlong, 3 */
		"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80", "\xed\xbf\xbf",  /* surrogates */
		"\xf4\x90\x80\x80",              /* above U+10FFFF */
		"\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xc2", "\xe2\x82", "\xf0\x9f\x98", /* cut off */
		"\xc2" "a", "\xe2\x82" "a", "\xe2" "a\x80",
		"\xf0\x9f\x98" "a", "\xf0\x9f" "a\x80",
		"\xc2\xc2\x80", "\xe2\x82\xc3"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++)
		assert_row(i, !valid(rows[i], strlen(rows[i])));
}

static void test_nul(void **state)
{
	(void)state;
	assert_false(VALID("\0"));
	assert_false(VALID("a\0b"));
	assert_false(VALID("\xc3\xbc\0"));
	/* the modified UTF-8 of NUL is overlong */
	assert_false(VALID("\xc0\x80"));
}

static void test_malformed_behind_words(void **state)
{
	/* the fast path over ASCII must not swallow what follows */
	char text[24] = "0123456789abcdef0123456";

	(void)state;
	assert_true(valid(text, 23));
	memcpy(text + 15, "\xc3\xbc", 2);
	assert_true(valid(text, 23));
	text[16] = 'a';
	assert_false(valid(text, 23));
	memcpy(text + 15, "aa", 2);
	text[22] = (char)0xc3;
	assert_false(valid(text, 23));
}

static void test_cut(void **state)
{
	static const struct {
		const char *str;
		size_t max, len;
	} rows[] = {
		{ "", 0, 0 },
		{ "", 5, 0 },
		{ "abc", 0, 0 },
		{ "abc", 2, 2 },
		{ "abc", 3, 3 },
		{ "abc", 99, 3 },
		{ "a\xc3\xbc" "b", 1, 1 },
		{ "a\xc3\xbc" "b", 2, 1 },
		{ "a\xc3\xbc" "b", 3, 3 },
		{ "\xe6\x97\xa5", 1, 0 },
		{ "\xe6\x97\xa5", 2, 0 },
		{ "\xe6\x97\xa5", 3, 3 },
		{ "\xf0\x9f\x8d\x8b!", 3, 0 },
		{ "\xf0\x9f\x8d\x8b!", 4, 4 },
		{ "\xf0\x9f\x8d\x8b!", 5, 5 }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		size_t len = strlen(rows[i].str);
		char *copy = exact_copy(rows[i].str, len);

		assert_row(i, lemo_utf8_cut(copy, len, rows[i].max) ==
			   rows[i].len);
		assert_row(i, valid(copy, rows[i].len));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_each_length),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_malformed_behind_words),
		cmocka_unit_test(test_cut)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
