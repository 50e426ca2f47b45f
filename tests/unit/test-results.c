#include "unit.h"
#include "lemo-results.h"

/* UIDs 1..UIDS, each with a key; that of an expunged message nobody knows. */
#define UIDS 400
#define UNKNOWN (-1)

struct mails {
	int keys[UIDS + 1];
	unsigned int compared;
};

/* As Dovecot: equal keys by UID. */
static int mails_cmp(uint32_t uid1, uint32_t uid2, void *context)
{
	struct mails *mails = context;

	assert_int_not_equal(uid1, uid2);
	mails->compared++;
	if (mails->keys[uid2] == UNKNOWN)
		return 0;
	if (mails->keys[uid1] != mails->keys[uid2])
		return mails->keys[uid1] < mails->keys[uid2] ? -1 : 1;
	return uid1 < uid2 ? -1 : 1;
}

/* What a client has: it applies the pairs in the order they come. */
struct client {
	uint32_t uids[UIDS];
	size_t count;
};

static void client_add(struct client *client, size_t place, uint32_t uid)
{
	assert_true(place <= client->count);
	memmove(client->uids + place + 1, client->uids + place,
		(client->count - place) * sizeof(uid));
	client->uids[place] = uid;
	client->count++;
}

static void client_remove(struct client *client, size_t place, uint32_t uid)
{
	assert_true(place < client->count);
	assert_int_equal(client->uids[place], uid);
	client->count--;
	memmove(client->uids + place, client->uids + place + 1,
		(client->count - place) * sizeof(uid));
}

static unsigned long number(const char **p)
{
	char *end;
	unsigned long n = strtoul(*p, &end, 10);

	assert_ptr_not_equal(end, *p);
	assert_true(n > 0);
	*p = end;
	return n;
}

static void client_apply(struct client *client,
			 enum lemo_results_change change, const char *pairs)
{
	unsigned long uid, last, place;

	while (*pairs != '\0') {
		place = number(&pairs) - 1;
		do {
			pairs++;
			last = uid = number(&pairs);
			if (*pairs == ':') {
				pairs++;
				last = number(&pairs);
				assert_true(last > uid);
			}
			for (; uid <= last; uid++) {
				if (change == LEMO_RESULTS_ADDED)
					client_add(client, place++, uid);
				else
					client_remove(client, place, uid);
			}
		} while (*pairs == ',');
		if (*pairs == ' ')
			pairs++;
	}
}

/* What lemo_results_pairs() makes of these places. */
static void tell(const struct lemo_results *results, struct client *client,
		 enum lemo_results_change change, const size_t *places,
		 size_t count)
{
	uint32_t uids[UIDS];
	struct lemo_buf buf;
	size_t i;

	for (i = 0; i < count; i++)
		uids[i] = results->uids[places[i]];
	lemo_buf_init(&buf, count * LEMO_RESULTS_PAIR_MAX);
	lemo_results_pairs(&buf, change, places, uids, count);
	assert_false(buf.failed);
	client_apply(client, change, BUF_STR(&buf));
	lemo_buf_free(&buf);
}

static void insert(struct lemo_results *results, struct mails *mails,
		   struct client *client, uint32_t *uids, size_t count)
{
	size_t places[UIDS];

	assert_true(lemo_results_sort(uids, count, mails_cmp, mails));
	assert_true(lemo_results_insert(results, uids, count, mails_cmp, mails,
					places));
	tell(results, client, LEMO_RESULTS_ADDED, places, count);
}

static size_t cut(struct lemo_results *results, struct client *client,
		  const uint32_t *uids, size_t count)
{
	size_t places[UIDS], found;

	found = lemo_results_find(results, uids, count, places);
	tell(results, client, LEMO_RESULTS_REMOVED, places, found);
	lemo_results_remove(results, places, found);
	return found;
}

/* The list and the client's are equal and in order, whoever is unknown. */
static void check(const struct lemo_results *results, struct mails *mails,
		  const struct client *client)
{
	uint32_t last = 0;
	size_t i;

	assert_int_equal(results->count, client->count);
	for (i = 0; i < results->count; i++) {
		assert_int_equal(results->uids[i], client->uids[i]);
		if (mails->keys[results->uids[i]] == UNKNOWN)
			continue;
		if (last != 0)
			assert_true(mails_cmp(last, results->uids[i],
					      mails) < 0);
		last = results->uids[i];
	}
}

static void test_insert_and_remove(void **state)
{
	/* keys of UIDs 1.. */
	struct mails mails = { .keys = { 0, 30, 10, 20, 20, 40, 5 } };
	uint32_t all[] = { 1, 2, 3, 4, 5 }, one[] = { 6 }, two[] = { 2, 5 };
	struct client client = { .count = 0 };
	struct lemo_results results;

	(void)state;
	lemo_results_init(&results);
	insert(&results, &mails, &client, all, N_ELEMENTS(all));
	check(&results, &mails, &client);
	insert(&results, &mails, &client, one, 1);
	assert_int_equal(results.uids[0], 6);
	assert_int_equal(cut(&results, &client, two, 2), 2);
	check(&results, &mails, &client);
	assert_int_equal(cut(&results, &client, two, 2), 0);
	assert_int_equal(results.count, 4);
	lemo_results_free(&results);
	assert_int_equal(results.size, 0);
}

static void test_pairs(void **state)
{
	static const struct {
		enum lemo_results_change change;
		size_t count;
		size_t places[6];
		uint32_t numbers[6];
		const char *text;
	} rows[] = {
		/* RFC 5267 section 4.3.3: the preferred representation */
		{ LEMO_RESULTS_ADDED, 3, { 0, 1, 2 }, { 2731, 2732, 2733 },
		  "1 2731:2733" },
		/* section 3.2: descending numbers are no range */
		{ LEMO_RESULTS_ADDED, 3, { 0, 1, 2 }, { 9, 8, 7 },
		  "1 9,8,7" },
		{ LEMO_RESULTS_ADDED, 5, { 1, 2, 3, 4, 9 },
		  { 17, 18, 19, 4, 3 }, "2 17:19,4 10 3" },
		{ LEMO_RESULTS_REMOVED, 5, { 1, 2, 3, 4, 9 },
		  { 17, 18, 19, 4, 3 }, "2 17:19,4 6 3" },
		{ LEMO_RESULTS_REMOVED, 3, { 0, 2, 4 }, { 1, 2, 3 },
		  "1 1 2 2 3 3" },
		{ LEMO_RESULTS_ADDED, 2, { 0, 1 }, { UINT32_MAX, 1 },
		  "1 4294967295,1" },
		{ LEMO_RESULTS_ADDED, 0, { 0 }, { 0 }, "" }
	};
	struct lemo_buf buf;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&buf, rows[i].count * LEMO_RESULTS_PAIR_MAX);
		lemo_results_pairs(&buf, rows[i].change, rows[i].places,
				   rows[i].numbers, rows[i].count);
		assert_row(i, !buf.failed);
		assert_row(i, strcmp(BUF_STR(&buf), rows[i].text) == 0);
		lemo_buf_free(&buf);
	}
}

/* The longest there can be fits what PAIR_MAX promises. */
static void test_longest_pairs(void **state)
{
	size_t places[50];
	uint32_t numbers[50];
	struct lemo_buf buf;
	size_t i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(places); i++) {
		places[i] = UINT32_MAX - 1 - 2 * (N_ELEMENTS(places) - i);
		numbers[i] = UINT32_MAX - 2 * i;
	}
	lemo_buf_init(&buf, N_ELEMENTS(places) * LEMO_RESULTS_PAIR_MAX);
	lemo_results_pairs(&buf, LEMO_RESULTS_ADDED, places, numbers,
			   N_ELEMENTS(places));
	assert_false(buf.failed);
	assert_int_equal(buf.len, N_ELEMENTS(places) *
			 LEMO_RESULTS_PAIR_MAX - 1);
	lemo_buf_free(&buf);
}

/* Expunged messages stand in the way of a search. */
static void test_unknown(void **state)
{
	struct mails mails = { .keys = { 0, 10, 20, 30, 40, 50, 25, 5, 60 } };
	uint32_t all[] = { 1, 2, 3, 4, 5 }, more[] = { 6, 7, 8 };
	struct client client;
	struct lemo_results results;
	unsigned int gone;

	(void)state;
	for (gone = 0; gone < 1 << N_ELEMENTS(all); gone++) {
		unsigned int i;

		memset(&client, 0, sizeof(client));
		lemo_results_init(&results);
		for (i = 0; i < N_ELEMENTS(all); i++)
			mails.keys[all[i]] = 10 * all[i];
		insert(&results, &mails, &client, all, N_ELEMENTS(all));
		for (i = 0; i < N_ELEMENTS(all); i++) {
			if ((gone & (1 << i)) != 0)
				mails.keys[all[i]] = UNKNOWN;
		}
		insert(&results, &mails, &client, more, N_ELEMENTS(more));
		check(&results, &mails, &client);
		lemo_results_free(&results);
	}
}

/* One message among many costs a binary search, many together little each,
   and what comes last nothing. */
static void test_comparisons(void **state)
{
	struct mails mails = { .compared = 0 };
	uint32_t uids[UIDS], uid;
	struct client client = { .count = 0 };
	struct lemo_results results;
	size_t i;

	(void)state;
	lemo_results_init(&results);
	for (uid = 1; uid <= UIDS; uid++) {
		mails.keys[uid] = uid * 7919 % UIDS;
		uids[uid - 1] = uid;
	}
	insert(&results, &mails, &client, uids, UIDS - 1);
	check(&results, &mails, &client);

	mails.compared = 0;
	uid = UIDS;
	insert(&results, &mails, &client, &uid, 1);
	assert_true(mails.compared <= 12);

	for (i = 0; i < UIDS / 2; i++)
		uids[i] = 2 * i + 1;
	assert_int_equal(cut(&results, &client, uids, UIDS / 2), UIDS / 2);
	check(&results, &mails, &client);
	mails.compared = 0;
	insert(&results, &mails, &client, uids, UIDS / 2);
	/* 200 * log2(200) to sort them, and some four each */
	assert_true(mails.compared <= 200 * (8 + 5));
	check(&results, &mails, &client);
	lemo_results_free(&results);
}

static void test_memory(void **state)
{
	struct lemo_results results;
	uint32_t uid;

	(void)state;
	lemo_results_init(&results);
	for (uid = 1; uid <= 100000; uid++)
		assert_true(lemo_results_append(&results, uid));
	assert_int_equal(results.count, 100000);
	assert_true(results.size * sizeof(*results.uids) <= 5 * 100000);
	lemo_results_free(&results);
}

/* Anything may come and go at once, and be unknown for a while. */
static void test_histories(void **state)
{
	static struct mails mails;
	struct client client = { .count = 0 };
	bool there[UIDS + 1] = { false };
	struct lemo_results results;
	uint32_t uids[UIDS], uid;
	unsigned int step;
	size_t count;

	(void)state;
	srand(5267);
	lemo_results_init(&results);
	for (uid = 1; uid <= UIDS; uid++)
		mails.keys[uid] = rand() % 50;
	for (step = 0; step < 600; step++) {
		unsigned int share = 1 + rand() % 60;
		bool adding = rand() % 2 == 0;

		count = 0;
		for (uid = 1; uid <= UIDS; uid++) {
			if (there[uid] != adding && rand() % share == 0)
				uids[count++] = uid;
		}
		if (adding)
			insert(&results, &mails, &client, uids, count);
		else
			assert_int_equal(cut(&results, &client, uids, count),
					 count);
		while (count > 0)
			there[uids[--count]] = adding;
		check(&results, &mails, &client);
		/* expunged ones are out of the way some time */
		for (uid = 1; uid <= UIDS; uid++) {
			if (mails.keys[uid] == UNKNOWN && !there[uid])
				mails.keys[uid] = rand() % 50;
			else if (there[uid] && rand() % 100 == 0)
				mails.keys[uid] = UNKNOWN;
		}
	}
	lemo_results_free(&results);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_insert_and_remove),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_longest_pairs),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_histories)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
