#include "lib.h"
#include "redis-conn.h"
#include "redis-reader.h"

#include <hiredis/hiredis.h>

struct redis_reader {
	redisReader *hiredis;
	struct redis_answer answer;
};

/* Instead of an object: what hiredis is told to have made. */
static char made;

static void *reader_string(const redisReadTask *task, char *str, size_t len)
{
	struct redis_reader *reader = task->privdata;

	/* inside of an array it is not the answer */
	if (task->parent == NULL && task->type == REDIS_REPLY_ERROR) {
		len = I_MIN(len, REDIS_ERROR_KEPT);
		memcpy(reader->answer.text, str, len);
		reader->answer.text[len] = '\0';
		reader->answer.error = TRUE;
	}
	return &made;
}

static void reader_free(void *object ATTR_UNUSED)
{
}

/* Of all other kinds hiredis makes nothing then. */
static redisReplyObjectFunctions functions = {
	.createString = reader_string,
	.freeObject = reader_free
};

struct redis_reader *redis_reader_init(void)
{
	struct redis_reader *reader = i_new(struct redis_reader, 1);

	reader->hiredis = redisReaderCreateWithFunctions(&functions);
	if (reader->hiredis == NULL)
		i_fatal_status(FATAL_OUTOFMEM, "hiredis: out of memory");
	reader->hiredis->privdata = reader;
	return reader;
}

void redis_reader_deinit(struct redis_reader **_reader)
{
	struct redis_reader *reader = *_reader;

	*_reader = NULL;
	redisReaderFree(reader->hiredis);
	i_free(reader);
}

bool redis_reader_add(struct redis_reader *reader, const void *data,
		      size_t len)
{
	return redisReaderFeed(reader->hiredis, data, len) == REDIS_OK;
}

int redis_reader_next(struct redis_reader *reader,
		      struct redis_answer *answer_r)
{
	void *object;

	i_zero(&reader->answer);
	if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK)
		return -1;
	if (object == NULL) {
		/* what is left over is the begin of an answer */
		return reader->hiredis->len - reader->hiredis->pos >
			REDIS_ANSWER_MAX ? -1 : 0;
	}
	*answer_r = reader->answer;
	return 1;
}
