#include "unit.h"
#include "lemo-base64url.h"

/* RFC 4648 section 10, and the two characters that are base64url's own. */
static const struct {
	const char *octets, *text;
} vectors[] = {
	{ "", "" },
	{ "f", "Zg" },
	{ "fo", "Zm8" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg" },
	{ "fooba", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "-_-_" },
	{ "\xff", "_w" }
};

static void test_vectors(void **state)
{
	struct lemo_buf buf;
	char octets[8];
	size_t len;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(vectors); i++) {
		len = strlen(vectors[i].octets);
		lemo_buf_init(&buf, 8);
		lemo_base64url_add(&buf, vectors[i].octets, len);
		assert_string_equal(BUF_STR(&buf), vectors[i].text);
		assert_int_equal(buf.len, LEMO_BASE64URL_LEN(len));
		lemo_buf_free(&buf);
		poison(octets, sizeof(octets));
		assert_row(i, lemo_base64url_decode(vectors[i].text, octets,
						    len));
		assert_memory_equal(octets, vectors[i].octets, len);
		assert_row(i, is_poisoned(octets + len, sizeof(octets) - len));
	}
}

static void test_padding(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool ok;
	} rows[] = {
		{ "Zg==", 1, true },
		{ "Zm8=", 2, true },
		{ "Zg=", 1, false },
		{ "Zg===", 1, false },
		{ "Zm8==", 2, false },
		{ "Zm9v=", 3, false },
		{ "Zm9v====", 3, false },
		{ "=", 0, false },
		{ "Zg= ", 1, false }
	};
	char octets[4];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_base64url_decode(rows[i].text, octets,
						    rows[i].len) ==
			   rows[i].ok);
	}
}

static void test_decode_fails(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		/* too short, too long */
		{ "", 1 }, { "Z", 1 }, { "Zg", 2 }, { "Zm9", 3 },
		{ "Zm9vY", 4 }, { "Zm9v", 2 }, { "Zm9vYg", 3 }, { "Zg", 0 },
		/* others' alphabet */
		{ "+_-_", 3 }, { "-/-_", 3 }, { "Zm9 ", 3 }, { "Z.9v", 3 },
		{ "Zm\n9v", 3 }, { "Zm9\xff", 3 }, { "=m9v", 3 },
		/* spare bits: another spelling of what is written without */
		{ "Zh", 1 }, { "Zm9", 2 }, { "Zv", 1 }
	};
	char octets[8];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(octets, sizeof(octets));
		assert_row(i, !lemo_base64url_decode(rows[i].text, octets,
						     rows[i].len));
		assert_row(i, is_poisoned(octets, sizeof(octets)));
	}
}

static void test_all_octets(void **state)
{
	uint8_t octets[256], again[256];
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(octets); i++)
		octets[i] = i * 7;
	lemo_buf_init(&buf, 1000);
	lemo_base64url_add(&buf, octets, sizeof(octets));
	assert_true(lemo_base64url_decode(buf.data, again, sizeof(again)));
	assert_memory_equal(octets, again, sizeof(again));
	lemo_buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_decode_fails),
		cmocka_unit_test(test_all_octets)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
