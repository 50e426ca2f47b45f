/* Titles and messages of ntfy, gotify and Apprise: cut to the payload level
   as the data of CloudEvents are. */

#include "lemo-payload-private.h"
#include "lemo-notify-uri.h"

#include "lemo-banned.h"

bool lemo_payload_tells_mailbox(const struct lemo_event *event,
				const struct lemo_payload_args *args)
{
	return args->level >= LEMO_PAYLOAD_LOCATOR &&
		args->verification_code == NULL && event->mailbox != NULL &&
		event->mailbox[0] != '\0';
}

static bool tells_envelope(const struct lemo_payload_args *args,
			   const char *text)
{
	return args->level >= LEMO_PAYLOAD_ENVELOPE && text != NULL &&
		text[0] != '\0';
}

static const char *phrase(const struct lemo_event *event)
{
	switch (event->type) {
	case LEMO_EVENT_MESSAGE_NEW:
		return "New mail";
	case LEMO_EVENT_MESSAGE_APPEND:
		return "Message stored";
	case LEMO_EVENT_MESSAGE_EXPUNGE:
	case LEMO_EVENT_MESSAGE_EXPIRE:
		return "Mail removed";
	case LEMO_EVENT_MESSAGE_READ:
		return "Mail read";
	case LEMO_EVENT_QUOTA_EXCEED:
		return "Mailbox is full";
	case LEMO_EVENT_QUOTA_WITHIN:
		return "Mailbox has room again";
	case LEMO_EVENT_QUOTA_CHANGE:
		return "Mailbox limit changed";
	case LEMO_EVENT_MAILBOX_CREATE:
		return "Mailbox created";
	case LEMO_EVENT_MAILBOX_DELETE:
		return "Mailbox deleted";
	case LEMO_EVENT_MAILBOX_RENAME:
		return "Mailbox renamed";
	default:
		return "Mailbox changed";
	}
}

static void notify_title(const struct lemo_out *out,
			 const struct lemo_event *event)
{
	if (event->notify_subject != NULL)
		lemo_out_add_text(out, event->notify_subject, LEMO_TITLE_MAX);
	else
		lemo_out_add(out, "Sieve notification");
}

/* Who does not want it must know whom to ask (RFC 5435 3.8). */
void lemo_payload_add_owner(const struct lemo_out *out,
			    const struct lemo_event *event)
{
	lemo_out_add(out, " (Sieve filter of ");
	lemo_out_add_text(out, event->user, LEMO_USER_MAX);
	if (event->notify_from != NULL) {
		lemo_out_add(out, ", for ");
		lemo_out_add_text(out, event->notify_from, LEMO_TITLE_MAX);
	}
	lemo_out_add(out, ")");
}

/* A script's own words, whatever the level: a redirect could tell more. */
static void notify_message(const struct lemo_out *out,
			   const struct lemo_event *event,
			   const struct lemo_payload_args *args)
{
	lemo_out_add_words(out, event->notify_text, args->text_max != 0 ?
			   args->text_max : LEMO_NOTIFY_TEXT_MAX);
	lemo_payload_add_owner(out, event);
}

void lemo_payload_title(const struct lemo_out *out,
			const struct lemo_event *event,
			const struct lemo_payload_args *args)
{
	if (args->verification_code != NULL) {
		lemo_out_add(out, "Lemonade verification");
		return;
	}
	if (event->notify_text != NULL)
		notify_title(out, event);
	else if (tells_envelope(args, event->from))
		lemo_out_add_text(out, event->from, LEMO_TITLE_MAX);
	else
		lemo_out_add(out, phrase(event));
	if (args->level >= LEMO_PAYLOAD_STATE && args->events_count > 1) {
		lemo_out_add(out, " (");
		lemo_out_addu(out, args->events_count);
		lemo_out_add(out, ")");
	}
}

/* "Lists/IETF: 3 unread", or what the level leaves of it */
static void add_state(const struct lemo_out *out,
		      const struct lemo_event *event,
		      const struct lemo_payload_args *args)
{
	bool unseen = args->level >= LEMO_PAYLOAD_STATE && event->unseen > 0;
	bool mailbox = lemo_payload_tells_mailbox(event, args);

	if (mailbox)
		lemo_out_add_text(out, event->mailbox, LEMO_TITLE_MAX);
	if (mailbox && unseen)
		lemo_out_add(out, ": ");
	if (unseen) {
		lemo_out_addu(out, event->unseen);
		lemo_out_add(out, " unread");
	}
	if (!mailbox && !unseen)
		lemo_out_add(out, phrase(event));
}

void lemo_payload_message(const struct lemo_out *out,
			  const struct lemo_event *event,
			  const struct lemo_payload_args *args)
{
	if (args->verification_code != NULL) {
		lemo_out_add(out, "Verification code: ");
		lemo_out_add_text(out, args->verification_code, LEMO_TEXT_MAX);
		return;
	}
	if (event->notify_text != NULL) {
		notify_message(out, event, args);
		return;
	}
	if (!tells_envelope(args, event->subject))
		add_state(out, event, args);
	else
		lemo_out_add_text(out, event->subject, LEMO_TEXT_MAX);
	if (args->level >= LEMO_PAYLOAD_SNIPPET && event->snippet != NULL) {
		lemo_out_add(out, "\n");
		lemo_out_add_text(out, event->snippet, LEMO_TEXT_MAX);
	}
}
