#include "unit.h"
#include "lemo-check-imap.h"

/* Octets of a response, which may have NUL in it. */
#define RESP(text) text, sizeof(text) - 1

static void test_literal(void **state)
{
	static const struct {
		const char *line;
		bool is;
		uint32_t size;
	} rows[] = {
		{ "* 1 FETCH (BODY[] {12}", true, 12 },
		{ "x {0}", true, 0 },
		{ "x {3+}", true, 3 },
		{ "x ~{4294967295}", true, UINT32_MAX },
		{ "x ~{4294967296}", false, 0 },
		{ "x {99999999999999999999999}", false, 0 },
		{ "{5}", true, 5 },
		{ "", false, 0 },
		{ "}", false, 0 },
		{ "{}", false, 0 },
		{ "{+}", false, 0 },
		{ "x 5}", false, 0 },
		{ "55}", false, 0 },
		{ "x {5} ", false, 0 },
		{ "x {-5}", false, 0 },
	};
	uint32_t size;
	unsigned int i;
	char *copy;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		copy = exact_copy(rows[i].line, strlen(rows[i].line));
		size = 4711;
		assert_row(i, lemo_check_imap_literal(copy,
			strlen(rows[i].line), &size) == rows[i].is);
		assert_row(i, size == (rows[i].is ? rows[i].size : 4711));
		free(copy);
	}
}

static void test_words(void **state)
{
	static const char list[] = "IMAP4rev1  SASL-IR URLAUTH=BINARY x";

	(void)state;
	assert_true(lemo_check_imap_has_word(RESP(list), "imap4REV1"));
	assert_true(lemo_check_imap_has_word(RESP(list), "x"));
	assert_true(lemo_check_imap_has_word(RESP(list), "SASL-IR"));
	/* no part of a word */
	assert_false(lemo_check_imap_has_word(RESP(list), "URLAUTH"));
	assert_false(lemo_check_imap_has_word(RESP(list), "IR"));
	assert_false(lemo_check_imap_has_word(RESP(list), ""));
	assert_false(lemo_check_imap_has_word("", 0, "x"));
	assert_true(lemo_check_imap_has(RESP("a\0NoUpdate "), "NOUPDATE"));
	assert_false(lemo_check_imap_has("NOUP", 4, "NOUPDATE"));
}

static void test_code(void **state)
{
	static const struct {
		const char *resp, *args;
	} rows[] = {
		{ "* OK [CAPABILITY IMAP4rev1 IDLE] ready", "IMAP4rev1 IDLE" },
		{ "L1 ok [capability A]", "A" },
		{ "* PREAUTH [CAPABILITY A] x", "A" },
		{ "* BYE [CAPABILITY A] x", "A" },
		{ "* OK [CAPABILITY]", "" },
		{ "* OK [CAPABILITYX A]", NULL },
		{ "* OK [CAP A]", NULL },
		{ "* OK [CAPABILITY A", NULL },
		{ "* OK text [CAPABILITY A]", NULL },
		{ "* CAPABILITY A", NULL },
		{ "* OK", NULL },
		{ "OK", NULL },
		{ "", NULL },
	};
	const char *args;
	size_t len;
	unsigned int i;
	bool found;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		found = lemo_check_imap_code(rows[i].resp,
			strlen(rows[i].resp), "CAPABILITY", &args, &len);
		assert_row(i, found == (rows[i].args != NULL));
		if (found) {
			assert_row(i, len == strlen(rows[i].args));
			assert_row(i, memcmp(args, rows[i].args, len) == 0);
		}
	}
}

static void test_number(void **state)
{
	static const struct {
		const char *resp, *name;
		bool found;
		uint64_t num;
	} rows[] = {
		{ "* OK [UIDVALIDITY 17]", "[UIDVALIDITY", true, 17 },
		{ "* 1 FETCH (UID 3 MODSEQ (9))", "MODSEQ", true, 9 },
		{ "* ESEARCH (TAG \"x\") UID COUNT 4", "count", true, 4 },
		{ "COUNT 18446744073709551615", "COUNT", true, UINT64_MAX },
		{ "COUNT 18446744073709551616", "COUNT", false, 0 },
		{ "COUNT x", "COUNT", false, 0 },
		{ "COUNT ", "COUNT", false, 0 },
		{ "COUNT", "COUNT", false, 0 },
		{ "COUNT (", "COUNT", false, 0 },
		{ "COUNTS 1", "COUNT", false, 0 },
		{ "", "COUNT", false, 0 },
	};
	uint64_t num;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_check_imap_number(rows[i].resp,
			strlen(rows[i].resp), rows[i].name, &num) ==
			rows[i].found);
		assert_row(i, !rows[i].found || num == rows[i].num);
	}
}

static void check_value(const char *resp, size_t len, const char *value,
			size_t value_len)
{
	char *copy = exact_copy(resp, len);
	struct lemo_buf buf;

	lemo_buf_init(&buf, 100);
	assert_int_equal(lemo_check_imap_value(copy, len, "BODY[1]", &buf),
			 value != NULL);
	if (value != NULL) {
		assert_int_equal(buf.len, value_len);
		assert_memory_equal(buf.data == NULL ? "" : buf.data, value,
				    value_len);
	}
	lemo_buf_free(&buf);
	free(copy);
}

static void test_value(void **state)
{
	(void)state;
	check_value(RESP("* 1 FETCH (BODY[1] \"a\\\"b\\\\\")"), RESP("a\"b\\"));
	check_value(RESP("* 1 FETCH (BODY[1] {3}\r\na\0b UID 1)"),
		    RESP("a\0b"));
	check_value(RESP("(BODY[1] ~{2}\r\nxy)"), RESP("xy"));
	check_value(RESP("(BODY[1] \"\")"), RESP(""));
	check_value(RESP("(BODY[1] NIL)"), NULL, 0);
	check_value(RESP("(BODY[1] \"abc"), NULL, 0);
	check_value(RESP("(BODY[1] \"abc\\"), NULL, 0);
	check_value(RESP("(BODY[1] {4}\r\nabc"), NULL, 0);
	check_value(RESP("(BODY[1] {4}abcd"), NULL, 0);
	check_value(RESP("(BODY[1] {99999999999999999999}\r\n"), NULL, 0);
	check_value(RESP("(BODY[1] ~"), NULL, 0);
	check_value(RESP("(BODY[1] "), NULL, 0);
	check_value(RESP("(BODY[1]"), NULL, 0);
	check_value(RESP("(BODY[2] \"x\")"), NULL, 0);
	check_value(RESP(""), NULL, 0);
}

static void test_namespace(void **state)
{
	static const struct {
		const char *resp, *prefix;
		char separator;
	} rows[] = {
		{ "* NAMESPACE ((\"\" \"/\")) NIL NIL", "", '/' },
		{ "* NAMESPACE ((\"INBOX.\" \".\")(\"x\" \"/\")) NIL NIL",
		  "INBOX.", '.' },
		{ "* NAMESPACE ((\"a\\\\b\" NIL)) NIL NIL", "a\\b", '\0' },
		{ "* NAMESPACE (({2}\r\nab \"/\")) NIL NIL", "ab", '/' },
		{ "* NAMESPACE ((\"a\r\nb\" \"/\")) NIL NIL", NULL, 0 },
		{ "* NAMESPACE ((\"\xff\" \"/\")) NIL NIL", NULL, 0 },
		{ "* NAMESPACE NIL NIL NIL", NULL, 0 },
		{ "* NAMESPACE ((", NULL, 0 },
		{ "* NAMESPACE ((\"a", NULL, 0 },
		{ "* NAMESPACE ((\"a\"", NULL, 0 },
		{ "", NULL, 0 },
	};
	struct lemo_buf prefix;
	unsigned int i;
	bool found;
	char separator;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&prefix, 100);
		found = lemo_check_imap_namespace(rows[i].resp,
			strlen(rows[i].resp), &prefix, &separator);
		assert_row(i, found == (rows[i].prefix != NULL));
		if (found) {
			assert_row(i, strcmp(BUF_STR(&prefix),
					     rows[i].prefix) == 0);
			assert_row(i, separator == rows[i].separator);
		}
		lemo_buf_free(&prefix);
	}
}

static void test_addto(void **state)
{
	uint64_t position, uid;

	(void)state;
	assert_true(lemo_check_imap_addto(
		RESP("* ESEARCH (TAG \"L7\") UID ADDTO (3 17 4 18)"),
		&position, &uid));
	assert_int_equal(position, 3);
	assert_int_equal(uid, 17);
	assert_false(lemo_check_imap_addto(RESP("ADDTO (3"), &position, &uid));
	assert_false(lemo_check_imap_addto(RESP("ADDTO (3 "), &position,
					   &uid));
	assert_false(lemo_check_imap_addto(RESP("REMOVEFROM (3 1)"),
					   &position, &uid));
}

static void test_url_mailbox(void **state)
{
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 100);
	lemo_check_imap_url_mailbox("In box/a-b.c_d~;@%\"\xc3", &buf);
	assert_string_equal(buf.data, "In%20box/a-b.c_d~%3B%40%25%22%C3");
	lemo_buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_namespace),
		cmocka_unit_test(test_addto),
		cmocka_unit_test(test_url_mailbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
