#include "unit.h"
#include "lemo-tzif.h"

/*
 * The zones of this machine
 */

#define ZONEINFO_DIR "/usr/share/zoneinfo/"
#define FILE_MAX 65536

/* Changes as Python's zoneinfo tells them: the offset before, the offset from
   that time on. Past ones are history, and those from 2045 on come by the
   rules in the footer. A zone without a change has the same twice. */
static const struct change {
	const char *zone;
	int64_t at;
	int32_t before, after;
} changes[] = {
	{ "Europe/Berlin", 828234000, 3600, 7200 },
	{ "Europe/Berlin", 1572138000, 7200, 3600 },
	{ "Europe/Berlin", 2374102800, 3600, 7200 },
	{ "Europe/Berlin", 2392851600, 7200, 3600 },
	{ "Europe/London", 764730000, 0, 3600 },
	{ "Europe/London", 1540688400, 3600, 0 },
	{ "Europe/London", 2374102800, 0, 3600 },
	{ "Europe/London", 2392851600, 3600, 0 },
	{ "Europe/Dublin", 1445734800, 3600, 0 },
	{ "Europe/Dublin", 1648342800, 0, 3600 },
	{ "Europe/Dublin", 2374102800, 0, 3600 },
	{ "Europe/Dublin", 2392851600, 3600, 0 },
	{ "Europe/Moscow", 1193526000, 14400, 10800 },
	{ "Europe/Moscow", 1301180400, 10800, 14400 },
	{ "Europe/Lisbon", 1553994000, 0, 3600 },
	{ "Europe/Lisbon", 1729990800, 3600, 0 },
	{ "Europe/Lisbon", 2374102800, 0, 3600 },
	{ "Europe/Lisbon", 2392851600, 3600, 0 },
	{ "America/New_York", 57736800, -14400, -18000 },
	{ "America/New_York", 1067148000, -14400, -18000 },
	{ "America/New_York", 2372914800, -18000, -14400 },
	{ "America/New_York", 2393474400, -14400, -18000 },
	{ "America/Sao_Paulo", 982461600, -7200, -10800 },
	{ "America/Sao_Paulo", 1424570400, -7200, -10800 },
	{ "America/St_Johns", 104909400, -12600, -9000 },
	{ "America/St_Johns", 1320553800, -9000, -12600 },
	{ "America/St_Johns", 2372909400, -12600, -9000 },
	{ "America/St_Johns", 2393469000, -9000, -12600 },
	{ "America/Asuncion", 370756800, -14400, -10800 },
	{ "America/Asuncion", 465451200, -14400, -10800 },
	{ "America/Nuuk", 1067130000, -7200, -10800 },
	{ "America/Nuuk", 1269738000, -10800, -7200 },
	{ "America/Nuuk", 2374102800, -7200, -3600 },
	{ "America/Nuuk", 2392851600, -3600, -7200 },
	{ "America/Havana", 498024000, -14400, -18000 },
	{ "America/Havana", 765349200, -18000, -14400 },
	{ "America/Havana", 2372907600, -18000, -14400 },
	{ "America/Havana", 2393470800, -14400, -18000 },
	{ "Asia/Kolkata", 0, 19800, 19800 },
	{ "Asia/Kolkata", 1700000000, 19800, 19800 },
	{ "Asia/Kathmandu", 504901800, 19800, 20700 },
	{ "Asia/Tehran", 246223800, 16200, 14400 },
	{ "Asia/Tehran", 1016742600, 12600, 16200 },
	{ "Asia/Jerusalem", 778021200, 10800, 7200 },
	{ "Asia/Jerusalem", 1175212800, 7200, 10800 },
	{ "Asia/Jerusalem", 2373926400, 7200, 10800 },
	{ "Asia/Jerusalem", 2392844400, 10800, 7200 },
	{ "Asia/Gaza", 715726800, 10800, 7200 },
	{ "Asia/Gaza", 906069600, 10800, 7200 },
	{ "Asia/Tokyo", 0, 32400, 32400 },
	{ "Asia/Tokyo", 1700000000, 32400, 32400 },
	{ "Asia/Pyongyang", 1439564400, 32400, 30600 },
	{ "Asia/Pyongyang", 1525446000, 30600, 32400 },
	{ "Africa/Casablanca", 1590890400, 0, 3600 },
	{ "Africa/Casablanca", 1648346400, 3600, 0 },
	{ "Africa/Cairo", 149817600, 10800, 7200 },
	{ "Africa/Cairo", 276048000, 10800, 7200 },
	{ "Africa/Cairo", 2376943200, 7200, 10800 },
	{ "Africa/Cairo", 2392664400, 10800, 7200 },
	{ "Africa/Monrovia", 63593070, -2670, 0 },
	{ "Australia/Sydney", 57686400, 36000, 39600 },
	{ "Australia/Sydney", 309888000, 36000, 39600 },
	{ "Australia/Sydney", 2374675200, 39600, 36000 },
	{ "Australia/Sydney", 2390400000, 36000, 39600 },
	{ "Australia/Lord_Howe", 352216800, 36000, 37800 },
	{ "Australia/Lord_Howe", 762879600, 39600, 37800 },
	{ "Australia/Lord_Howe", 2374671600, 39600, 37800 },
	{ "Australia/Lord_Howe", 2390398200, 37800, 39600 },
	{ "Australia/Adelaide", 478629000, 37800, 34200 },
	{ "Australia/Adelaide", 1617467400, 37800, 34200 },
	{ "Australia/Adelaide", 2374677000, 37800, 34200 },
	{ "Australia/Adelaide", 2390401800, 34200, 37800 },
	{ "Pacific/Auckland", 478620000, 46800, 43200 },
	{ "Pacific/Auckland", 732636000, 46800, 43200 },
	{ "Pacific/Auckland", 2374668000, 46800, 43200 },
	{ "Pacific/Auckland", 2389788000, 43200, 46800 },
	{ "Pacific/Chatham", 541519200, 49500, 45900 },
	{ "Pacific/Chatham", 781020000, 45900, 49500 },
	{ "Pacific/Chatham", 2374668000, 49500, 45900 },
	{ "Pacific/Chatham", 2389788000, 45900, 49500 },
	{ "Pacific/Apia", 1538229600, 46800, 50400 },
	{ "Pacific/Apia", 1601128800, 46800, 50400 },
	{ "Pacific/Kiritimati", 307622400, -38400, -36000 },
	{ "Pacific/Kiritimati", 788868000, -36000, 50400 },
	{ "Pacific/Norfolk", 1617462000, 43200, 39600 },
	{ "Pacific/Norfolk", 1743865200, 43200, 39600 },
	{ "Pacific/Norfolk", 2374671600, 43200, 39600 },
	{ "Pacific/Norfolk", 2390396400, 39600, 43200 },
	{ "Antarctica/Troll", 1414285200, 7200, 0 },
	{ "Antarctica/Troll", 1490490000, 0, 7200 },
	{ "Antarctica/Troll", 2374102800, 0, 7200 },
	{ "Antarctica/Troll", 2392851600, 7200, 0 },
	{ "Etc/GMT+12", 0, -43200, -43200 },
	{ "Etc/GMT+12", 1700000000, -43200, -43200 },
	{ "Etc/UTC", 0, 0, 0 },
	{ "Etc/UTC", 1700000000, 0, 0 }
};

static size_t read_zone(const char *zone, char buf[FILE_MAX])
{
	char path[200];
	FILE *file;
	size_t size;

	(void)snprintf(path, sizeof(path), ZONEINFO_DIR "%s", zone);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s cannot be read: is tzdata installed?", path);
	size = fread(buf, 1, FILE_MAX, file);
	(void)fclose(file);
	return size;
}

static void check_change(unsigned int i, const struct lemo_tzif *tz)
{
	const struct change *c = &changes[i];
	int64_t until;

	assert_row(i, lemo_tzif_offset(tz, c->at, &until) == c->after);
	assert_row(i, until > c->at);
	assert_row(i, lemo_tzif_offset(tz, c->at - 1, &until) == c->before);
	assert_row(i, c->before == c->after ? until > c->at :
		   until == c->at);
}

static void test_zones(void **state)
{
	char buf[FILE_MAX];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(changes); i++) {
		size_t size = read_zone(changes[i].zone, buf);
		char *copy = exact_copy(buf, size);
		struct lemo_tzif tz;
		const char *error = "";

		if (lemo_tzif_parse(copy, size, &tz, &error) < 0)
			fail_msg("%s: %s", changes[i].zone, error);
		check_change(i, &tz);
		free(copy);
	}
}

/* Cut anywhere or with any octet changed: refused, or read within bounds
   (which the sanitizers watch). */
static void test_zone_cut(void **state)
{
	char buf[FILE_MAX];
	size_t i, size = read_zone("Europe/Berlin", buf);
	struct lemo_tzif tz;
	const char *error;

	(void)state;
	for (i = 0; i < size; i++) {
		char *copy = exact_copy(buf, i);

		poison(&tz, sizeof(tz));
		assert_row(i, lemo_tzif_parse(copy, i, &tz, &error) < 0);
		assert_row(i, is_poisoned(&tz, sizeof(tz)));
		free(copy);
	}
}

static void test_zone_changed(void **state)
{
	char buf[FILE_MAX];
	size_t i, size = read_zone("Europe/Berlin", buf);
	char *copy = exact_copy(buf, size);
	struct lemo_tzif tz;
	const char *error;
	int64_t until;

	(void)state;
	for (i = 0; i < size; i++) {
		copy[i] ^= 0x81;
		if (lemo_tzif_parse(copy, size, &tz, &error) == 0) {
			(void)lemo_tzif_offset(&tz, 1700000000, &until);
			(void)lemo_tzif_offset(&tz, 4000000000, &until);
		}
		copy[i] ^= 0x81;
	}
	free(copy);
}

/*
 * Files made here
 */

struct file {
	char data[2000];
	size_t size;
};

static void add(struct file *file, const void *data, size_t size)
{
	assert_true(file->size + size <= sizeof(file->data));
	memcpy(file->data + file->size, data, size);
	file->size += size;
}

static void add_int(struct file *file, int64_t num, unsigned int size)
{
	char c;

	while (size-- > 0) {
		c = size >= 8 ? 0 : (uint64_t)num >> size * 8;
		add(file, &c, 1);
	}
}

struct block {
	char version;
	unsigned int leap, time, type;
	int64_t times[4];
	unsigned char types[4];
	int32_t offsets[3];
};

static void add_block(struct file *file, const struct block *block,
		      unsigned int time_size)
{
	unsigned int i;

	add(file, "TZif", 4);
	add(file, &block->version, 1);
	add_int(file, 0, 15 + 4 + 4);
	add_int(file, block->leap, 4);
	add_int(file, block->time, 4);
	add_int(file, block->type, 4);
	add_int(file, 4, 4);
	for (i = 0; i < block->time; i++)
		add_int(file, block->times[i], time_size);
	add(file, block->types, block->time);
	for (i = 0; i < block->type; i++) {
		add_int(file, block->offsets[i], 4);
		add_int(file, 0, 2);
	}
	add(file, "LMT", 4);
	add_int(file, 0, block->leap * (time_size + 4));
}

/* footer NULL: version 1 */
static void make_file(struct file *file, const struct block *block,
		      const char *footer)
{
	static const struct block empty = { .version = '2', .type = 1 };

	file->size = 0;
	if (footer == NULL) {
		add_block(file, block, 4);
		return;
	}
	add_block(file, &empty, 4);
	add_block(file, block, 8);
	add(file, footer, strlen(footer));
}

static int parse_file(const struct file *file, struct lemo_tzif *tz_r,
		      char **copy_r, const char **error_r)
{
	*copy_r = exact_copy(file->data, file->size);
	return lemo_tzif_parse(*copy_r, file->size, tz_r, error_r);
}

static int32_t offset_at(const struct file *file, int64_t t, int64_t *until_r)
{
	struct lemo_tzif tz;
	const char *error = "";
	int32_t offset;
	char *copy;

	if (parse_file(file, &tz, &copy, &error) < 0)
		fail_msg("refused: %s", error);
	offset = lemo_tzif_offset(&tz, t, until_r);
	free(copy);
	return offset;
}

static const struct block two_changes = {
	.version = '2', .time = 2, .type = 3,
	.times = { 1000, 2000 }, .types = { 1, 2 },
	.offsets = { -75, 3600, 7200 }
};

static void test_version_1(void **state)
{
	struct block block = two_changes;
	struct file file;
	int64_t until;

	(void)state;
	block.version = '\0';
	make_file(&file, &block, NULL);
	/* before the first change: type 0 */
	assert_int_equal(offset_at(&file, -5000000000, &until), -75);
	assert_int_equal(until, 1000);
	assert_int_equal(offset_at(&file, 999, &until), -75);
	assert_int_equal(offset_at(&file, 1000, &until), 3600);
	assert_int_equal(until, 2000);
	/* after the last: without a rule it stays */
	assert_int_equal(offset_at(&file, 2000, &until), 7200);
	assert_true(until == INT64_MAX);
	assert_int_equal(offset_at(&file, INT64_MAX, &until), 7200);
	assert_int_equal(offset_at(&file, INT64_MIN, &until), -75);
}

static void test_versions(void **state)
{
	struct block block = two_changes;
	struct file file;
	int64_t until;

	(void)state;
	for (block.version = '2'; block.version <= '4'; block.version++) {
		make_file(&file, &block, "\n\n");
		assert_int_equal(offset_at(&file, 3000, &until), 7200);
		assert_true(until == INT64_MAX);
		make_file(&file, &block, "\n<+0530>-5:30\n");
		assert_int_equal(offset_at(&file, 1999, &until), 3600);
		assert_int_equal(until, 2000);
		assert_int_equal(offset_at(&file, 3000, &until), 19800);
		assert_true(until == INT64_MAX);
	}
}

/* 2024-03-31T01:00Z, 2024-10-27T01:00Z */
#define SUMMER INT64_C(1711846800)
#define WINTER INT64_C(1729990800)

static void test_footer(void **state)
{
	static const struct {
		const char *footer;
		int64_t at;
		int32_t offset;
		int64_t until;
	} rows[] = {
		{ "CET-1CEST,M3.5.0,M10.5.0/3", SUMMER - 1, 3600, SUMMER },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", SUMMER, 7200, WINTER },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", WINTER, 3600,
		  INT64_C(1743296400) },
		/* summer is the standard: Ireland */
		{ "IST-1GMT0,M10.5.0,M3.5.0/1", SUMMER - 1, 0, SUMMER },
		{ "IST-1GMT0,M10.5.0,M3.5.0/1", SUMMER, 3600, WINTER },
		/* south: summer over the new year */
		{ "AEST-10AEDT,M10.1.0,M4.1.0/3", 1704067200, 39600,
		  INT64_C(1712419200) },
		/* days by number; 2024 is a leap year */
		{ "AAA0BBB,J60/0,J300/0", 1709251199, 0, 1709251200 },
		{ "AAA0BBB,J60/0,J300/0", 1709251200, 3600, 1729983600 },
		{ "AAA0BBB,59/0,299/0", 1709164800, 3600, 1729897200 },
		/* hours below 0 and far above 24 (version 3) */
		{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", SUMMER, -3600, WINTER },
		{ "EET-2EEST,M3.4.4/50,M10.4.4/50", 1711756799, 7200,
		  1711756800 },
		/* summer without end (RFC 9636 3.3.1); the clock is looked at
		   again each new year */
		{ "XXX3EDT4,0/0,J365/23", 1709251200, -14400, 1735700400 },
		{ "XXX3EDT4,0/0,J365/23", 1735700399, -14400, 1735700400 },
		{ "XXX3EDT4,0/0,J365/23", 1735700400, -14400, 1767236400 },
		{ "UTC0", 0, 0, INT64_MAX },
		{ "<-0330>3:30:15", 0, -12615, INT64_MAX }
	};
	static const struct block block = {
		.version = '3', .type = 1, .offsets = { 1 }
	};
	struct file file;
	char footer[300];
	int64_t until;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		(void)snprintf(footer, sizeof(footer), "\n%s\n",
			       rows[i].footer);
		make_file(&file, &block, footer);
		assert_row(i, offset_at(&file, rows[i].at, &until) ==
			   rows[i].offset);
		assert_row(i, until == rows[i].until);
	}
}

static void assert_refused(unsigned int i, const struct file *file,
			   const char *reason)
{
	struct lemo_tzif tz;
	const char *error = "";
	char *copy;

	poison(&tz, sizeof(tz));
	assert_row(i, parse_file(file, &tz, &copy, &error) < 0);
	assert_row(i, is_poisoned(&tz, sizeof(tz)));
	assert_row(i, strstr(error, reason) != NULL);
	free(copy);
}

static void test_bad_footers(void **state)
{
	static const char *const rows[] = {
		"", "\n", "CET-1\n", "\nCET-1", "\nCET\n", "\nCE-1\n",
		"\n<CET-1\n", "\n<>-1\n", "\nCET-25\n", "\nCET-1:60\n",
		"\nCET-1:00:60\n", "\nCET-1CEST\n", "\nCET-1CEST,M3.5.0\n",
		"\nCET-1CEST,M13.5.0,M10.5.0\n",
		"\nCET-1CEST,M0.5.0,M10.5.0\n", "\nCET-1CEST,M3.6.0,M10.5.0\n",
		"\nCET-1CEST,M3.0.0,M10.5.0\n", "\nCET-1CEST,M3.5.7,M10.5.0\n",
		"\nCET-1CEST,M3.5,M10.5.0\n", "\nCET-1CEST,J0,J365\n",
		"\nCET-1CEST,J366,J365\n", "\nCET-1CEST,366,1\n",
		"\nCET-1CEST,1/168,2\n", "\nCET-1CEST,1,2x\n",
		"\nCET-1CEST,1,2,3\n", "\nCET-99999999999\n"
	};
	struct file file;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		make_file(&file, &two_changes, rows[i]);
		assert_refused(i, &file, "footer");
	}
}

static void test_bad_tables(void **state)
{
	static const struct {
		struct block block;
		const char *reason;
	} rows[] = {
		{ { .version = '2', .leap = 1, .type = 1 }, "leap seconds" },
		{ { .version = '2', .type = 0 }, "table" },
		{ { .version = '2', .time = 1, .type = 1, .types = { 1 } },
		  "table" },
		{ { .version = '2', .time = 2, .type = 1,
		    .times = { 5, 5 } }, "table" },
		{ { .version = '2', .time = 2, .type = 1,
		    .times = { 5, 4 } }, "table" },
		{ { .version = '2', .type = 1, .offsets = { 93601 } },
		  "table" },
		{ { .version = '2', .type = 1, .offsets = { INT32_MIN } },
		  "table" },
		{ { .version = '1', .type = 1 }, "second header" }
	};
	struct file file;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		make_file(&file, &rows[i].block, "\n\n");
		assert_refused(i, &file, rows[i].reason);
	}
}

static void test_bad_counts(void **state)
{
	struct file file;
	unsigned int i;

	(void)state;
	/* each count of each header: far more than there is */
	for (i = 20; i < 44; i += 4) {
		make_file(&file, &two_changes, "\n\n");
		memset(file.data + i, 0xff, 4);
		assert_refused(i, &file, "");
	}
	make_file(&file, &two_changes, "\n\n");
	file.data[0] = 't';
	assert_refused(0, &file, "no zoneinfo file");
	file.size = 0;
	assert_refused(0, &file, "no zoneinfo file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_zone_cut),
		cmocka_unit_test(test_zone_changed),
		cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_footer),
		cmocka_unit_test(test_bad_footers),
		cmocka_unit_test(test_bad_tables),
		cmocka_unit_test(test_bad_counts)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
