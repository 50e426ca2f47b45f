#include "fuzz.h"
#include "lemo-buf.h"
#include "lemo-trace.h"
#include "lemo-trace-story.h"

/* The input is a line as it might stand on disk. What decodes, encodes to a
   line that says the same once more. */
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

static void tell(const struct lemo_trace_record *record)
{
	const struct lemo_trace_query query = {
		.message_id = record->message_id == NULL ? "<x@y>" :
			record->message_id
	};
	struct lemo_trace_story *story = lemo_trace_story_init(&query);
	struct lemo_buf buf;

	FUZZ_ASSERT(story != NULL);
	(void)lemo_trace_story_next(story, record);
	(void)lemo_trace_story_next(story, record);
	lemo_trace_story_deinit(&story);
	lemo_buf_init(&buf, 4 * LEMO_TRACE_LINE_MAX);
	lemo_trace_words(record, &buf);
	FUZZ_ASSERT(!buf.failed);
	lemo_buf_free(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* the octet behind it is writable */
	char *line = fuzz_string(data, size);
	struct lemo_trace_record record;

	if (lemo_trace_decode(line, size, &record)) {
		encode_twice(&record);
		tell(&record);
	}
	free(line);
	return 0;
}
