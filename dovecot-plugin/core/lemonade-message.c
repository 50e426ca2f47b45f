/* Parameters of one message. Senders write what they like, so everything
   passes lemonade_text_utf8(). */

#include "lib.h"
#include "mail-storage.h"
#include "lemo-importance.h"
#include "lemo-mailto.h"
#include "lemo-subscription.h"
#include "lemonade-message.h"
#include "lemonade-text.h"

/* Octets */
#define MESSAGE_ID_MAX 500
#define HEADER_MAX 1000
#define SNIPPET_MAX 1000

static const char *header_utf8(struct mail *mail, const char *name)
{
	const char *value;

	if (mail_get_first_header_utf8(mail, name, &value) <= 0)
		return NULL;
	return lemonade_text_utf8(value, HEADER_MAX);
}

static const char *message_id(struct mail *mail)
{
	const char *value;

	if (mail_get_first_header(mail, "Message-ID", &value) <= 0)
		return NULL;
	return lemonade_text_utf8(value, MESSAGE_ID_MAX);
}

static const char *message_date(struct mail *mail)
{
	time_t date;
	int offset;

	if (mail_get_date(mail, &date, &offset) < 0 || date <= 0)
		return NULL;
	return lemonade_text_time_offset(date, offset);
}

static const char *snippet(struct mail *mail)
{
	const char *value;

	/* the first octet tells the algorithm */
	if (mail_get_special(mail, MAIL_FETCH_BODY_SNIPPET, &value) < 0 ||
	    value[0] == '\0')
		return NULL;
	return lemonade_text_utf8(value + 1, SNIPPET_MAX);
}

/* Storages may have to open the message for these. */
static void fill_locator(struct mail *mail, struct lemo_event *event)
{
	const char *guid;
	uoff_t size;

	if (mail_get_virtual_size(mail, &size) == 0)
		event->message_size = size;
	if (mail_get_special(mail, MAIL_FETCH_GUID, &guid) == 0 &&
	    *guid != '\0')
		event->message_guid = lemonade_text_utf8(guid, HEADER_MAX);
}

static const char *header_raw(struct mail *mail, const char *name)
{
	const char *value;

	return mail_get_first_header(mail, name, &value) > 0 ? value : NULL;
}

uint32_t lemonade_message_importance(struct mail *mail)
{
	return lemo_importance(header_raw(mail, "Importance"),
			       header_raw(mail, "Priority"),
			       header_raw(mail, "X-Priority"));
}

bool lemonade_message_is_automatic(struct mail *mail)
{
	const char *message_id = header_raw(mail, "Message-ID");
	const char *const *values;

	if (mail_get_headers(mail, "Auto-Submitted", &values) <= 0)
		return lemo_mailto_is_automatic(NULL, message_id);
	for (; *values != NULL; values++) {
		if (lemo_mailto_is_automatic(*values, message_id))
			return TRUE;
	}
	return FALSE;
}

void lemonade_message_headers(struct mail *mail, struct lemo_event *event)
{
	event->message_id = message_id(mail);
	event->from = header_utf8(mail, "From");
	event->to = header_utf8(mail, "To");
	event->subject = header_utf8(mail, "Subject");
	event->date = message_date(mail);
}

void lemonade_message_fill(struct mail *mail, unsigned int level,
			   struct lemo_event *event)
{
	event->modseq = mail_get_modseq(mail);
	/* the notifier knows copies of one delivery by it */
	event->message_id = message_id(mail);
	if (level >= LEMO_PAYLOAD_LOCATOR)
		fill_locator(mail, event);
	if (level >= LEMO_PAYLOAD_ENVELOPE)
		lemonade_message_headers(mail, event);
	if (level >= LEMO_PAYLOAD_SNIPPET)
		event->snippet = snippet(mail);
}
