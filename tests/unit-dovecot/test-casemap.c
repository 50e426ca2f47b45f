#include "lib.h"
#include "test-common.h"
#include "casemap.h"

/* expected: the sign of the comparison */
static const struct {
	const char *a, *b;
	int expected;
} compare_tests[] = {
	{ "", "", 0 },
	{ "a", "", 1 },
	{ "abc", "ABC", 0 },
	{ "abc", "ABCD", -1 },
	{ "äöü", "ÄÖÜ", 0 },
	{ "ЖИЗНЬ", "жизнь", 0 },
	{ "Ὀδυσσεύς", "ὀΔΥΣΣΕΎΣ", 0 },
	/* composed and decomposed; ligatures are decomposed too */
	{ "\xC3\xA9", "E\xCC\x81", 0 },
	{ "\xEF\xAC\x81n", "fin", 1 },
	{ "\xE2\x84\xAA", "K", 0 },
	/* RFC 5051 knows no folding: one character does not become two */
	{ "straße", "STRASSE", 1 },
	{ "z", "ä", 1 },
	/* no UTF-8: octets; another string is still prepared */
	{ "a\xFF", "a\xFF", 0 },
	{ "a\xFF", "A\xFF", 1 },
	{ "a\xFF", "a\xFE", 1 },
	{ "\xFF", "\xEF\xBF\xBD", 1 },
	{ "\xC3", "\xC3\xA4", 1 },
};

static int sign(int n)
{
	return n < 0 ? -1 : n > 0;
}

static void test_casemap_compare_df_03(void)
{
	unsigned int i;

	test_begin("casemap: compare (DF-03)");
	for (i = 0; i < N_ELEMENTS(compare_tests); i++) {
		const char *a = compare_tests[i].a, *b = compare_tests[i].b;
		int expected = compare_tests[i].expected;

		test_assert_idx(sign(casemap_compare(a, strlen(a),
						     b, strlen(b))) ==
				expected, i);
		test_assert_idx(sign(casemap_compare(b, strlen(b),
						     a, strlen(a))) ==
				-expected, i);
	}
	test_assert(casemap_compare("a\0b", 3, "A\0B", 3) == 0);
	test_assert(casemap_compare("a\0b", 3, "A\0C", 3) < 0);
	test_end();
}

/* size: of the value's part; NONE if it does not begin with the key */
#define NONE SIZE_MAX

static const struct {
	const char *val, *key;
	size_t size;
} begins_tests[] = {
	{ "", "", 0 },
	{ "abc", "", 0 },
	{ "abc", "AB", 2 },
	{ "abc", "B", NONE },
	{ "ab", "abc", NONE },
	{ "äöü", "ÄÖ", 4 },
	/* typed composed, written decomposed */
	{ "e\xCC\x81t\xC3\xA9", "\xC3\x89T", 4 },
	/* the other way round :matches would go astray */
	{ "\xC3\xA9t", "e\xCC\x81", NONE },
	{ "I", "\xC4\xB1", NONE },
	{ "\xC4\xB1", "I", 2 },
	/* as decomposed strings, one begins with the other */
	{ "über", "u", 2 },
	{ "über", "ub", NONE },
	/* no UTF-8 */
	{ "\xFFx", "\xFFX", 2 },
	{ "\xFF", "\xFE", NONE },
	{ "\xFF", "\xEF\xBF\xBD", NONE },
	{ "\xC3", "\xC3\xA4", NONE },
	{ "\xC3\xA4", "\xC3", NONE },
	{ "\xA4x", "\xA4", 1 },
};

static void test_casemap_begins_df_03(void)
{
	unsigned int i;

	test_begin("casemap: begins (DF-03)");
	for (i = 0; i < N_ELEMENTS(begins_tests); i++) {
		const char *val = begins_tests[i].val;
		const char *key = begins_tests[i].key;
		size_t size = NONE;
		bool begins = casemap_begins((const void *)val, strlen(val),
					     (const void *)key, strlen(key),
					     &size);

		test_assert_idx(begins == (begins_tests[i].size != NONE), i);
		test_assert_idx(size == begins_tests[i].size, i);
	}
	test_end();
}

/* What :matches relies on, for any octets: not beyond the value, not shorter
   than the key. */
static void test_casemap_hostile(void)
{
	unsigned char val[4], key[3];
	size_t size;
	unsigned int i, n;

	test_begin("casemap: any octets");
	for (i = 0; i < 200000; i++) {
		for (n = 0; n < sizeof(val); n++)
			val[n] = i_rand_limit(2) == 0 ? i_rand_limit(256) :
				i_rand_minmax(0xBE, 0xC6);
		for (n = 0; n < sizeof(key); n++)
			key[n] = i_rand_limit(2) == 0 ? val[n] ^ 0x20 : val[n];
		n = i_rand_limit(sizeof(key) + 1);
		if (casemap_begins(val, sizeof(val), key, n, &size))
			test_assert(size >= n && size <= sizeof(val));
	}
	test_end();
}

int main(void)
{
	static void (*const tests[])(void) = {
		test_casemap_compare_df_03,
		test_casemap_begins_df_03,
		test_casemap_hostile,
		NULL
	};

	return test_run(tests);
}
