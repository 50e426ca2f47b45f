#include "unit.h"
#include "lemo-imapurl.h"

static void check(const char *wanted, const char *user, const char *host,
		  const char *mailbox, uint32_t uidvalidity, uint32_t uid)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, 1000);
	lemo_imapurl_add(&buf, user, host, mailbox, uidvalidity, uid);
	assert_false(buf.failed);
	assert_string_equal(buf.data, wanted);
	lemo_buf_free(&buf);
}

static void test_ev_01_message(void **state)
{
	(void)state;
	check("imap://joe@host/INBOX;UIDVALIDITY=7/;UID=42", "joe", "host",
	      "INBOX", 7, 42);
}

static void test_parts(void **state)
{
	(void)state;
	check("imap://host/", NULL, "host", NULL, 0, 0);
	check("imap://joe@host/", "joe", "host", NULL, 0, 0);
	check("imap://joe@host/", "joe", "host", NULL, 7, 42);
	check("imap://joe@host/INBOX", "joe", "host", "INBOX", 0, 0);
	check("imap://joe@host/INBOX;UIDVALIDITY=7", "joe", "host", "INBOX",
	      7, 0);
	check("imap://joe@host/INBOX/;UID=42", "joe", "host", "INBOX", 0, 42);
	check("imap://host/a;UIDVALIDITY=4294967295/;UID=4294967295", NULL,
	      "host", "a", 4294967295U, 4294967295U);
}

/* RFC 5092 section 9, what of it is mailbox and UID */
static void test_rfc5092_examples(void **state)
{
	(void)state;
	check("imap://minbari.example.org/gray-council"
	      ";UIDVALIDITY=385759045/;UID=20",
	      NULL, "minbari.example.org", "gray-council", 385759045, 20);
	check("imap://psicorp.example.org/~peter/%E6%97%A5%E6%9C%AC%E8%AA%9E/"
	      "%E5%8F%B0%E5%8C%97",
	      NULL, "psicorp.example.org",
	      "~peter/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e/"
	      "\xe5\x8f\xb0\xe5\x8c\x97", 0, 0);
	check("imap://john@minbari.example.org/gray%20council", "john",
	      "minbari.example.org", "gray council", 0, 0);
}

/* Octets that may stand in a mailbox name as they are: bchar. */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789-._~!$'()*+,&=:@/"

static void test_each_octet(void **state)
{
	char mailbox[2] = "x", wanted[40];
	unsigned int i;

	(void)state;
	for (i = 1; i < 256; i++) {
		mailbox[0] = (char)i;
		(void)snprintf(wanted, sizeof(wanted),
			       strchr(PLAIN, (int)i) != NULL ?
			       "imap://h/%c" : "imap://h/%%%02X", i);
		check(wanted, NULL, "h", mailbox, 0, 0);
	}
}

static void test_user(void **state)
{
	(void)state;
	/* achar: without ":", "@" and "/" */
	check("imap://joe%40example.org@h/", "joe@example.org", "h", NULL, 0,
	      0);
	check("imap://a%3Ab%2Fc%3Bd%20e@h/", "a:b/c;d e", "h", NULL, 0, 0);
	check("imap://gr%C3%BC%C3%9Fe&=+@h/", "gr\xc3\xbc\xc3\x9f" "e&=+",
	      "h", NULL, 0, 0);
	check("imap://@h/", "", "h", NULL, 0, 0);
}

static void test_nothing_can_be_faked(void **state)
{
	(void)state;
	/* what must not be taken for our own parameters, query or URL */
	check("imap://h/a%3BUIDVALIDITY=1;UIDVALIDITY=7/;UID=1", NULL, "h",
	      "a;UIDVALIDITY=1", 7, 1);
	check("imap://h/a/%3BUID=9;UIDVALIDITY=7", NULL, "h", "a/;UID=9", 7,
	      0);
	check("imap://h/a%3Fb%23c%25", NULL, "h", "a?b#c%", 0, 0);
	check("imap://h/a%0D%0Ab%22%3C%3E", NULL, "h", "a\r\nb\"<>", 0, 0);
}

static void test_appends_and_fails(void **state)
{
	struct lemo_buf buf;

	(void)state;
	lemo_buf_init(&buf, 20);
	lemo_buf_adds(&buf, "uri=");
	lemo_imapurl_add(&buf, "joe", "h", "a", 0, 0);
	assert_string_equal(buf.data, "uri=imap://joe@h/a");
	lemo_imapurl_add(&buf, "joe", "h", "a", 0, 0);
	assert_true(buf.failed);
	lemo_buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ev_01_message),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_rfc5092_examples),
		cmocka_unit_test(test_each_octet),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_nothing_can_be_faked),
		cmocka_unit_test(test_appends_and_fails)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
