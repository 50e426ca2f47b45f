#include "unit.h"
#include "lemo-emn-wbxml.h"

#include <sys/wait.h>
#include <unistd.h>

#define EMN_MAX 512
#define XML_MAX 1024
/* 2026-11-24T01:02:03Z */
#define T_010203 1795482123

static void emn(struct lemo_buf *buf, const char *mailbox, int64_t time)
{
	const char *error = NULL;

	lemo_buf_init(buf, EMN_MAX);
	if (lemo_emn_wbxml_add(buf, mailbox, time, &error) < 0)
		fail_msg("%s: %s", mailbox, error);
	assert_false(buf->failed);
}

/* From OMA's token tables, read by libwbxml and by Wireshark. */
static void test_em_02_vectors(void **state)
{
	static const struct {
		int64_t time;
		const char *mailbox, *hex;
	} rows[] = {
		{ T_010203, "mailat:joe@example.com",
		  "030D6A008505C3072026112401020307036A6F65406578616D706C652E"
		  "636F6D0001" },
		{ T_010203 - 3,
		  "imap://joe@example.com/INBOX;UIDVALIDITY=7/;UID=42",
		  "030D6A008505C30620261124010209036A6F65406578616D706C652E63"
		  "6F6D2F494E424F583B55494456414C49444954593D372F3B5549443D34"
		  "320001" },
		{ LEMO_EMN_NO_TIME, "sip:joe@example.com",
		  "030D6A008506037369703A6A6F65406578616D706C652E636F6D0001" },
		/* zeros at the end of the time: hour, day */
		{ T_010203 - 123, "http://a", "030D6A008505C30520261124010A"
		  "03610001" },
		{ T_010203 - 3723, "pop://a",
		  "030D6A008505C304202611240803610001" }
	};
	char hex[2 * EMN_MAX + 1];
	struct lemo_buf buf;
	unsigned int i;
	size_t n;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		emn(&buf, rows[i].mailbox, rows[i].time);
		for (n = 0; n < buf.len; n++) {
			(void)snprintf(hex + 2 * n, 3, "%02X",
				       (unsigned char)buf.data[n]);
		}
		assert_string_equal(hex, rows[i].hex);
		lemo_buf_free(&buf);
	}
}

/* What the independent decoder makes of it. */
static void decode(const struct lemo_buf *buf, char *xml)
{
	char path[] = "/tmp/lemonade-emn-XXXXXX", command[128];
	int fd = mkstemp(path), status;
	FILE *pipe;
	size_t len;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, buf->data, buf->len), (int)buf->len);
	(void)close(fd);
	(void)snprintf(command, sizeof(command),
		       "timeout 10 wbxml2xml -o - %s 2>&1", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(xml, 1, XML_MAX - 1, pipe);
	xml[len] = '\0';
	status = pclose(pipe);
	(void)unlink(path);
	if (status != 0)
		fail_msg("wbxml2xml (libwbxml2-utils): %s", xml);
}

static void check_decoded(const char *mailbox, const char *escaped,
			  int64_t time, const char *timestamp)
{
	char xml[XML_MAX], attribute[XML_MAX];
	struct lemo_buf buf;

	emn(&buf, mailbox, time);
	decode(&buf, xml);
	lemo_buf_free(&buf);
	(void)snprintf(attribute, sizeof(attribute), " mailbox=\"%s\"",
		       escaped);
	if (strstr(xml, attribute) == NULL)
		fail_msg("no%s in %s", attribute, xml);
	(void)snprintf(attribute, sizeof(attribute), " timestamp=\"%s\"",
		       timestamp);
	if (strstr(xml, attribute) == NULL)
		fail_msg("no%s in %s", attribute, xml);
}

static void test_em_03_independent_decoder(void **state)
{
	static const char *const mailboxes[] = {
		"mailat:joe@example.com", "pop://joe@example.com",
		"imap://joe@example.com/INBOX", "http://example.com/a",
		"http://www.example.com/", "https://example.org/m",
		"https://www.example.net/", "http://www.", "sip:a@b",
		"imaps://x/INBOX/Caf%C3%A9;UID=7"
	};
	static const struct {
		int64_t time;
		const char *text;
	} times[] = {
		{ T_010203, "2026-11-24T01:02:03Z" },
		{ T_010203 - 3, "2026-11-24T01:02:00Z" },
		{ T_010203 - 123, "2026-11-24T01:00:00Z" },
		{ T_010203 - 3723, "2026-11-24T00:00:00Z" },
		{ 951782400, "2000-02-29T00:00:00Z" }
	};
	unsigned int i, n;

	(void)state;
	for (i = 0; i < N_ELEMENTS(mailboxes); i++) {
		n = i % N_ELEMENTS(times);
		check_decoded(mailboxes[i], mailboxes[i], times[n].time,
			      times[n].text);
	}
}

/* The binary form needs no escapes: the decoder has to write them. */
static void test_em_01_ampersand(void **state)
{
	(void)state;
	check_decoded("imap://h/a&b?c=d&e", "imap://h/a&amp;b?c=d&amp;e",
		      T_010203, "2026-11-24T01:02:03Z");
}

static void test_bad_input(void **state)
{
	static const struct {
		const char *mailbox;
		int64_t time;
	} rows[] = {
		{ "", 0 }, { ":", 0 }, { "mailat:", 0 }, { "joe", 0 },
		{ ":joe", 0 }, { "a/b:joe", 0 }, { "1a:joe", 0 },
		{ "mailat:joe smith", 0 }, { "mailat:joe\r\nX: y", 0 },
		{ "mailat:j\xc3\xb6", 0 }, { "mailat:\"/>", 0 },
		{ "mailat:\x7f", 0 }, { "mailat:joe", -1 },
		{ "mailat:joe", INT64_MAX }, { "mailat:joe", 253402300800 }
	};
	const char *error;
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&buf, EMN_MAX);
		error = NULL;
		assert_row(i, lemo_emn_wbxml_add(&buf, rows[i].mailbox,
						 rows[i].time, &error) < 0);
		assert_row(i, error != NULL && buf.len == 0);
		lemo_buf_free(&buf);
	}
}

static void test_length(void **state)
{
	char mailbox[LEMO_EMN_MAILBOX_MAX + 2] = "mailat:";
	const char *error = NULL;
	struct lemo_buf buf;
	size_t len = strlen(mailbox);

	(void)state;
	memset(mailbox + len, 'a', LEMO_EMN_MAILBOX_MAX - len);
	emn(&buf, mailbox, 253402300799);
	lemo_buf_free(&buf);
	mailbox[LEMO_EMN_MAILBOX_MAX] = 'a';
	lemo_buf_init(&buf, EMN_MAX);
	assert_int_equal(lemo_emn_wbxml_add(&buf, mailbox, 0, &error), -1);
	assert_non_null(error);
	lemo_buf_free(&buf);
	/* too small a buffer says so */
	lemo_buf_init(&buf, 10);
	assert_int_equal(lemo_emn_wbxml_add(&buf, "a:b", 0, &error), 0);
	assert_true(buf.failed);
	lemo_buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_em_01_ampersand),
		cmocka_unit_test(test_em_02_vectors),
		cmocka_unit_test(test_em_03_independent_decoder),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_length)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
