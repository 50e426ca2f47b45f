/* The octets of the mail. What others may have written (mailbox names) gets
   into Subject: only within encoded-words, and into the text only as
   quoted-printable. */

#include "lemo-mailto.h"
#include "lemo-host.h"
#include "lemo-mailto-private.h"
#include "lemo-payload-private.h"
#include "lemo-time.h"

#include <string.h>

#include "lemo-banned.h"

#define CRLF "\r\n"
#define TEXT_MAX 4096
/* Octets of a line: RFC 5322 2.1.1 and, with what is left of a soft line
   break, RFC 2045 6.7. */
#define MAIL_LINE_MAX 76
#define WORD_BEGIN "=?utf-8?Q?"
#define WORD_END "?="
/* of a word's inside, so that it fits a line behind "Subject: " */
#define WORD_MAX (MAIL_LINE_MAX - sizeof("Subject: " WORD_BEGIN WORD_END) + 1)
#define ID_CHARS LEMO_ALNUM "-"

static void add_hex(struct lemo_buf *buf, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";

	lemo_buf_addc(buf, '=');
	lemo_buf_addc(buf, hex[c >> 4]);
	lemo_buf_addc(buf, hex[c & 15]);
}

static bool is_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

/* Octets of the character at str, which never is cut in two. */
static size_t char_len(const char *str, size_t len)
{
	size_t n = 1;

	while (n < len && n < 4 && ((unsigned char)str[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Letters, digits and blanks stand for themselves (RFC 2047 5 (3)). */
static size_t word_len(const char *str, size_t len)
{
	return len > 1 || !(is_alnum(*str) || *str == ' ') ? len * 3 : 1;
}

static void add_word_char(struct lemo_buf *buf, const char *str, size_t len)
{
	size_t i;

	if (word_len(str, len) > 1) {
		for (i = 0; i < len; i++)
			add_hex(buf, str[i]);
	} else {
		lemo_buf_addc(buf, *str == ' ' ? '_' : *str);
	}
}

static void add_words(struct lemo_buf *buf, const char *str, size_t len)
{
	size_t n, used = 0;

	lemo_buf_adds(buf, WORD_BEGIN);
	for (; len > 0; str += n, len -= n) {
		n = char_len(str, len);
		if (used + word_len(str, n) > WORD_MAX) {
			lemo_buf_adds(buf, WORD_END CRLF " " WORD_BEGIN);
			used = 0;
		}
		add_word_char(buf, str, n);
		used += word_len(str, n);
	}
	lemo_buf_adds(buf, WORD_END);
}

/* Short, and nothing a reader could take for something else? */
static bool is_plain(const char *str, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!is_alnum(str[i]) && strchr(" ():./", str[i]) == NULL)
			return false;
	}
	return len <= MAIL_LINE_MAX - strlen("Subject: ");
}

/* "New mail: Lists/IETF" */
static void add_subject(struct lemo_buf *buf, const struct lemo_event *event,
			const struct lemo_payload_args *args)
{
	struct lemo_buf text;
	struct lemo_out out = { &text, false };

	lemo_buf_init(&text, TEXT_MAX);
	lemo_payload_title(&out, event, args);
	if (lemo_payload_tells_mailbox(event, args)) {
		lemo_buf_adds(&text, ": ");
		lemo_out_add_text(&out, event->mailbox, LEMO_TITLE_MAX);
	}
	lemo_buf_adds(buf, "Subject: ");
	if (is_plain(text.data, text.len))
		lemo_buf_add(buf, text.data, text.len);
	else
		add_words(buf, text.data, text.len);
	lemo_buf_adds(buf, CRLF);
	buf->failed = buf->failed || text.failed;
	lemo_buf_free(&text);
}

/* RFC 2045 6.7: blanks at the end of a line are no text. */
static bool is_literal(const char *str, size_t len)
{
	if (*str == ' ')
		return len > 1 && str[1] != '\n';
	return *str > ' ' && *str <= '~' && *str != '=';
}

static void add_quoted_printable(struct lemo_buf *buf, const char *str,
				 size_t len)
{
	size_t n, used = 0;

	for (; len > 0; str++, len--) {
		if (*str == '\n') {
			lemo_buf_adds(buf, CRLF);
			used = 0;
			continue;
		}
		n = is_literal(str, len) ? 1 : 3;
		if (used + n > MAIL_LINE_MAX - 1) {
			lemo_buf_adds(buf, "=" CRLF);
			used = 0;
		}
		if (n == 1)
			lemo_buf_addc(buf, *str);
		else
			add_hex(buf, *str);
		used += n;
	}
}

static void add_account(const struct lemo_out *out, const char *user)
{
	lemo_out_add_text(out, user, LEMO_TEXT_MAX);
	lemo_out_add(out, "\n");
}

static void write_text(const struct lemo_out *out,
		       const struct lemo_event *event,
		       const struct lemo_payload_args *args)
{
	lemo_payload_message(out, event, args);
	lemo_out_add(out, "\n");
	if (args->verification_code != NULL) {
		lemo_out_add(out, "\nThis account wants notifications of its "
			     "mail to be sent here:\n");
		add_account(out, event->user);
		lemo_out_add(out, "If you do not know of it, ignore this "
			     "message: nothing will come.\n");
		return;
	}
	if (args->level >= LEMO_PAYLOAD_LOCATOR) {
		lemo_out_add_text(out, event->uri, TEXT_MAX / 2);
		lemo_out_add(out, "\n");
	}
	if (args->level >= LEMO_PAYLOAD_STATE) {
		lemo_out_add(out, "\nAccount: ");
		add_account(out, event->user);
	}
}

static void add_text(struct lemo_buf *buf, const struct lemo_event *event,
		     const struct lemo_payload_args *args)
{
	struct lemo_buf text;
	struct lemo_out out = { &text, false };

	lemo_buf_init(&text, TEXT_MAX);
	write_text(&out, event, args);
	add_quoted_printable(buf, text.data, text.len);
	buf->failed = buf->failed || text.failed;
	lemo_buf_free(&text);
}

/* RFC 5436 2.7.1: who is to be asked about this mail. */
static void add_owner(struct lemo_buf *buf, const char *user, const char *token)
{
	struct lemo_mailto_address address;
	const char *error;

	lemo_buf_adds(buf, "Auto-Submitted: auto-notified;" CRLF " owner-");
	if (lemo_mailto_address_parse(user, &address, &error) == 0)
		lemo_buf_addf(buf, "email=\"%s\"", user);
	else
		lemo_buf_addf(buf, "token=%s", token);
	lemo_buf_adds(buf, CRLF);
}

/* A device's name may have what a dot-atom (RFC 5322 3.2.3) has not. */
static void add_message_id(struct lemo_buf *buf, const char *push_id,
			   const char *device, const char *from)
{
	lemo_buf_adds(buf, "Message-ID: <" LEMO_MAILTO_ID_PREFIX);
	lemo_buf_adds(buf, push_id);
	lemo_buf_addc(buf, '.');
	for (; *device != '\0'; device++)
		lemo_buf_addc(buf, is_alnum(*device) ? *device : '_');
	lemo_buf_adds(buf, strchr(from, '@'));
	lemo_buf_adds(buf, ">" CRLF);
}

/* RFC 4021 2.1.54 */
static const char *importance(enum lemo_urgency urgency)
{
	if (urgency == LEMO_URGENCY_HIGH)
		return "high";
	return urgency == LEMO_URGENCY_NORMAL ? "normal" : "low";
}

static void add_headers(struct lemo_buf *buf,
			const struct lemo_mailto_mail *mail,
			const struct lemo_event *event,
			const struct lemo_payload_args *args)
{
	add_owner(buf, event->user, mail->push_id);
	lemo_buf_adds(buf, "Date: ");
	lemo_time_add_rfc5322(buf, mail->now);
	lemo_buf_adds(buf, CRLF);
	add_message_id(buf, mail->push_id, args->device, mail->from);
	lemo_buf_addf(buf, "From: Lemonade <%s>" CRLF, mail->from);
	lemo_buf_addf(buf, "To: <%s>" CRLF, strchr(mail->uri, ':') + 1);
	add_subject(buf, event, args);
	lemo_buf_addf(buf, "Importance: %s" CRLF, importance(args->urgency));
	lemo_buf_adds(buf, "MIME-Version: 1.0" CRLF
		      "Content-Type: text/plain; charset=utf-8" CRLF
		      "Content-Transfer-Encoding: quoted-printable" CRLF);
}

bool lemo_mailto_add(struct lemo_buf *buf, const struct lemo_mailto_mail *mail,
		     const struct lemo_event *event,
		     const struct lemo_payload_args *args)
{
	struct lemo_payload_args cut = *args;
	size_t id_len = strspn(mail->push_id, ID_CHARS);

	if (id_len == 0 || id_len > LEMO_MAILTO_ID_MAX ||
	    mail->push_id[id_len] != '\0')
		return false;
	if (cut.level > LEMO_MAILTO_PAYLOAD_MAX)
		cut.level = LEMO_MAILTO_PAYLOAD_MAX;
	add_headers(buf, mail, event, &cut);
	lemo_buf_adds(buf, CRLF);
	add_text(buf, event, &cut);
	return true;
}
