#include "lemo-emn-wbxml.h"

#include <string.h>
#include <time.h>

#include "lemo-banned.h"

/* Global tokens of WBXML 1.3, and the code page 0 of EMN. The value tokens
   0x85 to 0x88 are left alone: decoders disagree about what they mean. */
#define WBXML_VERSION_1_3 0x03
#define WBXML_PUBLIC_ID_EMN 0x0d
#define WBXML_CHARSET_UTF8 0x6a
#define WBXML_END 0x01
#define WBXML_STR_I 0x03
#define WBXML_OPAQUE 0xc3
#define WBXML_HAS_ATTRIBUTES 0x80
#define EMN_TAG 0x05
#define EMN_TIMESTAMP 0x05

#define TIME_MAX 253402300799 /* 9999-12-31T23:59:59Z */
#define TIME_OCTETS 7

/* mailbox= and how its value begins; of two that fit, the longer first */
static const struct {
	uint8_t token;
	const char *prefix;
} starts[] = {
	{ 0x07, "mailat:" },
	{ 0x08, "pop://" },
	{ 0x09, "imap://" },
	{ 0x0b, "http://www." },
	{ 0x0a, "http://" },
	{ 0x0d, "https://www." },
	{ 0x0c, "https://" },
	{ 0x06, "" }
};

/* RFC 3986 2: nothing else is in a URI. */
static bool is_uri_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') ||
		(c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=%", c) != NULL);
}

static bool is_scheme(const char *uri, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (strchr("/?#[]@!$&'()*,;=%_~", uri[i]) != NULL)
			return false;
	}
	return len > 0 && ((uri[0] >= 'a' && uri[0] <= 'z') ||
			   (uri[0] >= 'A' && uri[0] <= 'Z'));
}

static const char *mailbox_error(const char *mailbox)
{
	const char *colon = strchr(mailbox, ':');
	size_t len;

	for (len = 0; mailbox[len] != '\0'; len++) {
		if (!is_uri_char(mailbox[len]))
			return "mailbox has characters that no URI has";
		if (len >= LEMO_EMN_MAILBOX_MAX)
			return "mailbox is longer than 200 octets";
	}
	if (colon == NULL || colon[1] == '\0' ||
	    !is_scheme(mailbox, (size_t)(colon - mailbox)))
		return "mailbox is not a URI";
	return NULL;
}

static uint8_t bcd(int num)
{
	return (uint8_t)(num / 10 << 4 | num % 10);
}

static void add_time(struct lemo_buf *buf, int64_t time)
{
	const time_t t = (time_t)time;
	uint8_t octets[TIME_OCTETS];
	size_t len = TIME_OCTETS;
	struct tm tm;

	if (time == LEMO_EMN_NO_TIME || gmtime_r(&t, &tm) == NULL)
		return;
	octets[0] = bcd((tm.tm_year + 1900) / 100);
	octets[1] = bcd(tm.tm_year % 100);
	octets[2] = bcd(tm.tm_mon + 1);
	octets[3] = bcd(tm.tm_mday);
	octets[4] = bcd(tm.tm_hour);
	octets[5] = bcd(tm.tm_min);
	octets[6] = bcd(tm.tm_sec);
	/* phones are said to refuse zeros at the end; the day is never 0 */
	while (octets[len - 1] == 0)
		len--;
	lemo_buf_addc(buf, EMN_TIMESTAMP);
	lemo_buf_addc(buf, (char)WBXML_OPAQUE);
	lemo_buf_addc(buf, (char)len);
	lemo_buf_add(buf, octets, len);
}

static void add_mailbox(struct lemo_buf *buf, const char *mailbox)
{
	size_t i = 0, len;

	while (len = strlen(starts[i].prefix),
	       strncmp(mailbox, starts[i].prefix, len) != 0)
		i++;
	mailbox += len;
	lemo_buf_addc(buf, (char)starts[i].token);
	lemo_buf_addc(buf, WBXML_STR_I);
	lemo_buf_add(buf, mailbox, strlen(mailbox) + 1);
}

int lemo_emn_wbxml_add(struct lemo_buf *buf, const char *mailbox, int64_t time,
		       const char **error_r)
{
	const char *error = mailbox_error(mailbox);

	if (error == NULL && time != LEMO_EMN_NO_TIME &&
	    (time < 0 || time > TIME_MAX))
		error = "time is not within the years 1970 to 9999";
	if (error != NULL) {
		*error_r = error;
		return -1;
	}
	lemo_buf_addc(buf, WBXML_VERSION_1_3);
	lemo_buf_addc(buf, WBXML_PUBLIC_ID_EMN);
	lemo_buf_addc(buf, WBXML_CHARSET_UTF8);
	lemo_buf_addc(buf, '\0'); /* string table: none */
	lemo_buf_addc(buf, (char)(EMN_TAG | WBXML_HAS_ATTRIBUTES));
	add_time(buf, time);
	add_mailbox(buf, mailbox);
	lemo_buf_addc(buf, WBXML_END);
	return 0;
}
