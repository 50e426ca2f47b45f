#include "lemo-emn.h"
#include "lemo-imapurl.h"

#include <string.h>

#include "lemo-banned.h"

bool lemo_emn_mailbox_parse(const char *str, enum lemo_emn_mailbox *form_r)
{
	static const char *const names[] = { "mailat", "imap", "device" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], str) == 0) {
			*form_r = i;
			return true;
		}
	}
	return false;
}

/* All but RFC 3986's unreserved */
static void add_encoded(struct lemo_buf *buf, const char *str, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char c = str[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || memchr("-._~", c, 4) != NULL)
			lemo_buf_addc(buf, c);
		else
			lemo_buf_addf(buf, "%%%02X", (unsigned char)c);
	}
}

static void add_mailat(struct lemo_buf *buf, const char *user,
		       const char *host)
{
	const char *at = strrchr(user, '@');

	lemo_buf_adds(buf, "mailat:");
	if (at == NULL)
		at = user + strlen(user);
	else
		host = at + 1;
	add_encoded(buf, user, (size_t)(at - user));
	lemo_buf_addc(buf, '@');
	add_encoded(buf, host, strlen(host));
}

void lemo_emn_mailbox_add(struct lemo_buf *buf, enum lemo_emn_mailbox form,
			  const char *user, const char *device,
			  const char *host)
{
	switch (form) {
	case LEMO_EMN_MAILBOX_MAILAT:
		add_mailat(buf, user, host);
		break;
	case LEMO_EMN_MAILBOX_IMAP:
		lemo_imapurl_add(buf, user, host, NULL, 0, 0);
		break;
	case LEMO_EMN_MAILBOX_DEVICE:
		add_mailat(buf, device, host);
		break;
	}
}

void lemo_emn_push_add(struct lemo_buf *buf, const void *emn, size_t len)
{
	static const uint8_t headers[] = {
		0x00,             /* transaction */
		0x06,             /* Push */
		0x06,             /* octets of headers */
		0x03,             /* content type of 3 octets: */
		0x02, 0x03, 0x0a, /* application/vnd.wap.emn+wbxml */
		0xaf, 0x89        /* X-Wap-Application-Id: emn.ua */
	};

	lemo_buf_add(buf, headers, sizeof(headers));
	lemo_buf_add(buf, emn, len);
}
