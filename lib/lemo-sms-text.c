/* "New mail (2): 3 unread", in one message. */

#include "lemo-sms.h"
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

void lemo_sms_text_add(struct lemo_buf *buf, const struct lemo_event *event,
		       const struct lemo_payload_args *args, bool *ucs2_r)
{
	struct lemo_payload_args cut = *args;
	struct lemo_buf words;

	if (cut.level > LEMO_SMS_PAYLOAD_MAX)
		cut.level = LEMO_SMS_PAYLOAD_MAX;
	*ucs2_r = false;
	lemo_buf_init(&words, WORDS_MAX);
	add_words(&words, event, &cut);
	if (words.len > 0 && lemo_utf8_is_valid(words.data, words.len))
		lemo_buf_add(buf, words.data, lemo_sms_fit(words.data,
							   words.len, ucs2_r));
	lemo_buf_free(&words);
}
