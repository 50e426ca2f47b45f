#include "unit.h"
#include "lemo-emn.h"

static void check_mailbox(enum lemo_emn_mailbox form, const char *user,
			  const char *wanted)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, 512);
	lemo_emn_mailbox_add(&buf, form, user, "phone", "mail.test");
	assert_false(buf.failed);
	assert_string_equal(BUF_STR(&buf), wanted);
	lemo_buf_free(&buf);
}

static void test_em_05_mailbox(void **state)
{
	(void)state;
	check_mailbox(LEMO_EMN_MAILBOX_MAILAT, "joe@lemo.test",
		      "mailat:joe@lemo.test");
	check_mailbox(LEMO_EMN_MAILBOX_MAILAT, "joe", "mailat:joe@mail.test");
	check_mailbox(LEMO_EMN_MAILBOX_MAILAT, "a b&\"<\r\n@c@lemo.test",
		      "mailat:a%20b%26%22%3C%0D%0A%40c@lemo.test");
	check_mailbox(LEMO_EMN_MAILBOX_MAILAT, "j\xc3\xb6@lemo.test",
		      "mailat:j%C3%B6@lemo.test");
	check_mailbox(LEMO_EMN_MAILBOX_IMAP, "joe@lemo.test",
		      "imap://joe%40lemo.test@mail.test/");
	check_mailbox(LEMO_EMN_MAILBOX_DEVICE, "joe@lemo.test",
		      "mailat:phone@mail.test");
}

static void test_forms(void **state)
{
	enum lemo_emn_mailbox form;

	(void)state;
	assert_true(lemo_emn_mailbox_parse("mailat", &form));
	assert_int_equal(form, LEMO_EMN_MAILBOX_MAILAT);
	assert_true(lemo_emn_mailbox_parse("imap", &form));
	assert_int_equal(form, LEMO_EMN_MAILBOX_IMAP);
	assert_true(lemo_emn_mailbox_parse("device", &form));
	assert_int_equal(form, LEMO_EMN_MAILBOX_DEVICE);
	assert_false(lemo_emn_mailbox_parse("", &form));
	assert_false(lemo_emn_mailbox_parse("imaps", &form));
	assert_int_equal(form, LEMO_EMN_MAILBOX_DEVICE);
}

static void test_push(void **state)
{
	static const char wanted[] =
		"\x00\x06\x06\x03\x02\x03\x0a\xaf\x89" "emn";
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, LEMO_EMN_PUSH_MAX);
	lemo_emn_push_add(&buf, "emn", 3);
	assert_int_equal(buf.len, sizeof(wanted) - 1);
	assert_memory_equal(buf.data, wanted, buf.len);
	lemo_buf_free(&buf);
	/* one SMS: 140 octets, 7 of them UDH */
	assert_int_equal(LEMO_EMN_PUSH_MAX +
			 (sizeof(LEMO_EMN_UDH) - 1) / 2, 140);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_em_05_mailbox),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_push)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
