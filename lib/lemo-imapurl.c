#include "lemo-imapurl.h"

#include <string.h>

#include "lemo-banned.h"

/* RFC 5092: achar = uchar / "&" / "=", bchar = achar / ":" / "@" / "/". */
#define UNRESERVED_MARKS "-._~"
#define SUB_DELIMS_SH "!$'()*+,"
#define ACHAR_MARKS UNRESERVED_MARKS SUB_DELIMS_SH "&="
#define BCHAR_MARKS ACHAR_MARKS ":@/"

static bool is_plain(char c, const char *marks)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || strchr(marks, c) != NULL;
}

static void add_encoded(struct lemo_buf *buf, const char *str,
			const char *marks)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *start = str;

	for (; *str != '\0'; str++) {
		unsigned char c = *str;
		char code[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (is_plain(*str, marks))
			continue;
		lemo_buf_add(buf, start, str - start);
		lemo_buf_add(buf, code, sizeof(code));
		start = str + 1;
	}
	lemo_buf_add(buf, start, str - start);
}

static void add_server(struct lemo_buf *buf, const char *user,
		       const char *host)
{
	lemo_buf_adds(buf, "imap://");
	if (user != NULL) {
		add_encoded(buf, user, ACHAR_MARKS);
		lemo_buf_addc(buf, '@');
	}
	lemo_buf_adds(buf, host);
	lemo_buf_addc(buf, '/');
}

void lemo_imapurl_add(struct lemo_buf *buf, const char *user, const char *host,
		      const char *mailbox, uint32_t uidvalidity, uint32_t uid)
{
	add_server(buf, user, host);
	if (mailbox == NULL)
		return;
	add_encoded(buf, mailbox, BCHAR_MARKS);
	if (uidvalidity != 0) {
		lemo_buf_adds(buf, ";UIDVALIDITY=");
		lemo_buf_addu(buf, uidvalidity);
	}
	if (uid != 0) {
		lemo_buf_adds(buf, "/;UID=");
		lemo_buf_addu(buf, uid);
	}
}
