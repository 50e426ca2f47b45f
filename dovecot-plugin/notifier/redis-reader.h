#ifndef REDIS_READER_H
#define REDIS_READER_H

/*
 * Answers of a Redis server: hiredis's parser, but nothing of an answer is
 * kept but its kind and the begin of an error.
 */

struct redis_reader;

/* Octets of an error that are kept: it is its first word that counts. */
#define REDIS_ERROR_KEPT 64

struct redis_answer {
	bool error;
	char text[REDIS_ERROR_KEPT + 1];
};

struct redis_reader *redis_reader_init(void);
void redis_reader_deinit(struct redis_reader **reader);

/* False if that was no answer of a Redis server, or memory ran out: then
   nothing can be read any more. */
bool redis_reader_add(struct redis_reader *reader, const void *data,
		      size_t len);
/* 1 = an answer, 0 = it is not complete yet, -1 = no Redis server. */
int redis_reader_next(struct redis_reader *reader,
		      struct redis_answer *answer_r);

#endif
