#ifndef SEEN_SET_H
#define SEEN_SET_H

/*
 * A set of 64-bit keys in one open-addressed table: 8 octets a key at half
 * load and nothing else, since a million of them are in memory.
 */

#include <stdint.h>

struct seen_set {
	uint64_t *slots;
	uint32_t mask; /* slots - 1 */
	uint32_t count;
};

void seen_set_init(struct seen_set *set);
void seen_set_deinit(struct seen_set *set);
/* False if it was there already. */
bool seen_set_add(struct seen_set *set, uint64_t key);
void seen_set_remove(struct seen_set *set, uint64_t key);
bool seen_set_has(const struct seen_set *set, uint64_t key);

#endif
