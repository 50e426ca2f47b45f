#include "lemo-base64url.h"

#include <string.h>

#include "lemo-banned.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	"abcdefghijklmnopqrstuvwxyz0123456789-_";

/* 1 to 3 octets */
static void add_group(struct lemo_buf *buf, const uint8_t *octets, size_t len)
{
	uint32_t bits = (uint32_t)octets[0] << 16;
	char text[4];

	if (len > 1)
		bits |= (uint32_t)octets[1] << 8;
	if (len > 2)
		bits |= octets[2];
	text[0] = alphabet[bits >> 18];
	text[1] = alphabet[bits >> 12 & 63];
	text[2] = alphabet[bits >> 6 & 63];
	text[3] = alphabet[bits & 63];
	lemo_buf_add(buf, text, len + 1);
}

void lemo_base64url_add(struct lemo_buf *buf, const void *data, size_t len)
{
	const uint8_t *octets = data;

	for (; len > 3; len -= 3, octets += 3)
		add_group(buf, octets, 3);
	if (len > 0)
		add_group(buf, octets, len);
}

static int char_value(char c)
{
	const char *p = c == '\0' ? NULL : strchr(alphabet, c);

	return p == NULL ? -1 : (int)(p - alphabet);
}

/* The value of count characters, -1 if one is none of ours. */
static int32_t group_value(const char *text, size_t count)
{
	int32_t bits = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (char_value(text[i]) < 0)
			return -1;
		bits = bits << 6 | char_value(text[i]);
	}
	return bits;
}

/* Checks, and stores if octets is not NULL. */
static bool decode(const char *text, uint8_t *octets, size_t len)
{
	size_t count = 0, i;
	int32_t bits;

	for (; len > 0; len -= count, text += count + 1) {
		count = len < 3 ? len : 3;
		bits = group_value(text, count + 1);
		/* spare bits are the last 4 or 2 */
		if (bits < 0 || (bits & ((1 << 2 * (3 - count)) - 1)) != 0)
			return false;
		bits >>= 2 * (3 - count);
		for (i = 0; octets != NULL && i < count; i++)
			*octets++ = bits >> 8 * (count - 1 - i) & 0xff;
	}
	/* whole, or filled up to a multiple of 4 */
	return *text == '\0' ||
		(count == 1 && strcmp(text, "==") == 0) ||
		(count == 2 && strcmp(text, "=") == 0);
}

bool lemo_base64url_decode(const char *text, void *data_r, size_t len)
{
	return decode(text, NULL, len) && decode(text, data_r, len);
}
