#ifndef FUZZ_H
#define FUZZ_H

/* A target is the function below, fed by libFuzzer or by replay-main.c. What
   must always be true is asserted; what must never happen is ASan's and
   UBSan's to find. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() that NDEBUG does not take away */
#define FUZZ_ASSERT(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				#cond); \
			abort(); \
		} \
	} while (0)

/* A copy of exactly that size, to be freed. */
static inline char *fuzz_copy(const uint8_t *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);

	FUZZ_ASSERT(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

/* The same with a NUL behind it, for what takes C strings. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *str = malloc(size + 1);

	FUZZ_ASSERT(str != NULL);
	if (size > 0)
		memcpy(str, data, size);
	str[size] = '\0';
	return str;
}

#endif
