#include "lemo-buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

#define LEMO_BUF_FIRST_SIZE 256

void lemo_buf_init(struct lemo_buf *buf, size_t max)
{
	memset(buf, 0, sizeof(*buf));
	buf->max = max;
}

void lemo_buf_free(struct lemo_buf *buf)
{
	free(buf->data);
	lemo_buf_init(buf, buf->max);
}

void lemo_buf_reset(struct lemo_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

/* Makes room for len octets and a NUL behind what is there. */
static bool lemo_buf_reserve(struct lemo_buf *buf, size_t len)
{
	size_t size = buf->size == 0 ? LEMO_BUF_FIRST_SIZE : buf->size;
	char *data;

	if (buf->failed || len > buf->max - buf->len) {
		buf->failed = true;
		return false;
	}
	if (buf->len + len < buf->size)
		return true;
	while (size <= buf->len + len)
		size = size > SIZE_MAX / 2 ? SIZE_MAX : size * 2;
	data = realloc(buf->data, size);
	if (data == NULL) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->size = size;
	return true;
}

void lemo_buf_add(struct lemo_buf *buf, const void *data, size_t len)
{
	if (len == 0 || !lemo_buf_reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void lemo_buf_adds(struct lemo_buf *buf, const char *str)
{
	lemo_buf_add(buf, str, strlen(str));
}

void lemo_buf_addc(struct lemo_buf *buf, char c)
{
	lemo_buf_add(buf, &c, 1);
}

void lemo_buf_addu(struct lemo_buf *buf, uint64_t num)
{
	char digits[20];
	size_t pos = sizeof(digits);

	do {
		digits[--pos] = '0' + num % 10;
		num /= 10;
	} while (num > 0);
	lemo_buf_add(buf, digits + pos, sizeof(digits) - pos);
}

void lemo_buf_addf(struct lemo_buf *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		buf->failed = true;
	if (len <= 0 || !lemo_buf_reserve(buf, len))
		return;
	va_start(args, fmt);
	(void)vsnprintf(buf->data + buf->len, len + 1, fmt, args);
	va_end(args);
	buf->len += len;
}
