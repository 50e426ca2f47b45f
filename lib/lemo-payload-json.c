/* JSON is written here and not by jansson, which takes several times as long
   (an allocation a value, a callback a piece): a payload is made for each
   push, in the notifier's hot loop. */

#include "lemo-payload-private.h"
#include "lemo-notify-uri.h"
#include "lemo-utf8.h"

#include <string.h>

#include "lemo-banned.h"

static const char ellipsis[] = "\xe2\x80\xa6";

static void add_escape(struct lemo_buf *buf, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char code[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	if (c >= ' ')
		code[1] = c;
	lemo_buf_add(buf, code, c >= ' ' ? 2 : 6);
}

static bool needs_escape(unsigned char c)
{
	return c < ' ' || c == '"' || c == '\\';
}

void lemo_json_chars(struct lemo_buf *buf, const char *str, size_t len)
{
	size_t i, start = 0;

	for (i = 0; i < len; i++) {
		if (!needs_escape(str[i]))
			continue;
		lemo_buf_add(buf, str + start, i - start);
		add_escape(buf, str[i]);
		start = i + 1;
	}
	lemo_buf_add(buf, str + start, len - start);
}

size_t lemo_control_len(const char *str, size_t len)
{
	unsigned char c = *str;

	if (c < ' ' || c == 0x7f)
		return 1;
	return c == 0xc2 && len > 1 && (unsigned char)str[1] < 0xa0 ? 2 : 0;
}

static void out_chars(const struct lemo_out *out, const char *str, size_t len)
{
	if (out->json)
		lemo_json_chars(out->buf, str, len);
	else
		lemo_buf_add(out->buf, str, len);
}

void lemo_out_add(const struct lemo_out *out, const char *str)
{
	out_chars(out, str, strlen(str));
}

void lemo_out_addu(const struct lemo_out *out, uint64_t num)
{
	lemo_buf_addu(out->buf, num);
}

static void add_clean(const struct lemo_out *out, const char *str, size_t max,
		      bool lines)
{
	size_t len = strlen(str), cut = lemo_utf8_cut(str, len, max);
	size_t i, control, start = 0;

	for (i = 0; i < cut; i += control > 0 ? control : 1) {
		control = lemo_control_len(str + i, cut - i);
		if (control == 0 || (lines && str[i] == '\n'))
			continue;
		out_chars(out, str + start, i - start);
		out_chars(out, " ", 1);
		start = i + control;
	}
	out_chars(out, str + start, cut - start);
	if (cut < len)
		lemo_out_add(out, ellipsis);
}

void lemo_out_add_text(const struct lemo_out *out, const char *str, size_t max)
{
	add_clean(out, str, max, false);
}

void lemo_out_add_words(const struct lemo_out *out, const char *str,
			size_t max)
{
	add_clean(out, str, max, true);
}

void lemo_json_name(struct lemo_buf *buf, const char *name)
{
	if (buf->len > 0 && buf->data[buf->len - 1] != '{')
		lemo_buf_addc(buf, ',');
	lemo_buf_addc(buf, '"');
	lemo_buf_adds(buf, name);
	lemo_buf_add(buf, "\":", 2);
}

void lemo_json_string(struct lemo_buf *buf, const char *name,
		      const char *value)
{
	if (value == NULL)
		return;
	lemo_json_name(buf, name);
	lemo_buf_addc(buf, '"');
	lemo_json_chars(buf, value, strlen(value));
	lemo_buf_addc(buf, '"');
}

void lemo_json_number(struct lemo_buf *buf, const char *name, uint64_t num)
{
	if (num == 0)
		return;
	lemo_json_name(buf, name);
	lemo_buf_addu(buf, num);
}

static void add_cleaned(struct lemo_buf *buf, const char *name,
			const char *text, size_t max, bool lines)
{
	struct lemo_out out = { buf, true };

	if (text == NULL)
		return;
	lemo_json_name(buf, name);
	lemo_buf_addc(buf, '"');
	add_clean(&out, text, max, lines);
	lemo_buf_addc(buf, '"');
}

void lemo_json_text(struct lemo_buf *buf, const char *name, const char *text)
{
	add_cleaned(buf, name, text, LEMO_TEXT_MAX, false);
}

void lemo_json_words(struct lemo_buf *buf, const char *name,
		     const char *words)
{
	add_cleaned(buf, name, words, LEMO_NOTIFY_TEXT_MAX, true);
}
