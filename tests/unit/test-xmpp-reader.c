#include "unit.h"
#include "lemo-xmpp-reader.h"

#define OPEN "<?xml version='1.0'?><stream:stream " \
	"xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' " \
	"id='s1' from='n.example'>"
#define STANZAS "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
#define STREAMS "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
#define BOUNCED "<message id='m1' from='a@b' type='error'>" \
	"<body>x<i><b>y</b></i></body>" \
	"<error type='cancel' by='b'><text " STANZAS ">no</text>" \
	"<service-unavailable " STANZAS "/></error></message>"

struct reading {
	/* a letter a stanza, then "!" for an error */
	char kinds[32];
	struct lemo_xmpp_stanza last;
	const char *error;
};

static void read_text(struct reading *reading, const char *text, size_t len,
		      size_t part)
{
	static const char letters[] = "-OAMIEC";
	struct lemo_xmpp_reader *reader = lemo_xmpp_reader_init();
	const struct lemo_xmpp_stanza *stanza;
	size_t n, count = 0;
	int ret = 0;

	memset(reading, 0, sizeof(*reading));
	for (; len > 0 && ret == 0; text += n, len -= n) {
		n = len < part ? len : part;
		lemo_xmpp_reader_push(reader, text, n);
		while ((ret = lemo_xmpp_reader_next(reader, &stanza,
						    &reading->error)) > 0) {
			reading->last = *stanza;
			assert_true(count < sizeof(reading->kinds) - 2);
			reading->kinds[count++] = letters[stanza->kind];
		}
	}
	if (ret < 0)
		reading->kinds[count] = '!';
	lemo_xmpp_reader_deinit(&reader);
	assert_null(reader);
}

static void test_stanzas(void **state)
{
	static const char text[] = OPEN "<handshake/> " BOUNCED
		"<presence/>\n<iq id='i' type='get' from='c@d'>"
		"<ping xmlns='urn:xmpp:ping'/></iq></stream:stream>";
	struct reading reading;
	size_t part;

	(void)state;
	/* however it is cut */
	for (part = 1; part <= sizeof(text); part++) {
		read_text(&reading, text, sizeof(text) - 1, part);
		assert_row(part, strcmp(reading.kinds, "OAM-IC!") == 0);
	}
	assert_string_equal(reading.error, "has ended the stream");
}

/* A stanza is told when its last octet is there. */
static void test_nothing_is_late(void **state)
{
	static const char text[] = OPEN "<handshake/>" BOUNCED;
	struct reading reading;

	(void)state;
	read_text(&reading, text, sizeof(text) - 1, 7);
	assert_string_equal(reading.kinds, "OAM");
	assert_string_equal(reading.last.id, "m1");
	assert_string_equal(reading.last.from, "a@b");
	assert_string_equal(reading.last.type, "error");
	assert_string_equal(reading.last.error_type, "cancel");
	assert_string_equal(reading.last.condition, "service-unavailable");
}

static void test_stream(void **state)
{
	struct reading reading;

	(void)state;
	read_text(&reading, OPEN, sizeof(OPEN) - 1, 4096);
	assert_string_equal(reading.kinds, "O");
	assert_string_equal(reading.last.id, "s1");
	read_text(&reading, OPEN "<stream:error><text " STREAMS ">x</text>"
		  "<not-authorized " STREAMS "/></stream:error>",
		  strlen(OPEN "<stream:error><text " STREAMS ">x</text>"
			 "<not-authorized " STREAMS "/></stream:error>"), 99);
	assert_string_equal(reading.kinds, "OE");
	assert_string_equal(reading.last.condition, "not-authorized");
}

/* What looks like it but is of another namespace, or elsewhere. */
static void test_impostors(void **state)
{
	static const char text[] = OPEN
		"<handshake xmlns='x'/><message xmlns='jabber:client'/>"
		"<message id='m'><x xmlns='y'><error type='cancel'>"
		"<gone " STANZAS "/></error></x></message>";
	struct reading reading;

	(void)state;
	read_text(&reading, text, sizeof(text) - 1, 4096);
	assert_string_equal(reading.kinds, "O--M");
	assert_string_equal(reading.last.error_type, "");
	assert_string_equal(reading.last.condition, "");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *kinds, *error;
	} rows[] = {
		{ "HTTP/1.1 400 Bad", "!", "sent what is no XML" },
		{ "<html>", "!", "is no XMPP server" },
		{ "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "!",
		  "sent a document type" },
		{ OPEN "<message>&b;</message>", "O!", "sent what is no XML" },
		{ OPEN "<message></iq>", "O!", "sent what is no XML" },
		{ OPEN "<message a='\xff'/>", "O!", "sent what is no XML" },
		{ OPEN "<message>\x01</message>", "O!", "sent what is no XML" }
	};
	struct reading reading;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		read_text(&reading, rows[i].text, strlen(rows[i].text), 8);
		assert_row(i, strcmp(reading.kinds, rows[i].kinds) == 0);
		assert_row(i, strcmp(reading.error, rows[i].error) == 0);
	}
}

static void test_depth(void **state)
{
	char text[2000] = OPEN;
	size_t i, len = strlen(text);
	struct reading reading;

	(void)state;
	for (i = 0; i < LEMO_XMPP_DEPTH_MAX - 1; i++, len += 3)
		memcpy(text + len, "<a>", 3);
	read_text(&reading, text, len, 100);
	assert_string_equal(reading.kinds, "O");
	memcpy(text + len, "<a>", 3);
	read_text(&reading, text, len + 3, 100);
	assert_string_equal(reading.kinds, "O!");
	assert_string_equal(reading.error, "sent a stanza that is too deep");
}

/* begin, then n times the octet */
static char *long_text(const char *begin, char c, size_t n, size_t *len_r)
{
	size_t len = strlen(begin);
	char *text = malloc(len + n);

	assert_non_null(text);
	memcpy(text, begin, len);
	memset(text + len, c, n);
	*len_r = len + n;
	return text;
}

static void test_sizes(void **state)
{
	struct reading reading;
	char *text;
	size_t len;

	(void)state;
	text = long_text(OPEN "<message><body>", 'x',
			 LEMO_XMPP_STANZA_MAX + 20000, &len);
	read_text(&reading, text, len, 4096);
	assert_string_equal(reading.error, "sent a stanza that is too large");
	free(text);
	/* one tag that does not end */
	text = long_text(OPEN "<message id='", 'x',
			 LEMO_XMPP_STANZA_MAX + 20000, &len);
	read_text(&reading, text, len, 4096);
	assert_string_equal(reading.error, "sent a stanza that is too large");
	free(text);
	/* blanks between stanzas are none */
	text = long_text(OPEN, ' ', 5 * LEMO_XMPP_STANZA_MAX, &len);
	read_text(&reading, text, len, 4096);
	assert_string_equal(reading.kinds, "O");
	free(text);
}

/* What is longer than ours can be. */
static void test_long_attributes(void **state)
{
	struct reading reading;
	char *text;
	size_t len;

	(void)state;
	text = long_text(OPEN "<iq from='a' id='", 'x',
			 LEMO_XMPP_ID_MAX + 1 + 3, &len);
	memcpy(text + len - 3, "'/>", 3);
	read_text(&reading, text, len, 4096);
	assert_string_equal(reading.kinds, "OI");
	assert_string_equal(reading.last.id, "");
	assert_string_equal(reading.last.from, "a");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stanzas),
		cmocka_unit_test(test_nothing_is_late),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_impostors),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_long_attributes)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
