#include "lemo-results.h"

#include <stdlib.h>
#include <string.h>
#include "lemo-banned.h"

/* So that a few more need no memory. */
#define RESERVE_MIN 16

void lemo_results_init(struct lemo_results *results)
{
	memset(results, 0, sizeof(*results));
}

void lemo_results_free(struct lemo_results *results)
{
	free(results->uids);
	lemo_results_init(results);
}

static bool results_grow(struct lemo_results *results, size_t more)
{
	size_t size = results->count + more;
	uint32_t *uids;

	if (size <= results->size)
		return true;
	size += size / 8 + RESERVE_MIN;
	if (size > SIZE_MAX / sizeof(*uids))
		return false;
	uids = realloc(results->uids, size * sizeof(*uids));
	if (uids == NULL)
		return false;
	results->uids = uids;
	results->size = size;
	return true;
}

bool lemo_results_append(struct lemo_results *results, uint32_t uid)
{
	if (!results_grow(results, 1))
		return false;
	results->uids[results->count++] = uid;
	return true;
}

/*
 * Order
 */

static void merge(uint32_t *uids, size_t middle, size_t count, uint32_t *room,
		  lemo_results_cmp_t *cmp, void *context)
{
	size_t i = 0, j = middle, n = 0;

	memcpy(room, uids, middle * sizeof(*uids));
	while (i < middle && j < count) {
		if (cmp(room[i], uids[j], context) > 0)
			uids[n++] = uids[j++];
		else
			uids[n++] = room[i++];
	}
	memcpy(uids + n, room + i, (middle - i) * sizeof(*uids));
}

static void sort_part(uint32_t *uids, size_t count, uint32_t *room,
		      lemo_results_cmp_t *cmp, void *context)
{
	size_t middle = count / 2;

	if (count < 2)
		return;
	sort_part(uids, middle, room, cmp, context);
	sort_part(uids + middle, count - middle, room, cmp, context);
	/* often they come in order */
	if (cmp(uids[middle - 1], uids[middle], context) > 0)
		merge(uids, middle, count, room, cmp, context);
}

bool lemo_results_sort(uint32_t *uids, size_t count, lemo_results_cmp_t *cmp,
		       void *context)
{
	uint32_t *room;

	if (count < 2)
		return true;
	room = malloc(count / 2 * sizeof(*room));
	if (room == NULL)
		return false;
	sort_part(uids, count, room, cmp, context);
	free(room);
	return true;
}

struct search {
	const struct lemo_results *results;
	lemo_results_cmp_t *cmp;
	void *context;
	/* the place is at least low and at most high */
	size_t low, high;
};

/* Narrows them by the result at `place`, or by the nearest one before it of
   which anything is known. True if it stands behind the UID. */
static bool search_look(struct search *search, uint32_t uid, size_t place)
{
	size_t at = place + 1;
	int order = 0;

	while (order == 0 && at-- > search->low) {
		order = search->cmp(uid, search->results->uids[at],
				    search->context);
	}
	if (order < 0)
		search->high = at;
	else
		search->low = place + 1;
	return order < 0;
}

/* Where the next of `left` UIDs belongs, whose first stands behind low: with
   one a binary search, with many not far away. */
static size_t search_place(struct search *search, uint32_t uid, size_t left)
{
	size_t count = search->results->count, step, place;

	search->high = count;
	if (search->low < count)
		(void)search_look(search, uid, count - 1);
	if (search->low == count)
		return count;
	step = (search->high - search->low) / (left + 1) + 1;
	for (place = search->low + step - 1; place < search->high;
	     place += step) {
		if (search_look(search, uid, place))
			break;
		step *= 2;
	}
	while (search->low < search->high) {
		place = search->low + (search->high - search->low) / 2;
		(void)search_look(search, uid, place);
	}
	return search->low;
}

bool lemo_results_insert(struct lemo_results *results, const uint32_t *uids,
			 size_t count, lemo_results_cmp_t *cmp, void *context,
			 size_t *places_r)
{
	struct search search = {
		.results = results, .cmp = cmp, .context = context
	};
	size_t i, end, from;

	if (!results_grow(results, count))
		return false;
	for (i = 0; i < count; i++)
		places_r[i] = search_place(&search, uids[i], count - i);
	/* from the last on, each moves what is behind it once */
	end = results->count;
	for (i = count; i-- > 0;) {
		from = places_r[i];
		memmove(results->uids + from + i + 1, results->uids + from,
			(end - from) * sizeof(*uids));
		end = from;
		places_r[i] += i;
		results->uids[places_r[i]] = uids[i];
	}
	results->count += count;
	return true;
}

/*
 * Removal
 */

static bool is_among(const uint32_t *uids, size_t count, uint32_t uid)
{
	size_t low = 0, high = count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (uids[middle] < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && uids[low] == uid;
}

size_t lemo_results_find(const struct lemo_results *results,
			 const uint32_t *uids, size_t count, size_t *places_r)
{
	size_t place, found = 0;
	uint32_t uid;

	for (place = 0; place < results->count && found < count; place++) {
		uid = results->uids[place];
		if (uid >= uids[0] && uid <= uids[count - 1] &&
		    is_among(uids, count, uid))
			places_r[found++] = place;
	}
	return found;
}

void lemo_results_remove(struct lemo_results *results, const size_t *places,
			 size_t count)
{
	size_t i, from, to;

	for (i = 0; i < count; i++) {
		from = places[i] + 1;
		to = i + 1 < count ? places[i + 1] : results->count;
		memmove(results->uids + places[i] - i, results->uids + from,
			(to - from) * sizeof(*results->uids));
	}
	results->count -= count;
}

/*
 * Text
 */

/* As many as stand together. */
static size_t run_length(const size_t *places, size_t count)
{
	size_t n;

	for (n = 1; n < count && places[n] == places[0] + n; n++) ;
	return n;
}

/* As a sequence-set: numbers that grow by one are a range (RFC 5267 section
   3.2). */
static void add_set(struct lemo_buf *buf, const uint32_t *numbers, size_t count)
{
	size_t i = 0, last;

	while (i < count) {
		last = i;
		while (last + 1 < count && numbers[last + 1] > numbers[last] &&
		       numbers[last + 1] - numbers[last] == 1)
			last++;
		if (i > 0)
			lemo_buf_addc(buf, ',');
		lemo_buf_addu(buf, numbers[i]);
		if (last > i) {
			lemo_buf_addc(buf, ':');
			lemo_buf_addu(buf, numbers[last]);
		}
		i = last + 1;
	}
}

void lemo_results_pairs(struct lemo_buf *buf, enum lemo_results_change change,
			const size_t *places, const uint32_t *numbers,
			size_t count)
{
	size_t i, length;

	for (i = 0; i < count; i += length) {
		length = run_length(places + i, count - i);
		if (i > 0)
			lemo_buf_addc(buf, ' ');
		/* those before are gone by then */
		lemo_buf_addu(buf, places[i] + 1 -
			      (change == LEMO_RESULTS_REMOVED ? i : 0));
		lemo_buf_addc(buf, ' ');
		add_set(buf, numbers + i, length);
	}
}
