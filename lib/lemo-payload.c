#include "lemo-payload-private.h"
#include "lemo-event-fields.h"

#include <string.h>

#include "lemo-banned.h"

/* A longer uidset or flag list is left out: a client learns it better when it
   resynchronises. A feed has nothing else to go by. */
#define STRING_MAX 3000
#define FEED_STRING_MAX 10000

const char *lemo_payload_content_type(enum lemo_format format)
{
	switch (format) {
	case LEMO_FORMAT_CLOUDEVENTS:
		return "application/cloudevents+json";
	case LEMO_FORMAT_NTFY:
		return "text/plain; charset=utf-8";
	default:
		return "application/json";
	}
}

static bool field_is_told(const struct lemo_event_field *field,
			  const struct lemo_event *event,
			  const struct lemo_payload_args *args)
{
	if (field->level == LEMO_FIELD_FEED)
		return args->device == NULL;
	/* whose script it is (RFC 5435 3.8) */
	if (field->offset == offsetof(struct lemo_event, user) &&
	    event->notify_text != NULL)
		return true;
	return field->level != LEMO_FIELD_NEVER && field->level <= args->level;
}

static bool field_is_counter(const struct lemo_event_field *field)
{
	return field->offset == offsetof(struct lemo_event, messages) ||
		field->offset == offsetof(struct lemo_event, unseen);
}

static void add_field(struct lemo_buf *buf,
		      const struct lemo_event_field *field, const void *member,
		      size_t max)
{
	const char *str;

	switch (field->kind) {
	case LEMO_FIELD_U32:
		lemo_json_number(buf, field->key, *(const uint32_t *)member);
		break;
	case LEMO_FIELD_U64:
		lemo_json_number(buf, field->key, *(const uint64_t *)member);
		break;
	case LEMO_FIELD_TEXT:
		lemo_json_text(buf, field->key, *(const char *const *)member);
		break;
	case LEMO_FIELD_WORDS:
		lemo_json_words(buf, field->key, *(const char *const *)member);
		break;
	default:
		str = *(const char *const *)member;
		if (str != NULL && strlen(str) <= max)
			lemo_json_string(buf, field->key, str);
	}
}

void lemo_payload_add_fields(struct lemo_buf *buf,
			     const struct lemo_event *event,
			     const struct lemo_payload_args *args)
{
	size_t max = args->device == NULL ? FEED_STRING_MAX : STRING_MAX;
	unsigned int i;

	for (i = 0; i < LEMO_EVENT_FIELDS_COUNT; i++) {
		const struct lemo_event_field *field = &lemo_event_fields[i];

		if (!field_is_told(field, event, args))
			continue;
		/* a mailbox was looked at, and has none: that is news */
		if (event->uidnext != 0 && field_is_counter(field)) {
			lemo_json_name(buf, field->key);
			lemo_buf_addu(buf, *(const uint32_t *)
				      lemo_event_field_get(event, field));
			continue;
		}
		add_field(buf, field, lemo_event_field_get(event, field), max);
	}
	if (args->level >= LEMO_PAYLOAD_STATE && args->events_count > 1) {
		lemo_json_number(buf, "vnd.lemonade.eventsCount",
				 args->events_count);
	}
}

static void add_data(struct lemo_buf *buf, const struct lemo_event *event,
		     const struct lemo_payload_args *args)
{
	lemo_json_name(buf, "data");
	lemo_buf_addc(buf, '{');
	lemo_json_string(buf, "deviceClientId", args->device);
	if (args->verification_code == NULL)
		lemo_payload_add_fields(buf, event, args);
	else {
		lemo_json_string(buf, "verificationCode",
				 args->verification_code);
	}
	lemo_buf_addc(buf, '}');
}

/* The server's own URL: the event's without user and path. */
static void add_source(struct lemo_buf *buf, const char *uri)
{
	const char *host = strstr(uri, "://"), *at;
	size_t len;

	lemo_json_name(buf, "source");
	lemo_buf_adds(buf, "\"imap:");
	if (host != NULL) {
		host += strlen("://");
		len = strcspn(host, "/?");
		at = memchr(host, '@', len);
		if (at != NULL) {
			len -= at + 1 - host;
			host = at + 1;
		}
		lemo_buf_adds(buf, "//");
		lemo_json_chars(buf, host, len);
	}
	lemo_buf_addc(buf, '"');
}

void lemo_payload_add_type(struct lemo_buf *buf, const struct lemo_event *event,
			   const struct lemo_payload_args *args)
{
	if (args->verification_code != NULL) {
		lemo_buf_adds(buf, "lemonade.PushVerification");
		return;
	}
	if (event->type < LEMO_EVENT_DEVICE_SET)
		lemo_buf_adds(buf, "rfc5423.");
	lemo_buf_adds(buf, lemo_event_type_name(event->type));
}

static void add_type(struct lemo_buf *buf, const struct lemo_event *event,
		     const struct lemo_payload_args *args)
{
	lemo_json_name(buf, "type");
	lemo_buf_addc(buf, '"');
	lemo_payload_add_type(buf, event, args);
	lemo_buf_addc(buf, '"');
}

/* Strings of CloudEvents attributes have no control characters. */
static bool is_attribute(const char *str)
{
	for (; *str != '\0'; str++) {
		if (lemo_control_len(str, strlen(str)) > 0)
			return false;
	}
	return true;
}

static void add_cloudevent(struct lemo_buf *buf, const struct lemo_event *event,
			   const struct lemo_payload_args *args)
{
	lemo_buf_adds(buf, "{\"specversion\":\"1.0\"");
	lemo_json_string(buf, "id", event->id);
	add_source(buf, event->uri);
	add_type(buf, event, args);
	if (lemo_payload_tells_mailbox(event, args) &&
	    is_attribute(event->mailbox))
		lemo_json_string(buf, "subject", event->mailbox);
	lemo_json_string(buf, "time", event->timestamp);
	lemo_json_string(buf, "datacontenttype", "application/json");
	add_data(buf, event, args);
	lemo_buf_addc(buf, '}');
}

static void add_sentence(struct lemo_buf *buf, const char *name,
			 lemo_sentence_t *sentence,
			 const struct lemo_event *event,
			 const struct lemo_payload_args *args)
{
	struct lemo_out out = { buf, true };

	lemo_json_name(buf, name);
	lemo_buf_addc(buf, '"');
	sentence(&out, event, args);
	lemo_buf_addc(buf, '"');
}

static bool has_click(const struct lemo_payload_args *args)
{
	return args->level >= LEMO_PAYLOAD_LOCATOR &&
		args->verification_code == NULL;
}

/* https://gotify.net/docs/pushmsg */
static void add_gotify(struct lemo_buf *buf, const struct lemo_event *event,
		       const struct lemo_payload_args *args)
{
	static const unsigned char priorities[] = {
		[LEMO_URGENCY_VERY_LOW] = 1,
		[LEMO_URGENCY_LOW] = 3,
		[LEMO_URGENCY_NORMAL] = 5,
		[LEMO_URGENCY_HIGH] = 8
	};

	lemo_buf_addc(buf, '{');
	add_sentence(buf, "title", lemo_payload_title, event, args);
	add_sentence(buf, "message", lemo_payload_message, event, args);
	lemo_json_number(buf, "priority", priorities[args->urgency]);
	if (has_click(args)) {
		lemo_buf_adds(buf, ",\"extras\":{\"client::notification\":"
			      "{\"click\":{");
		lemo_json_string(buf, "url", event->uri);
		lemo_buf_adds(buf, "}}}");
	}
	lemo_buf_addc(buf, '}');
}

/* The Apprise API's /notify/KEY */
static void add_apprise(struct lemo_buf *buf, const struct lemo_event *event,
			const struct lemo_payload_args *args)
{
	lemo_buf_addc(buf, '{');
	add_sentence(buf, "title", lemo_payload_title, event, args);
	add_sentence(buf, "body", lemo_payload_message, event, args);
	lemo_json_string(buf, "type", "info");
	lemo_json_string(buf, "format", "text");
	lemo_buf_addc(buf, '}');
}

void lemo_payload_add(struct lemo_buf *buf, const struct lemo_event *event,
		      const struct lemo_payload_args *args)
{
	struct lemo_out out = { buf, false };

	switch (args->format) {
	case LEMO_FORMAT_CLOUDEVENTS:
		add_cloudevent(buf, event, args);
		break;
	case LEMO_FORMAT_NTFY:
		lemo_payload_message(&out, event, args);
		break;
	case LEMO_FORMAT_GOTIFY:
		add_gotify(buf, event, args);
		break;
	case LEMO_FORMAT_APPRISE:
		add_apprise(buf, event, args);
		break;
	case LEMO_FORMAT_JMAP:
		lemo_payload_jmap(buf, event, args);
		break;
	}
}

/* https://docs.ntfy.sh/publish/ */
static const char *ntfy_priority(enum lemo_urgency urgency)
{
	static const char *const names[] = {
		[LEMO_URGENCY_VERY_LOW] = "min",
		[LEMO_URGENCY_LOW] = "low",
		[LEMO_URGENCY_NORMAL] = "default",
		[LEMO_URGENCY_HIGH] = "high"
	};

	return names[urgency];
}

bool lemo_payload_add_header(struct lemo_buf *buf,
			     const struct lemo_event *event,
			     const struct lemo_payload_args *args,
			     unsigned int n)
{
	struct lemo_out out = { buf, false };

	if (args->format != LEMO_FORMAT_NTFY || n > 3 ||
	    (n == 3 && !has_click(args)))
		return false;
	switch (n) {
	case 0:
		lemo_out_add(&out, "Title: ");
		lemo_payload_title(&out, event, args);
		break;
	case 1:
		lemo_out_add(&out, "Priority: ");
		lemo_out_add(&out, ntfy_priority(args->urgency));
		break;
	case 2:
		lemo_out_add(&out, "Tags: envelope");
		break;
	default:
		lemo_out_add(&out, "Click: ");
		lemo_out_add_text(&out, event->uri, STRING_MAX);
	}
	return true;
}
