#ifndef UNIT_H
#define UNIT_H

/* What every test of lib/ needs: cmocka with its own includes before it. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_ELEMENTS(arr) (sizeof(arr) / sizeof((arr)[0]))

/* Says which row of a table it was. */
#define assert_row(i, cond) \
	do { \
		if (!(cond)) \
			fail_msg("row %u: %s", (unsigned int)(i), #cond); \
	} while (0)

/* The contents of a struct lemo_buf, "" while empty. */
#define BUF_STR(buf) ((buf)->data == NULL ? "" : (buf)->data)

/* Out-parameters are filled with this before a call that is to fail, and must
   hold it afterwards. */
#define POISON 0xa5

static inline void poison(void *ptr, size_t size)
{
	memset(ptr, POISON, size);
}

static inline bool is_poisoned(const void *ptr, size_t size)
{
	const unsigned char *octets = ptr;
	size_t i;

	for (i = 0; i < size; i++) {
		if (octets[i] != POISON)
			return false;
	}
	return true;
}

/* A copy without a NUL and with nothing behind it that may be read. */
static inline char *exact_copy(const char *str, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, str, len);
	return copy;
}

#endif
