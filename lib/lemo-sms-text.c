/* "New mail (2): 3 unread", in one message. */

#include "lemo-sms.h"
#include "lemo-notify-uri.h"
#include "lemo-payload-private.h"
#include "lemo-utf8.h"

#include <string.h>

#include "lemo-banned.h"

#define WORDS_MAX 4096

/* The message, unless the title says it already. */
static void add_words(struct lemo_buf *buf, const struct lemo_event *event,
		      const struct lemo_payload_args *args)
{
	struct lemo_out out = { buf, false };
	size_t title_len;

	if (args->verification_code != NULL) {
		lemo_payload_message(&out, event, args);
		return;
	}
	lemo_payload_title(&out, event, args);
	title_len = buf->len;
	lemo_buf_adds(buf, ": ");
	lemo_payload_message(&out, event, args);
	if (!buf->failed && buf->len - title_len - 2 <= title_len &&
	    memcmp(buf->data, buf->data + title_len + 2,
		   buf->len - title_len - 2) == 0)
		buf->len = title_len;
}

/* A Sieve script's words and whose they are: as much of the words as leaves
   room for that. No ellipsis, which GSM-7 lacks. */
static void add_notification(struct lemo_buf *buf,
			     const struct lemo_event *event)
{
	struct lemo_out out = { buf, false };
	size_t fits, len = lemo_utf8_cut(event->notify_text,
					 strlen(event->notify_text),
					 LEMO_NOTIFY_TEXT_MAX);
	char text[LEMO_NOTIFY_TEXT_MAX + 1];
	bool ucs2;

	for (;;) {
		memcpy(text, event->notify_text, len);
		text[len] = '\0';
		lemo_buf_reset(buf);
		lemo_out_add_words(&out, text, len);
		lemo_payload_add_owner(&out, event);
		fits = lemo_sms_fit(buf->data, buf->len, &ucs2);
		if (fits == buf->len || len == 0)
			return;
		fits = buf->len - fits;
		len = lemo_utf8_cut(text, len, fits < len ? len - fits : 0);
	}
}

void lemo_sms_text_add(struct lemo_buf *buf, const struct lemo_event *event,
		       const struct lemo_payload_args *args, bool *ucs2_r)
{
	struct lemo_payload_args cut = *args;
	struct lemo_buf words;

	if (cut.level > LEMO_SMS_PAYLOAD_MAX)
		cut.level = LEMO_SMS_PAYLOAD_MAX;
	*ucs2_r = false;
	lemo_buf_init(&words, WORDS_MAX);
	if (event->notify_text != NULL && args->verification_code == NULL)
		add_notification(&words, event);
	else
		add_words(&words, event, &cut);
	if (words.len > 0 && lemo_utf8_is_valid(words.data, words.len))
		lemo_buf_add(buf, words.data, lemo_sms_fit(words.data,
							   words.len, ucs2_r));
	lemo_buf_free(&words);
}
