#ifndef LEMO_BUF_H
#define LEMO_BUF_H

/*
 * A growing octet buffer with a cap (after curl's dynbuf): once an append
 * would pass the cap, or memory runs out, the buffer is `failed`, keeps what
 * it has and ignores further appends, so callers check once at the end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lemo_buf {
	char *data; /* NUL-terminated while len > 0; NULL when empty */
	size_t len, size, max;
	bool failed;
};

/* max: the largest len ever allowed, in octets. */
void lemo_buf_init(struct lemo_buf *buf, size_t max);
/* Frees the memory; the buffer may be used again. */
void lemo_buf_free(struct lemo_buf *buf);
/* Empties it and forgets a failure; keeps the memory. */
void lemo_buf_reset(struct lemo_buf *buf);
void lemo_buf_add(struct lemo_buf *buf, const void *data, size_t len);
void lemo_buf_adds(struct lemo_buf *buf, const char *str);
void lemo_buf_addc(struct lemo_buf *buf, char c);
/* Appends a number in decimal. */
void lemo_buf_addu(struct lemo_buf *buf, uint64_t num);
void lemo_buf_addf(struct lemo_buf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
