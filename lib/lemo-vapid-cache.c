#include "lemo-vapid.h"

#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

/* FNV-1a */
#define HASH_START 2166136261u
#define HASH_FACTOR 16777619u
#define ORIGIN_MAX 1024

struct slot {
	struct lemo_buf origin, value;
	char public[LEMO_VAPID_PUBLIC_LEN + 1];
	int64_t made;
};

/* Each pair of origin and key has one place: who comes later has it. */
struct lemo_vapid_cache {
	struct lemo_buf subject;
	struct slot *slots;
	unsigned int count;
};

struct lemo_vapid_cache *lemo_vapid_cache_init(const char *subject,
					       unsigned int slots)
{
	struct lemo_vapid_cache *cache = calloc(1, sizeof(*cache));
	unsigned int i;

	if (cache == NULL)
		return NULL;
	lemo_buf_init(&cache->subject, LEMO_VAPID_AUTHORIZATION_MAX);
	lemo_buf_adds(&cache->subject, subject);
	cache->slots = calloc(slots, sizeof(*cache->slots));
	if (cache->slots == NULL || cache->subject.len == 0) {
		lemo_vapid_cache_deinit(&cache);
		return NULL;
	}
	cache->count = slots;
	for (i = 0; i < slots; i++) {
		lemo_buf_init(&cache->slots[i].origin, ORIGIN_MAX);
		lemo_buf_init(&cache->slots[i].value,
			      LEMO_VAPID_AUTHORIZATION_MAX);
	}
	return cache;
}

void lemo_vapid_cache_deinit(struct lemo_vapid_cache **_cache)
{
	struct lemo_vapid_cache *cache = *_cache;
	unsigned int i;

	if (cache == NULL)
		return;
	*_cache = NULL;
	for (i = 0; i < cache->count; i++) {
		lemo_buf_free(&cache->slots[i].origin);
		lemo_buf_free(&cache->slots[i].value);
	}
	free(cache->slots);
	lemo_buf_free(&cache->subject);
	free(cache);
}

static uint32_t hash(uint32_t sum, const char *str)
{
	for (; *str != '\0'; str++)
		sum = (sum ^ (unsigned char)*str) * HASH_FACTOR;
	return sum;
}

static bool slot_is_good(const struct slot *slot, const char *public,
			 const char *origin, int64_t now)
{
	return slot->value.len > 0 && strcmp(slot->public, public) == 0 &&
		strcmp(slot->origin.data, origin) == 0 &&
		now >= slot->made &&
		now < slot->made + LEMO_VAPID_TOKEN_SECS -
			LEMO_VAPID_TOKEN_RENEW_SECS;
}

static bool slot_fill(struct slot *slot, const struct lemo_vapid_key *key,
		      const char *origin, const char *subject, int64_t now)
{
	lemo_buf_reset(&slot->origin);
	lemo_buf_reset(&slot->value);
	lemo_buf_adds(&slot->origin, origin);
	memcpy(slot->public, lemo_vapid_key_public(key),
	       sizeof(slot->public));
	slot->made = now;
	return slot->origin.len > 0 && !slot->origin.failed &&
		lemo_vapid_authorization(key, origin, subject,
					 now + LEMO_VAPID_TOKEN_SECS,
					 &slot->value) == 0;
}

const char *lemo_vapid_cache_get(struct lemo_vapid_cache *cache,
				 const struct lemo_vapid_key *key,
				 const char *origin, int64_t now)
{
	const char *public = lemo_vapid_key_public(key);
	struct slot *slot = &cache->slots[hash(hash(HASH_START, origin),
					       public) % cache->count];

	if (!slot_is_good(slot, public, origin, now) &&
	    !slot_fill(slot, key, origin, cache->subject.data, now)) {
		lemo_buf_reset(&slot->value);
		return NULL;
	}
	return slot->value.data;
}
