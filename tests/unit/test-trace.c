#include "unit.h"
#include "lemo-buf.h"
#include "lemo-trace.h"
#include "lemo-trace-story.h"

#define ID1 "00000000000000000000000000000001"
#define ID2 "00000000000000000000000000000002"
#define ID3 "00000000000000000000000000000003"
#define ID4 "00000000000000000000000000000004"

static const struct lemo_trace_record full = {
	.time = 1795499427288, .kind = LEMO_TRACE_EVENT,
	.user = "alice\t\x01@lemo.test", .event_id = ID1, .device = "phone",
	.type = "MessageNew", .service = "lmtp", .mailbox = "B\xc3\xa4r\n",
	.message_id = "<a b@c>", .flag_names = "\\Flagged $x",
	.uidset = "1:5,7", .uid = 42, .mailbox_key = UINT64_MAX, .feed = true,
	.reason = "filter", .detail = "UNSEEN", .where = "webhook https://a",
	.result = "201", .generation = 7, .events = 3, .tries = 2,
	.msecs = 12, .wait = 4000, .final = true
};

/* The line without its LF, in memory of its own with one octet behind. */
static char *encode(const struct lemo_trace_record *record, size_t *len_r)
{
	struct lemo_buf buf;
	char *copy;

	lemo_buf_init(&buf, LEMO_TRACE_LINE_MAX);
	lemo_trace_encode(record, &buf);
	assert_false(buf.failed);
	assert_int_equal(buf.data[buf.len - 1], '\n');
	assert_null(memchr(buf.data, '\n', buf.len - 1));
	copy = exact_copy(buf.data, buf.len);
	*len_r = buf.len - 1;
	lemo_buf_free(&buf);
	return copy;
}

static void test_round_trip(void **state)
{
	struct lemo_trace_record r;
	size_t len;
	char *line = encode(&full, &len);

	(void)state;
	assert_true(lemo_trace_decode(line, len, &r));
	assert_int_equal(r.time, full.time);
	assert_int_equal(r.kind, full.kind);
#define STR(name) assert_string_equal(r.name, full.name)
	STR(user); STR(event_id); STR(device); STR(type); STR(service);
	STR(mailbox); STR(message_id); STR(flag_names); STR(uidset);
	STR(reason); STR(detail); STR(where); STR(result);
#undef STR
#define NUM(name) assert_true(r.name == full.name)
	NUM(uid); NUM(mailbox_key); NUM(feed); NUM(generation); NUM(events);
	NUM(tries); NUM(msecs); NUM(wait); NUM(final);
#undef NUM
	free(line);
}

static void test_absent_stays_absent(void **state)
{
	static const struct lemo_trace_record least = {
		.kind = LEMO_TRACE_NOTE, .user = ""
	};
	struct lemo_trace_record r;
	size_t len;
	char *line = encode(&least, &len);

	(void)state;
	assert_int_equal(len, 6);
	assert_memory_equal(line, "0\tN\tu=", 6);
	assert_true(lemo_trace_decode(line, len, &r));
	assert_string_equal(r.user, "");
	assert_null(r.event_id);
	assert_null(r.device);
	assert_null(r.reason);
	assert_true(r.generation == 0 && r.wait == 0 && !r.final && !r.feed);
	free(line);
}

static void test_long_values_are_cut(void **state)
{
	struct lemo_trace_record r = full, back;
	char text[1001];
	size_t i, len;
	char *line;

	(void)state;
	/* two octets each behind one of one: the cap would cut in half */
	text[0] = 'x';
	for (i = 1; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[i] = '\0';
	r.message_id = r.detail = r.uidset = text;
	line = encode(&r, &len);
	assert_true(lemo_trace_decode(line, len, &back));
	assert_int_equal(strlen(back.message_id), LEMO_TRACE_VALUE_MAX - 1);
	assert_memory_equal(back.message_id, text, LEMO_TRACE_VALUE_MAX - 1);
	free(line);
}

/* All values as long as can be, each octet escaped: fits. */
static void test_longest_line(void **state)
{
	struct lemo_trace_record r = full, back;
	char text[LEMO_TRACE_VALUE_MAX + 1];
	size_t len;
	char *line;

	(void)state;
	memset(text, '\t', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	r.user = r.event_id = r.device = r.type = r.service = text;
	r.mailbox = r.message_id = r.flag_names = r.uidset = text;
	r.reason = r.detail = r.where = r.result = text;
	line = encode(&r, &len);
	assert_true(len < LEMO_TRACE_LINE_MAX);
	assert_true(lemo_trace_decode(line, len, &back));
	assert_string_equal(back.result, text);
	free(line);
}

static void test_bad_lines(void **state)
{
	static const char *const rows[] = {
		"", "\t", "1", "1\t", "1\tE", "x\tE\tu=a", "1 \tE\tu=a",
		"-1\tE\tu=a", "9223372036854775808\tE\tu=a",
		"18446744073709551616\tE\tu=a", "1\tZ\tu=a", "1\tEE\tu=a",
		"1\tEu=a", "\tE\tu=a", "1\tE\tu", "1\tE\tuu=a", "1\tE\t=a",
		"1\tE\tu=a\tn=", "1\tE\tu=a\tn=1x", "1\tE\tu=a\tn=-1",
		"1\tE\tu=a\tn=18446744073709551616", "1\tE\tu=a\ta=yes",
		"1\tE\tu=a\x01", "1\tE\tu=a\x01z", "1\tE\tu=\x01" "0",
		"1\tE\tu=\xff", "1\tE\tu=\xc3", "1\tE\ti=" ID1,
		/* torn in the middle of a value is not to be seen, torn
		   before the user or in a key is */
		"1795499427288\tE\t", "1795499427288\tE\tu=a\ti",
	};
	struct lemo_trace_record r;
	unsigned int i;
	char *line;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		size_t len = strlen(rows[i]);

		line = exact_copy(rows[i], len + 1);
		poison(&r, sizeof(r));
		assert_row(i, !lemo_trace_decode(line, len, &r));
		assert_row(i, is_poisoned(&r, sizeof(r)));
		free(line);
	}
	line = exact_copy("1\tE\tu=a\0b", sizeof("1\tE\tu=a\0b"));
	assert_false(lemo_trace_decode(line, sizeof("1\tE\tu=a\0b") - 1, &r));
	free(line);
}

static void test_unknown_keys_and_order(void **state)
{
	char line[] = "5\tQ\tQ=new\tg=3\tu=bob\t?=\tu=alice";
	struct lemo_trace_record r;

	(void)state;
	assert_true(lemo_trace_decode(line, sizeof(line) - 1, &r));
	assert_int_equal(r.kind, LEMO_TRACE_QUEUED);
	assert_string_equal(r.user, "alice");
	assert_true(r.generation == 3);
}

static void test_too_long_a_line(void **state)
{
	size_t size = LEMO_TRACE_LINE_MAX + 1;
	char *line = malloc(size);
	struct lemo_trace_record r;

	(void)state;
	assert_non_null(line);
	memset(line, 'x', size);
	memcpy(line, "1\tE\tu=", 6);
	assert_false(lemo_trace_decode(line, LEMO_TRACE_LINE_MAX, &r));
	assert_true(lemo_trace_decode(line, LEMO_TRACE_LINE_MAX - 1, &r));
	free(line);
}

/*
 * Words
 */

static void test_words(void **state)
{
	static const struct {
		struct lemo_trace_record r;
		const char *words;
	} rows[] = {
		{ { .kind = LEMO_TRACE_EVENT, .type = "MessageNew",
		    .mailbox = "INBOX", .uid = 42, .service = "lmtp",
		    .message_id = "<a@b>", .flag_names = "$x", .feed = true },
		  "MessageNew INBOX UID 42 arrived by lmtp, "
		  "Message-ID <a@b>; the feed gets it" },
		{ { .kind = LEMO_TRACE_EVENT, .type = "FlagsSet",
		    .mailbox = "INBOX", .uidset = "1:5", .service = "imap",
		    .flag_names = "\\Flagged" },
		  "FlagsSet (\\Flagged) INBOX UIDs 1:5 by imap" },
		{ { .kind = LEMO_TRACE_EVENT, .type = "Login" }, "Login" },
		{ { .kind = LEMO_TRACE_EVENT }, "event" },
		{ { .kind = LEMO_TRACE_HELD_BACK, .reason = "filter",
		    .detail = "UNSEEN FROM \"boss\"" },
		  "held back: filter `UNSEEN FROM \"boss\"' does not match" },
		{ { .kind = LEMO_TRACE_HELD_BACK, .reason = "filter" },
		  "held back: filter `?' does not match" },
		{ { .kind = LEMO_TRACE_HELD_BACK, .reason = "disabled" },
		  "held back: it is disabled" },
		{ { .kind = LEMO_TRACE_HELD_BACK, .reason = "presence",
		    .detail = "session x" },
		  "held back: it is connected (session x)" },
		{ { .kind = LEMO_TRACE_HELD_BACK, .reason = "moonlight",
		    .detail = "full" }, "held back: moonlight (full)" },
		{ { .kind = LEMO_TRACE_HELD_BACK }, "held back: ?" },
		{ { .kind = LEMO_TRACE_HELD_BACK, .reason = "ceiling" },
		  "is told less than it asks for: the channel's payload "
		  "ceiling" },
		{ { .kind = LEMO_TRACE_QUEUED, .generation = 1 }, "queued" },
		{ { .kind = LEMO_TRACE_QUEUED, .wait = 5000,
		    .detail = "collapse" }, "queued, waits 5.0 s (collapse)" },
		{ { .kind = LEMO_TRACE_QUEUED, .wait = 999 },
		  "queued, waits 999 ms" },
		{ { .kind = LEMO_TRACE_QUEUED, .reason = "quiet" },
		  "queued with all that was held back before (quiet)" },
		{ { .kind = LEMO_TRACE_MERGED, .events = 3 },
		  "joins a push that waits (3 events now)" },
		{ { .kind = LEMO_TRACE_SENT, .result = "201", .msecs = 12,
		    .where = "webhook https://a.test", .final = true },
		  "sent to webhook https://a.test, answered 201 in 12 ms" },
		{ { .kind = LEMO_TRACE_SENT, .result = "503", .msecs = 1234,
		    .events = 2, .tries = 1, .wait = 60000 },
		  "sent for 2 events, answered 503 in 1.2 s; try 1 failed, "
		  "the next one in 60 s" },
		{ { .kind = LEMO_TRACE_SENT, .reason = "gave up" },
		  "sent, answered ? in 0 ms; gave up" },
		{ { .kind = LEMO_TRACE_NOT_SENT, .reason = "waited too long" },
		  "not sent: waited too long" },
		{ { .kind = LEMO_TRACE_NOT_SENT }, "not sent: ?" },
		{ { .kind = LEMO_TRACE_NOTE, .reason = "it rained" },
		  "it rained" },
		{ { .kind = LEMO_TRACE_NOTE }, "?" },
	};
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	lemo_buf_init(&buf, 4096);
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_reset(&buf);
		lemo_trace_words(&rows[i].r, &buf);
		if (strcmp(BUF_STR(&buf), rows[i].words) != 0)
			fail_msg("row %u: %s", i, BUF_STR(&buf));
	}
	lemo_buf_free(&buf);
}

/*
 * Stories
 */

#define EVENT(u, id, num, mid) { .kind = LEMO_TRACE_EVENT, .user = u, \
	.event_id = id, .type = "MessageNew", .mailbox_key = 9, .uid = num, \
	.message_id = mid }
#define ROW(k, u, id, dev, gen, end) { .kind = LEMO_TRACE_##k, .user = u, \
	.event_id = id, .device = dev, .generation = gen, .final = end }

#define HELD(u, id, dev, why) { .kind = LEMO_TRACE_HELD_BACK, .user = u, \
	.event_id = id, .device = dev, .reason = why }
#define RESUMED(k, u, id, dev, gen, why) { .kind = LEMO_TRACE_##k, \
	.user = u, .event_id = id, .device = dev, .generation = gen, \
	.reason = why }

struct step {
	struct lemo_trace_record record;
	enum lemo_trace_verdict verdict;
};

static void tell(const struct lemo_trace_query *query,
		 const struct step *steps, unsigned int count)
{
	struct lemo_trace_story *story = lemo_trace_story_init(query);
	unsigned int i;

	assert_non_null(story);
	for (i = 0; i < count; i++) {
		assert_row(i, lemo_trace_story_next(story, &steps[i].record) ==
			   steps[i].verdict);
	}
	lemo_trace_story_deinit(&story);
	assert_null(story);
}

static void test_story_of_a_message(void **state)
{
	static const struct step steps[] = {
		{ EVENT("al", ID1, 41, "<x@y>"), LEMO_TRACE_SKIP },
		{ ROW(QUEUED, "al", ID1, "phone", 1, false), LEMO_TRACE_SKIP },
		{ EVENT("al", ID2, 42, "<a@b>"), LEMO_TRACE_TAKE },
		{ ROW(MERGED, "al", ID2, "phone", 2, false), LEMO_TRACE_TAKE },
		{ ROW(HELD_BACK, "al", ID2, "pad", 0, false),
		  LEMO_TRACE_TAKE },
		{ EVENT("al", ID3, 43, NULL), LEMO_TRACE_SKIP },
		{ ROW(MERGED, "al", ID3, "phone", 3, false), LEMO_TRACE_SKIP },
		{ ROW(HELD_BACK, "al", ID3, "pad", 0, false),
		  LEMO_TRACE_SKIP },
		/* it is read; nobody cares, and the push goes on */
		{ { .kind = LEMO_TRACE_EVENT, .user = "al", .event_id = ID4,
		    .mailbox_key = 9, .uid = 42 }, LEMO_TRACE_TAKE },
		{ HELD("al", ID4, "phone", "events"), LEMO_TRACE_TAKE },
		/* the first try was made before ours joined */
		{ ROW(SENT, "al", ID1, "phone", 1, true), LEMO_TRACE_TAKE },
		/* another event speaks for the row: ours is in it */
		{ ROW(SENT, "al", ID3, "phone", 3, false), LEMO_TRACE_TAKE },
		{ ROW(SENT, "al", ID3, "pad", 3, false), LEMO_TRACE_SKIP },
		{ ROW(SENT, "bo", ID3, "phone", 3, true), LEMO_TRACE_SKIP },
		{ ROW(SENT, "al", ID3, "phone", 3, true), LEMO_TRACE_TAKE },
		/* another row of the device */
		{ ROW(SENT, "al", ID3, "phone", 4, true), LEMO_TRACE_SKIP },
	};
	const struct lemo_trace_query query = { .message_id = "a@b" };

	(void)state;
	tell(&query, steps, N_ELEMENTS(steps));
}

static void test_story_goes_on_when_it_is_read(void **state)
{
	static const struct step steps[] = {
		{ EVENT("al", ID1, 42, "<a@b>"), LEMO_TRACE_TAKE },
		{ { .kind = LEMO_TRACE_EVENT, .user = "al", .event_id = ID2,
		    .type = "MessageRead", .mailbox_key = 9,
		    .uidset = "1:3,40:50" }, LEMO_TRACE_TAKE },
		{ ROW(NOTE, "al", ID2, "phone", 0, false), LEMO_TRACE_TAKE },
		{ { .kind = LEMO_TRACE_EVENT, .user = "al", .event_id = ID3,
		    .mailbox_key = 9, .uidset = "1:41,43" }, LEMO_TRACE_SKIP },
		{ { .kind = LEMO_TRACE_EVENT, .user = "al", .event_id = ID3,
		    .mailbox_key = 8, .uid = 42 }, LEMO_TRACE_SKIP },
		{ { .kind = LEMO_TRACE_EVENT, .user = "bo", .event_id = ID3,
		    .mailbox_key = 9, .uid = 42 }, LEMO_TRACE_SKIP },
		{ { .kind = LEMO_TRACE_EVENT, .user = "al", .event_id = ID3,
		    .mailbox_key = 9, .uidset = "42" }, LEMO_TRACE_TAKE },
		{ { .kind = LEMO_TRACE_EVENT, .user = "al", .event_id = ID3,
		    .mailbox_key = 9, .uidset = "x42,42" }, LEMO_TRACE_SKIP },
	};
	const struct lemo_trace_query query = { .message_id = "<a@b>" };

	(void)state;
	tell(&query, steps, N_ELEMENTS(steps));
}

/* Quiet hours: what was held back goes in a row for which another speaks. */
static void test_story_of_what_was_kept_back(void **state)
{
	static const struct step steps[] = {
		{ EVENT("al", ID1, 41, "<a@b>"), LEMO_TRACE_TAKE },
		{ HELD("al", ID1, "phone", "quiet"), LEMO_TRACE_TAKE },
		{ HELD("al", ID1, "pad", "filter"), LEMO_TRACE_TAKE },
		{ EVENT("al", ID2, 42, "<x@y>"), LEMO_TRACE_SKIP },
		{ HELD("al", ID2, "phone", "quiet"), LEMO_TRACE_SKIP },
		{ HELD("al", ID2, "pad", "quiet"), LEMO_TRACE_SKIP },
		/* an urgent one that does not wait */
		{ ROW(QUEUED, "al", ID3, "phone", 1, false), LEMO_TRACE_SKIP },
		{ ROW(SENT, "al", ID3, "phone", 1, true), LEMO_TRACE_SKIP },
		{ RESUMED(QUEUED, "al", ID2, "phone", 1, "quiet"),
		  LEMO_TRACE_TAKE },
		{ RESUMED(QUEUED, "al", ID2, "pad", 1, "quiet"),
		  LEMO_TRACE_SKIP },
		{ ROW(SENT, "al", ID2, "pad", 1, true), LEMO_TRACE_SKIP },
		{ ROW(SENT, "al", ID2, "phone", 1, true), LEMO_TRACE_TAKE },
		{ ROW(SENT, "al", ID2, "phone", 2, true), LEMO_TRACE_SKIP },
	};
	const struct lemo_trace_query query = { .message_id = "<a@b>" };

	(void)state;
	tell(&query, steps, N_ELEMENTS(steps));
}

/* The hours begin while it waits in a row: all in the row is kept back. */
static void test_story_of_a_row_that_is_kept_back(void **state)
{
	static const struct step steps[] = {
		{ EVENT("al", ID1, 41, "<a@b>"), LEMO_TRACE_TAKE },
		{ ROW(QUEUED, "al", ID1, "phone", 1, false), LEMO_TRACE_TAKE },
		{ ROW(MERGED, "al", ID2, "phone", 2, false), LEMO_TRACE_SKIP },
		{ RESUMED(HELD_BACK, "al", ID2, "phone", 2, "quiet"),
		  LEMO_TRACE_TAKE },
		{ ROW(QUEUED, "al", ID3, "phone", 1, false), LEMO_TRACE_SKIP },
		{ RESUMED(MERGED, "al", ID2, "phone", 2, "quiet"),
		  LEMO_TRACE_TAKE },
		{ ROW(SENT, "al", ID3, "phone", 2, true), LEMO_TRACE_TAKE },
		{ ROW(SENT, "al", ID3, "phone", 3, true), LEMO_TRACE_SKIP },
	};
	const struct lemo_trace_query query = { .message_id = "<a@b>" };

	(void)state;
	tell(&query, steps, N_ELEMENTS(steps));
}

/* Over budget: the row waits, and goes on. */
static void test_story_of_a_row_over_budget(void **state)
{
	static const struct step steps[] = {
		{ EVENT("al", ID1, 41, "<a@b>"), LEMO_TRACE_TAKE },
		{ ROW(QUEUED, "al", ID1, "phone", 1, false), LEMO_TRACE_TAKE },
		{ RESUMED(HELD_BACK, "al", ID1, "phone", 1, "budget"),
		  LEMO_TRACE_TAKE },
		{ ROW(MERGED, "al", ID2, "phone", 2, false), LEMO_TRACE_SKIP },
		{ ROW(SENT, "al", ID2, "phone", 2, true), LEMO_TRACE_TAKE },
		{ ROW(QUEUED, "al", ID3, "phone", 1, false), LEMO_TRACE_SKIP },
		{ ROW(SENT, "al", ID3, "phone", 1, true), LEMO_TRACE_SKIP },
	};
	const struct lemo_trace_query query = { .message_id = "<a@b>" };

	(void)state;
	tell(&query, steps, N_ELEMENTS(steps));
}

/* Read while it is kept back: the summary of the others is not its own. */
static void test_story_of_what_is_read_meanwhile(void **state)
{
	static const struct step steps[] = {
		{ EVENT("al", ID1, 42, "<a@b>"), LEMO_TRACE_TAKE },
		{ HELD("al", ID1, "phone", "quiet"), LEMO_TRACE_TAKE },
		{ { .kind = LEMO_TRACE_EVENT, .user = "al", .event_id = ID2,
		    .mailbox_key = 9, .uid = 42 }, LEMO_TRACE_TAKE },
		{ ROW(NOT_SENT, "al", ID2, "phone", 0, true),
		  LEMO_TRACE_TAKE },
		{ RESUMED(QUEUED, "al", ID3, "phone", 1, "quiet"),
		  LEMO_TRACE_SKIP },
		{ ROW(SENT, "al", ID3, "phone", 1, true), LEMO_TRACE_SKIP },
	};
	const struct lemo_trace_query query = { .message_id = "<a@b>" };

	(void)state;
	tell(&query, steps, N_ELEMENTS(steps));
}

static void test_story_of_a_device(void **state)
{
	static const struct step steps[] = {
		{ EVENT("al", ID1, 42, "<a@b>"), LEMO_TRACE_HOLD },
		{ ROW(QUEUED, "al", ID1, "pad", 1, false), LEMO_TRACE_SKIP },
		{ ROW(QUEUED, "al", ID1, "phone", 1, false), LEMO_TRACE_TAKE },
		{ ROW(SENT, "al", ID1, "phone", 1, true), LEMO_TRACE_TAKE },
		{ EVENT("bo", ID2, 42, "<a@b>"), LEMO_TRACE_SKIP },
		{ ROW(SENT, "bo", ID2, "phone", 1, true), LEMO_TRACE_SKIP },
	};
	const struct lemo_trace_query query = {
		.user = "al", .device = "phone"
	};

	(void)state;
	tell(&query, steps, N_ELEMENTS(steps));
}

static void test_story_of_a_user(void **state)
{
	static const struct step steps[] = {
		{ EVENT("al", ID1, 42, NULL), LEMO_TRACE_TAKE },
		{ ROW(QUEUED, "al", ID1, "pad", 1, false), LEMO_TRACE_TAKE },
		{ EVENT("bo", ID2, 42, NULL), LEMO_TRACE_SKIP },
		{ ROW(QUEUED, "bo", ID2, "pad", 1, false), LEMO_TRACE_SKIP },
	};
	const struct lemo_trace_query query = { .user = "al" };

	(void)state;
	tell(&query, steps, N_ELEMENTS(steps));
}

/* A flood ends the following, not the process. */
static void test_story_is_bounded(void **state)
{
	const struct lemo_trace_query query = { .message_id = "<a@b>" };
	struct lemo_trace_story *story = lemo_trace_story_init(&query);
	unsigned int i;
	char id[33], device[16];

	(void)state;
	assert_non_null(story);
	for (i = 0; i < 3 * LEMO_TRACE_STORY_MAX; i++) {
		const struct lemo_trace_record event =
			EVENT("al", id, i + 1, "<a@b>");
		const struct lemo_trace_record row =
			ROW(QUEUED, "al", id, device, 1, false);

		(void)snprintf(id, sizeof(id), "%032x", i);
		(void)snprintf(device, sizeof(device), "d%u", i);
		assert_int_equal(lemo_trace_story_next(story, &event),
				 LEMO_TRACE_TAKE);
		assert_int_equal(lemo_trace_story_next(story, &row),
				 i < LEMO_TRACE_STORY_MAX ? LEMO_TRACE_TAKE :
				 LEMO_TRACE_SKIP);
	}
	lemo_trace_story_deinit(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_absent_stays_absent),
		cmocka_unit_test(test_long_values_are_cut),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_unknown_keys_and_order),
		cmocka_unit_test(test_too_long_a_line),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_story_of_a_message),
		cmocka_unit_test(test_story_goes_on_when_it_is_read),
		cmocka_unit_test(test_story_of_what_was_kept_back),
		cmocka_unit_test(test_story_of_a_row_that_is_kept_back),
		cmocka_unit_test(test_story_of_a_row_over_budget),
		cmocka_unit_test(test_story_of_what_is_read_meanwhile),
		cmocka_unit_test(test_story_of_a_device),
		cmocka_unit_test(test_story_of_a_user),
		cmocka_unit_test(test_story_is_bounded)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
