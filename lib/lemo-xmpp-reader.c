#include "lemo-xmpp-reader.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

/* Between namespace and name, as expat gives them */
#define SEPARATOR ' '
#define NS_STREAM "http://etherx.jabber.org/streams "
#define NS_COMPONENT "jabber:component:accept "
#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas "
#define NS_STREAMS "urn:ietf:params:xml:ns:xmpp-streams "

struct lemo_xmpp_reader {
	XML_Parser parser;
	struct lemo_xmpp_stanza stanza;
	/* elements open */
	unsigned int depth;
	/* of the stanza so far, at least */
	size_t octets;
	/* the stanza is to be told */
	bool ready;
	/* the parser stopped for that */
	bool suspended;
	/* the element at depth 2 is <error/> */
	bool in_error;
	/* the stream ended, which is told last */
	bool closed;
	const char *error;
};

static void copy(char *dest, size_t size, const char *value)
{
	size_t len = strlen(value);

	if (len < size)
		memcpy(dest, value, len + 1);
}

static void reader_fail(struct lemo_xmpp_reader *reader, const char *error)
{
	if (reader->error == NULL)
		reader->error = error;
	(void)XML_StopParser(reader->parser, XML_FALSE);
}

static void stanza_is_ready(struct lemo_xmpp_reader *reader)
{
	reader->ready = true;
	reader->octets = 0;
	(void)XML_StopParser(reader->parser, XML_TRUE);
}

static enum lemo_xmpp_kind kind_of(const char *name)
{
	static const struct {
		const char *name;
		enum lemo_xmpp_kind kind;
	} kinds[] = {
		{ NS_COMPONENT "message", LEMO_XMPP_MESSAGE },
		{ NS_COMPONENT "iq", LEMO_XMPP_IQ },
		{ NS_COMPONENT "handshake", LEMO_XMPP_ACCEPTED },
		{ NS_STREAM "error", LEMO_XMPP_STREAM_ERROR }
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) == 0)
			return kinds[i].kind;
	}
	return LEMO_XMPP_OTHER;
}

static void begin_stanza(struct lemo_xmpp_reader *reader,
			 enum lemo_xmpp_kind kind, const char **attrs)
{
	struct lemo_xmpp_stanza *stanza = &reader->stanza;

	memset(stanza, 0, sizeof(*stanza));
	stanza->kind = kind;
	for (; attrs[0] != NULL; attrs += 2) {
		if (strcmp(attrs[0], "id") == 0)
			copy(stanza->id, sizeof(stanza->id), attrs[1]);
		else if (strcmp(attrs[0], "from") == 0)
			copy(stanza->from, sizeof(stanza->from), attrs[1]);
		else if (strcmp(attrs[0], "type") == 0)
			copy(stanza->type, sizeof(stanza->type), attrs[1]);
	}
}

/* The first child that is none of <text/> */
static void read_condition(struct lemo_xmpp_stanza *stanza, const char *name,
			   const char *ns)
{
	size_t len = strlen(ns);

	if (stanza->condition[0] == '\0' && strncmp(name, ns, len) == 0 &&
	    strcmp(name + len, "text") != 0)
		copy(stanza->condition, sizeof(stanza->condition), name + len);
}

static void read_child(struct lemo_xmpp_reader *reader, const char *name,
		       const char **attrs)
{
	struct lemo_xmpp_stanza *stanza = &reader->stanza;

	reader->in_error = strcmp(name, NS_COMPONENT "error") == 0;
	if (stanza->kind == LEMO_XMPP_STREAM_ERROR)
		read_condition(stanza, name, NS_STREAMS);
	for (; reader->in_error && attrs[0] != NULL; attrs += 2) {
		if (strcmp(attrs[0], "type") == 0) {
			copy(stanza->error_type, sizeof(stanza->error_type),
			     attrs[1]);
		}
	}
}

static void begin_stream(struct lemo_xmpp_reader *reader, const char *name,
			 const char **attrs)
{
	if (strcmp(name, NS_STREAM "stream") != 0) {
		reader_fail(reader, "is no XMPP server");
		return;
	}
	begin_stanza(reader, LEMO_XMPP_OPEN, attrs);
	stanza_is_ready(reader);
}

static void XMLCALL
element_begins(void *context, const char *name, const char **attrs)
{
	struct lemo_xmpp_reader *reader = context;

	switch (reader->depth++) {
	case 0:
		begin_stream(reader, name, attrs);
		break;
	case 1:
		begin_stanza(reader, kind_of(name), attrs);
		break;
	case 2:
		read_child(reader, name, attrs);
		break;
	case 3:
		if (reader->in_error)
			read_condition(&reader->stanza, name, NS_STANZAS);
		break;
	default:
		if (reader->depth > LEMO_XMPP_DEPTH_MAX)
			reader_fail(reader, "sent a stanza that is too deep");
	}
}

static void XMLCALL element_ends(void *context, const char *name)
{
	struct lemo_xmpp_reader *reader = context;

	(void)name;
	if (--reader->depth == 0)
		reader->closed = true;
	else if (reader->depth == 1)
		stanza_is_ready(reader);
}

/* Between stanzas servers send blanks, day and night. */
static void XMLCALL text_comes(void *context, const char *text, int len)
{
	struct lemo_xmpp_reader *reader = context;

	(void)text;
	(void)len;
	if (reader->depth == 1)
		reader->octets = 0;
}

static void XMLCALL
doctype_begins(void *context, const char *name, const char *sysid,
	       const char *pubid, int has_internal_subset)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)has_internal_subset;
	reader_fail(context, "sent a document type");
}

struct lemo_xmpp_reader *lemo_xmpp_reader_init(void)
{
	struct lemo_xmpp_reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return NULL;
	reader->parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
	if (reader->parser == NULL) {
		free(reader);
		return NULL;
	}
#ifdef LEMO_EXPAT_DEFERS
	/* a stanza is to be understood when it is there, not when the next
	   one is; what that could cost is bounded by its size */
	(void)XML_SetReparseDeferralEnabled(reader->parser, XML_FALSE);
#endif
	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, element_begins, element_ends);
	XML_SetCharacterDataHandler(reader->parser, text_comes);
	XML_SetStartDoctypeDeclHandler(reader->parser, doctype_begins);
	return reader;
}

void lemo_xmpp_reader_deinit(struct lemo_xmpp_reader **_reader)
{
	struct lemo_xmpp_reader *reader = *_reader;

	*_reader = NULL;
	if (reader == NULL)
		return;
	XML_ParserFree(reader->parser);
	free(reader);
}

static void parsed(struct lemo_xmpp_reader *reader, enum XML_Status status)
{
	if (status == XML_STATUS_SUSPENDED)
		reader->suspended = true;
	else if (status == XML_STATUS_ERROR && reader->error == NULL)
		reader->error = "sent what is no XML";
}

void lemo_xmpp_reader_push(struct lemo_xmpp_reader *reader, const char *data,
			   size_t len)
{
	if (reader->error != NULL || reader->closed || reader->suspended)
		return;
	if (len > LEMO_XMPP_STANZA_MAX ||
	    reader->octets > LEMO_XMPP_STANZA_MAX) {
		reader->error = "sent a stanza that is too large";
		return;
	}
	reader->octets += len;
	parsed(reader, XML_Parse(reader->parser, data, len, 0));
}

int lemo_xmpp_reader_next(struct lemo_xmpp_reader *reader,
			  const struct lemo_xmpp_stanza **stanza_r,
			  const char **error_r)
{
	for (;;) {
		if (reader->ready) {
			reader->ready = false;
			*stanza_r = &reader->stanza;
			return 1;
		}
		if (reader->error != NULL) {
			*error_r = reader->error;
			return -1;
		}
		if (!reader->suspended)
			break;
		reader->suspended = false;
		parsed(reader, XML_ResumeParser(reader->parser));
	}
	if (!reader->closed)
		return 0;
	/* and nothing follows */
	reader->error = "has ended the stream";
	memset(&reader->stanza, 0, sizeof(reader->stanza));
	reader->stanza.kind = LEMO_XMPP_CLOSE;
	*stanza_r = &reader->stanza;
	return 1;
}
