/* What a component says. Its XML is written here: what may stand in it is
   little, and all of it passes lemo_xmpp_text_add(). */

#include "lemo-xmpp.h"
#include "lemo-payload-private.h"
#include "lemo-utf8.h"

#include <string.h>

#include "lemo-banned.h"

/* Octets of the URL as it is written; a longer one is left out, as a hint that
   it is. */
#define URL_MAX 3000

/* Octets of the well-formed character at str, 0 if there is none. */
static size_t char_len(const char *str, size_t len)
{
	size_t n;

	for (n = 1; n <= 4 && n <= len; n++) {
		if (lemo_utf8_is_valid(str, n))
			return n;
	}
	return 0;
}

/* XML 1.0 2.2: C0 but for these, U+FFFE and U+FFFF. C1 and DEL are only
   discouraged, but no terminal is to see them. */
static bool is_forbidden(const char *str, size_t len)
{
	if (*str == '\t' || *str == '\n')
		return false;
	return lemo_control_len(str, len) > 0 ||
		(len == 3 && (memcmp(str, "\xef\xbf\xbe", 3) == 0 ||
			      memcmp(str, "\xef\xbf\xbf", 3) == 0));
}

static const char *escape_of(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '\'':
		return "&apos;";
	case '"':
		return "&quot;";
	default:
		return NULL;
	}
}

void lemo_xmpp_text_add(struct lemo_buf *buf, const char *str, size_t len)
{
	const char *escape;
	size_t i, n;

	for (i = 0; i < len; i += n > 0 ? n : 1) {
		n = char_len(str + i, len - i);
		if (n == 0 || is_forbidden(str + i, n))
			continue;
		escape = escape_of(str[i]);
		if (escape != NULL)
			lemo_buf_adds(buf, escape);
		else
			lemo_buf_add(buf, str + i, n);
	}
}

static void add_text(struct lemo_buf *buf, const char *str)
{
	lemo_xmpp_text_add(buf, str, strlen(str));
}

static void add_attribute(struct lemo_buf *buf, const char *name,
			  const char *value, size_t len)
{
	lemo_buf_addc(buf, ' ');
	lemo_buf_adds(buf, name);
	lemo_buf_adds(buf, "='");
	lemo_xmpp_text_add(buf, value, len);
	lemo_buf_addc(buf, '\'');
}

static void add_attribute_str(struct lemo_buf *buf, const char *name,
			      const char *value)
{
	add_attribute(buf, name, value, strlen(value));
}

void lemo_xmpp_open_add(struct lemo_buf *buf, const char *domain)
{
	lemo_buf_adds(buf, "<?xml version='1.0'?><stream:stream"
		      " xmlns='jabber:component:accept'"
		      " xmlns:stream='http://etherx.jabber.org/streams'");
	add_attribute_str(buf, "to", domain);
	lemo_buf_addc(buf, '>');
}

void lemo_xmpp_handshake_add(struct lemo_buf *buf, const char *digest)
{
	lemo_buf_adds(buf, "<handshake>");
	add_text(buf, digest);
	lemo_buf_adds(buf, "</handshake>");
}

/* RFC 5437 2.4 */
static const char *urgency_name(enum lemo_urgency urgency)
{
	if (urgency == LEMO_URGENCY_HIGH)
		return "high";
	return urgency == LEMO_URGENCY_NORMAL ? "medium" : "low";
}

static void add_sentence(struct lemo_buf *buf, const char *name,
			 lemo_sentence_t *sentence,
			 const struct lemo_event *event,
			 const struct lemo_payload_args *args)
{
	struct lemo_buf text;
	const struct lemo_out out = { &text, false };

	lemo_buf_init(&text, LEMO_XMPP_MESSAGE_MAX);
	sentence(&out, event, args);
	lemo_buf_addf(buf, "<%s>", name);
	if (text.len > 0)
		lemo_xmpp_text_add(buf, text.data, text.len);
	lemo_buf_addf(buf, "</%s>", name);
	if (text.failed)
		buf->failed = true;
	lemo_buf_free(&text);
}

static void add_url(struct lemo_buf *buf, const struct lemo_event *event)
{
	struct lemo_buf url;

	lemo_buf_init(&url, URL_MAX);
	add_text(&url, event->uri);
	if (!url.failed && url.len > 0) {
		lemo_buf_adds(buf, "<x xmlns='jabber:x:oob'><url>");
		lemo_buf_add(buf, url.data, url.len);
		lemo_buf_adds(buf, "</url></x>");
	}
	lemo_buf_free(&url);
}

/* XEP-0131; RFC 5437 2.3 and 2.4 */
static void add_headers(struct lemo_buf *buf, const struct lemo_event *event,
			const struct lemo_payload_args *args)
{
	lemo_buf_addf(buf, "<headers xmlns='http://jabber.org/protocol/shim'>"
		      "<header name='Urgency'>%s</header>",
		      urgency_name(args->urgency));
	if (event->notify_from != NULL) {
		lemo_buf_adds(buf, "<header name='Resent-From'>");
		lemo_xmpp_text_add(buf, event->notify_from, lemo_utf8_cut(
			event->notify_from, strlen(event->notify_from),
			LEMO_TITLE_MAX));
		lemo_buf_adds(buf, "</header>");
	}
	lemo_buf_adds(buf, "</headers>");
}

void lemo_xmpp_message_add(struct lemo_buf *buf, const char *uri,
			   const char *from, const char *id,
			   const struct lemo_event *event,
			   const struct lemo_payload_args *args)
{
	struct lemo_payload_args cut = *args;
	struct lemo_xmpp_uri to;
	const char *error;

	if (cut.level > LEMO_XMPP_PAYLOAD_MAX)
		cut.level = LEMO_XMPP_PAYLOAD_MAX;
	if (lemo_xmpp_uri_parse(uri, &to, &error) < 0) {
		buf->failed = true;
		return;
	}
	lemo_buf_adds(buf, "<message");
	add_attribute_str(buf, "from", from);
	add_attribute(buf, "to", to.jid, to.jid_len);
	add_attribute_str(buf, "id", id);
	lemo_buf_adds(buf, " type='normal'>");
	add_sentence(buf, "subject", lemo_payload_title, event, &cut);
	add_sentence(buf, "body", lemo_payload_message, event, &cut);
	add_headers(buf, event, &cut);
	if (cut.level >= LEMO_PAYLOAD_LOCATOR &&
	    cut.verification_code == NULL)
		add_url(buf, event);
	lemo_buf_adds(buf, "</message>");
}

static void begin_iq(struct lemo_buf *buf, const char *type, const char *from,
		     const char *to, const char *id)
{
	lemo_buf_adds(buf, "<iq");
	add_attribute_str(buf, "type", type);
	add_attribute_str(buf, "from", from);
	add_attribute_str(buf, "to", to);
	add_attribute_str(buf, "id", id);
	lemo_buf_addc(buf, '>');
}

void lemo_xmpp_ping_add(struct lemo_buf *buf, const char *domain,
			const char *id)
{
	begin_iq(buf, "get", domain, domain, id);
	lemo_buf_adds(buf, "<ping xmlns='urn:xmpp:ping'/></iq>");
}

void lemo_xmpp_unserved_add(struct lemo_buf *buf, const char *from,
			    const char *to, const char *id)
{
	begin_iq(buf, "error", from, to, id);
	lemo_buf_adds(buf, "<error type='cancel'><service-unavailable"
		      " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		      "</error></iq>");
}
