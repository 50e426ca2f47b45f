#include "lemo-p256.h"

#include <stdbool.h>
#include <string.h>

#include "lemo-banned.h"

#define LIMBS 8
#define FIELD_LEN 32
#define UNCOMPRESSED 0x04

/* An integer of 256 bits, least significant limb first. */
struct num {
	uint32_t limbs[LIMBS];
};

/* p = 2^256 - 2^224 + 2^192 + 2^96 - 1 */
static const struct num prime = { {
	0xffffffff, 0xffffffff, 0xffffffff, 0x00000000,
	0x00000000, 0x00000000, 0x00000001, 0xffffffff
} };
static const struct num curve_b = { {
	0x27d2604b, 0x3bce3c3e, 0xcc53b0f6, 0x651d06b0,
	0x769886bc, 0xb3ebbd55, 0xaa3a93e7, 0x5ac635d8
} };

static bool num_less(const struct num *a, const struct num *b)
{
	unsigned int i = LIMBS - 1;

	while (i > 0 && a->limbs[i] == b->limbs[i])
		i--;
	return a->limbs[i] < b->limbs[i];
}

static void num_subtract(struct num *a, const struct num *b)
{
	uint64_t diff, borrow = 0;
	unsigned int i;

	for (i = 0; i < LIMBS; i++) {
		diff = (uint64_t)a->limbs[i] - b->limbs[i] - borrow;
		a->limbs[i] = (uint32_t)diff;
		borrow = diff >> 63;
	}
}

/* a = a + b mod p, of numbers below p */
static void field_add(struct num *a, const struct num *b)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < LIMBS; i++) {
		sum += (uint64_t)a->limbs[i] + b->limbs[i];
		a->limbs[i] = (uint32_t)sum;
		sum >>= 32;
	}
	if (sum > 0 || !num_less(a, &prime))
		num_subtract(a, &prime);
}

/* Bit by bit: slow, and hard to get wrong. A check takes some tens of
   microseconds. */
static struct num field_multiply(const struct num *a, const struct num *b)
{
	struct num product = { { 0 } }, copy;
	unsigned int i;

	for (i = LIMBS * 32; i-- > 0; ) {
		copy = product;
		field_add(&product, &copy);
		if ((b->limbs[i / 32] >> i % 32 & 1) != 0)
			field_add(&product, a);
	}
	return product;
}

static bool field_parse(const uint8_t *octets, struct num *num_r)
{
	unsigned int i;

	memset(num_r, 0, sizeof(*num_r));
	for (i = 0; i < FIELD_LEN; i++) {
		num_r->limbs[LIMBS - 1 - i / 4] |=
			(uint32_t)octets[i] << (24 - i % 4 * 8);
	}
	return num_less(num_r, &prime);
}

/* y^2 = x^3 - 3x + b, as y^2 + 3x = x^3 + b */
static bool is_on_curve(const struct num *x, const struct num *y)
{
	struct num left = field_multiply(y, y);
	struct num right = field_multiply(x, x);
	unsigned int i;

	for (i = 0; i < 3; i++)
		field_add(&left, x);
	right = field_multiply(&right, x);
	field_add(&right, &curve_b);
	return memcmp(&left, &right, sizeof(left)) == 0;
}

const char *lemo_p256_check(const uint8_t *octets, size_t len)
{
	struct num x, y;

	if (len != LEMO_P256_POINT_LEN)
		return "must be 65 octets";
	if (octets[0] != UNCOMPRESSED)
		return "must begin with 0x04, an uncompressed point";
	if (!field_parse(octets + 1, &x) ||
	    !field_parse(octets + 1 + FIELD_LEN, &y) || !is_on_curve(&x, &y))
		return "is not a point on the curve";
	return NULL;
}
