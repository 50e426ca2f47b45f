#include "fuzz.h"
#include "lemo-buf.h"
#include "lemo-trace.h"
#include "lemo-trace-story.h"

/* The input are lines as they might stand on disk. What decodes, encodes to a
   line that says the same once more; and a story is made of them all. */
static void encode_twice(const struct lemo_trace_record *record)
{
	struct lemo_trace_record again;
	struct lemo_buf first, second;
	char *copy;

	lemo_buf_init(&first, LEMO_TRACE_LINE_MAX);
	lemo_buf_init(&second, LEMO_TRACE_LINE_MAX);
	lemo_trace_encode(record, &first);
	FUZZ_ASSERT(!first.failed && first.data[first.len - 1] == '\n');
	FUZZ_ASSERT(memchr(first.data, '\n', first.len - 1) == NULL);
	copy = fuzz_copy((const uint8_t *)first.data, first.len);
	FUZZ_ASSERT(lemo_trace_decode(copy, first.len - 1, &again));
	lemo_trace_encode(&again, &second);
	FUZZ_ASSERT(first.len == second.len &&
		    memcmp(first.data, second.data, first.len) == 0);
	free(copy);
	lemo_buf_free(&first);
	lemo_buf_free(&second);
}

static void say(const struct lemo_trace_record *record)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, 4 * LEMO_TRACE_LINE_MAX);
	lemo_trace_words(record, &buf);
	FUZZ_ASSERT(!buf.failed);
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lemo_trace_query query = { .message_id = "<a@b>" };
	/* the octet behind a line is writable */
	char *lines = fuzz_string(data, size), *pos, *end;
	struct lemo_trace_story *story = lemo_trace_story_init(&query);
	struct lemo_trace_record record;

	FUZZ_ASSERT(story != NULL);
	for (pos = lines; pos < lines + size; pos = end + 1) {
		end = memchr(pos, '\n', lines + size - pos);
		if (end == NULL)
			end = lines + size;
		if (!lemo_trace_decode(pos, end - pos, &record))
			continue;
		encode_twice(&record);
		say(&record);
		(void)lemo_trace_story_next(story, &record);
	}
	lemo_trace_story_deinit(&story);
	free(lines);
	return 0;
}
