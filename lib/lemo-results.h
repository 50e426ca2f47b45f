#ifndef LEMO_RESULTS_H
#define LEMO_RESULTS_H

/*
 * The result list of a context on SORT (RFC 5267 section 4.3): the UIDs of
 * the matching messages in the requested order, and the positions at which a
 * change of it is told to the client. Four octets a message and an eighth of
 * that in reserve, while the list does not shrink.
 *
 * Who compares messages is the caller's affair. "Places" are indexes from 0,
 * ascending; what is written counts from 1 and holds after the pairs before.
 */

#include "lemo-buf.h"

struct lemo_results {
	uint32_t *uids;
	size_t count, size;
};

/* < 0 or > 0: where uid1 stands of uid2, which is another. 0: nobody knows
   where uid2 stands, as it is expunged. */
typedef int lemo_results_cmp_t(uint32_t uid1, uint32_t uid2, void *context);

/* All zero is an empty list, too. */
void lemo_results_init(struct lemo_results *results);
void lemo_results_free(struct lemo_results *results);

/* At the end, which is right in the beginning only. False: out of memory, and
   nothing has changed; so of all below. */
bool lemo_results_append(struct lemo_results *results, uint32_t uid);
/* Orders UIDs that are in no list yet. */
bool lemo_results_sort(uint32_t *uids, size_t count, lemo_results_cmp_t *cmp,
		       void *context);
/* Puts in `count` UIDs that are not there and are in order among themselves.
   places_r has room for as many: where each stands now. */
bool lemo_results_insert(struct lemo_results *results, const uint32_t *uids,
			 size_t count, lemo_results_cmp_t *cmp, void *context,
			 size_t *places_r);
/* uids: `count` of them in ascending order. places_r has room for as many:
   where those stand that are there. Returns how many. */
size_t lemo_results_find(const struct lemo_results *results,
			 const uint32_t *uids, size_t count, size_t *places_r);
/* Takes out what stands at the places. */
void lemo_results_remove(struct lemo_results *results, const size_t *places,
			 size_t count);

enum lemo_results_change {
	LEMO_RESULTS_ADDED,
	LEMO_RESULTS_REMOVED
};

/* Octets at most that lemo_results_pairs() appends for each place. */
#define LEMO_RESULTS_PAIR_MAX 22

/* Appends the pairs of ADDTO or REMOVEFROM (RFC 5267 sections 4.3.3 and
   4.3.4), e.g. "2 17:19,4 7 3". numbers: what the client knows the messages
   at these places by, UIDs or sequence numbers. */
void lemo_results_pairs(struct lemo_buf *buf, enum lemo_results_change change,
			const size_t *places, const uint32_t *numbers,
			size_t count);

#endif
