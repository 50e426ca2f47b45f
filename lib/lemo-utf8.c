#include "lemo-utf8.h"

#include <stdint.h>
#include <string.h>

#include "lemo-banned.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)

/* Octets at the start of str that are ASCII without NUL, found eight at a
   time; may stop up to eight octets early. */
static size_t ascii_prefix(const unsigned char *str, size_t len)
{
	size_t i;
	uint64_t word;

	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, str + i, sizeof(word));
		if (((word | (word - LOW_BITS)) & HIGH_BITS) != 0)
			break;
	}
	return i;
}

/* RFC 3629 section 4: the second octet's range excludes overlong forms,
   surrogates and what lies above U+10FFFF. Returns the length of the
   character, 0 if it is malformed. */
static size_t char_len(const unsigned char *str, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t need, i;

	if (str[0] < 0x80)
		return str[0] == 0 ? 0 : 1;
	if (str[0] < 0xc2 || str[0] > 0xf4)
		return 0;
	need = str[0] < 0xe0 ? 2 : str[0] < 0xf0 ? 3 : 4;
	if (need > len)
		return 0;
	switch (str[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	}
	if (str[1] < low || str[1] > high)
		return 0;
	for (i = 2; i < need; i++) {
		if ((str[i] & 0xc0) != 0x80)
			return 0;
	}
	return need;
}

bool lemo_utf8_is_valid(const char *str, size_t len)
{
	const unsigned char *data = (const unsigned char *)str;
	size_t pos = 0, n;

	while (pos < len) {
		n = ascii_prefix(data + pos, len - pos);
		if (n == 0)
			n = char_len(data + pos, len - pos);
		if (n == 0)
			return false;
		pos += n;
	}
	return true;
}

size_t lemo_utf8_cut(const char *str, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)str[max] & 0xc0) == 0x80)
		max--;
	return max;
}
