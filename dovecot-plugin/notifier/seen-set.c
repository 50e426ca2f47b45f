#include "lib.h"
#include "seen-set.h"

#define SEEN_SET_MIN 1024

/* 0 marks a free slot. Keys are hashes already. */
static inline uint64_t slot_key(uint64_t key)
{
	return key == 0 ? 1 : key;
}

void seen_set_init(struct seen_set *set)
{
	set->slots = i_new(uint64_t, SEEN_SET_MIN);
	set->mask = SEEN_SET_MIN - 1;
	set->count = 0;
}

void seen_set_deinit(struct seen_set *set)
{
	i_free(set->slots);
	i_zero(set);
}

/* The slot that holds the key, or the free one where it would go. */
static uint32_t find_slot(const struct seen_set *set, uint64_t key)
{
	uint32_t i = key & set->mask;

	while (set->slots[i] != 0 && set->slots[i] != key)
		i = (i + 1) & set->mask;
	return i;
}

static void seen_set_grow(struct seen_set *set)
{
	struct seen_set old = *set;
	uint32_t i, size = (old.mask + 1) * 2;

	set->slots = i_new(uint64_t, size);
	set->mask = size - 1;
	for (i = 0; i <= old.mask; i++) {
		if (old.slots[i] != 0)
			set->slots[find_slot(set, old.slots[i])] = old.slots[i];
	}
	i_free(old.slots);
}

bool seen_set_add(struct seen_set *set, uint64_t key)
{
	uint32_t i;

	key = slot_key(key);
	i = find_slot(set, key);
	if (set->slots[i] != 0)
		return FALSE;
	set->slots[i] = key;
	if (++set->count > set->mask / 2)
		seen_set_grow(set);
	return TRUE;
}

/* Closes the gap at i, so that no probe sequence is cut (Knuth 6.4 R). */
static void close_gap(struct seen_set *set, uint32_t i)
{
	uint32_t j = i, home;

	for (;;) {
		j = (j + 1) & set->mask;
		if (set->slots[j] == 0)
			break;
		home = set->slots[j] & set->mask;
		if (((j - home) & set->mask) >= ((j - i) & set->mask)) {
			set->slots[i] = set->slots[j];
			i = j;
		}
	}
	set->slots[i] = 0;
}

void seen_set_remove(struct seen_set *set, uint64_t key)
{
	uint32_t i;

	i = find_slot(set, slot_key(key));
	if (set->slots[i] == 0)
		return;
	set->count--;
	close_gap(set, i);
}

bool seen_set_has(const struct seen_set *set, uint64_t key)
{
	return set->slots[find_slot(set, slot_key(key))] != 0;
}
