#include "unit.h"
#include "lemo-quiet.h"
#include "lemo-subscription.h"

#define HEADER "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" "\0\0\0\1" "\0\0\0\1"
#define BLOCK "TZif2" "\0\0\0\0\0" "\0\0\0\0\0" "\0\0\0\0\0" HEADER \
	"\0\0\0\0\0\0" "\0"
/* A zone that is nothing but its rule. */
#define ZONE(rule) BLOCK BLOCK "\n" rule "\n"
#define BERLIN ZONE("CET-1CEST,M3.5.0,M10.5.0/3")

/* 2024-01-01, a Monday, in UTC */
#define MONDAY INT64_C(1704067200)
#define DAY INT64_C(86400)
#define AT(day, hour, minute) \
	(MONDAY + (day) * DAY + (hour) * 3600 + (minute) * 60)
/* The clock goes forward at 2:00 of 2024-03-31, a Sunday, i.e. 1:00 UTC, and
   back at 3:00 of 2024-10-27, a Sunday. */
#define SUMMER INT64_C(1711846800)
#define WINTER INT64_C(1729990800)

/* Parses {"zone":"X/Y","times":[TIMES]}. */
static struct lemo_subscription *parse(const char *times)
{
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	char json[1000];

	(void)snprintf(json, sizeof(json), "{\"channel\":\"log\",\"quiet\":"
		       "{\"zone\":\"X/Y\",\"times\":[%s]}}", times);
	if (lemo_subscription_parse(json, strlen(json), "phone", &sub,
				    &error) < 0)
		fail_msg("%s: %s: %s", times, error.field, error.reason);
	return sub;
}

struct row {
	int64_t at, end; /* end 0: not quiet */
};

static void check(const void *zone, size_t size, const char *times,
		  const struct row *rows, unsigned int count)
{
	struct lemo_subscription *sub = parse(times);
	struct lemo_tzif tz;
	const char *error;
	int64_t end;
	unsigned int i;

	assert_int_equal(lemo_tzif_parse(zone, size, &tz, &error), 0);
	for (i = 0; i < count; i++) {
		poison(&end, sizeof(end));
		assert_row(i, lemo_quiet_at(sub->quiet, &tz, rows[i].at,
					    &end) == (rows[i].end != 0));
		assert_row(i, rows[i].end == 0 ?
			   is_poisoned(&end, sizeof(end)) :
			   end == rows[i].end);
	}
	lemo_subscription_free(&sub);
}

#define CHECK(zone, times, rows) \
	check(zone, sizeof(zone) - 1, times, rows, N_ELEMENTS(rows))

static void test_over_midnight(void **state)
{
	static const struct row rows[] = {
		{ AT(0, 6, 59), 0 }, /* of Sunday, which is not meant */
		{ AT(0, 21, 59), 0 },
		{ AT(0, 22, 0) - 1, 0 },
		{ AT(0, 22, 0), AT(1, 7, 0) },
		{ AT(1, 0, 0), AT(1, 7, 0) },
		{ AT(1, 7, 0) - 1, AT(1, 7, 0) },
		{ AT(1, 7, 0), 0 },
		/* Friday's lasts into Saturday */
		{ AT(5, 3, 0), AT(5, 7, 0) },
		{ AT(5, 22, 0), 0 }
	};

	(void)state;
	CHECK(ZONE("UTC0"), "{\"days\":\"mo-fr\",\"from\":\"22:00\","
	      "\"to\":\"07:00\"}", rows);
}

static void test_over_the_week_end(void **state)
{
	/* three that meet, over the end of the week */
	static const char times[] =
		"{\"days\":\"SA,su\",\"from\":\"00:00\",\"to\":\"24:00\"},"
		"{\"days\":\"mo\",\"from\":\"00:00\",\"to\":\"06:30\"},"
		"{\"days\":\"fr\",\"from\":\"18:00\",\"to\":\"00:00\"}";
	static const struct row rows[] = {
		{ AT(4, 17, 59), 0 },
		{ AT(4, 18, 0), AT(7, 6, 30) },
		{ AT(6, 23, 59), AT(7, 6, 30) },
		{ AT(7, 6, 29), AT(7, 6, 30) },
		{ AT(7, 6, 30), 0 }
	};

	(void)state;
	CHECK(ZONE("UTC0"), times, rows);
}

static void test_zones_differ(void **state)
{
	static const char times[] = "{\"from\":\"22:00\",\"to\":\"07:00\"}";
	static const struct row kolkata[] = {
		{ AT(0, 16, 29), 0 }, { AT(0, 16, 30), AT(1, 1, 30) }
	};
	static const struct row berlin[] = {
		{ AT(0, 20, 59), 0 }, { AT(0, 21, 0), AT(1, 6, 0) },
		{ SUMMER - 1, SUMMER + 4 * 3600 }
	};
	static const struct row odd[] = {
		{ AT(0, 22, 0) + 14, 0 }, { AT(0, 22, 0) + 15, AT(1, 7, 0) + 15 }
	};

	(void)state;
	CHECK(ZONE("IST-5:30"), times, kolkata);
	CHECK(BERLIN, times, berlin);
	CHECK(ZONE("<->0:00:15"), times, odd);
}

/* An hour that does not exist: the jump ends what ends in it, and what begins
   in it begins with the jump, if it is longer. */
static void test_gap(void **state)
{
	static const struct row ends[] = {
		{ SUMMER - 3600, SUMMER }, { SUMMER, 0 },
		/* an hour shorter as a whole */
		{ SUMMER - 3 * 3600, SUMMER }
	};
	static const struct row begins[] = {
		{ SUMMER - 1, 0 }, { SUMMER, SUMMER + 3600 },
		{ SUMMER + 3600, 0 }
	};
	static const struct row within[] = {
		{ SUMMER - 1, 0 }, { SUMMER, 0 },
		/* the day before has it */
		{ SUMMER - DAY + 60 * 10, SUMMER - DAY + 60 * 45 }
	};

	(void)state;
	CHECK(BERLIN, "{\"from\":\"23:00\",\"to\":\"02:30\"}", ends);
	CHECK(BERLIN, "{\"from\":\"02:30\",\"to\":\"04:00\"}", begins);
	CHECK(BERLIN, "{\"from\":\"02:10\",\"to\":\"02:45\"}", within);
}

/* An hour that is shown twice is quiet twice. */
static void test_overlap(void **state)
{
	static const struct row through[] = {
		{ WINTER - 4 * 3600, WINTER + 5 * 3600 }
	};
	static const struct row ends[] = {
		/* until 2:30 for the first time, and again */
		{ WINTER - 3600, WINTER - 1800 },
		{ WINTER - 1800, 0 },
		{ WINTER, WINTER + 1800 },
		{ WINTER + 1800, 0 }
	};
	static const struct row begins[] = {
		{ WINTER - 1801, 0 },
		/* 2:30 to 3:00, when it is 2:00 again */
		{ WINTER - 1800, WINTER },
		{ WINTER, 0 },
		{ WINTER + 1800, WINTER + 3600 }
	};

	(void)state;
	CHECK(BERLIN, "{\"from\":\"22:00\",\"to\":\"07:00\"}", through);
	CHECK(BERLIN, "{\"from\":\"22:00\",\"to\":\"02:30\"}", ends);
	CHECK(BERLIN, "{\"from\":\"02:30\",\"to\":\"03:00\"}", begins);
}

/* All but one minute of the week, before and after 1970. */
static void test_nearly_always(void **state)
{
	static const char times[] =
		"{\"days\":\"we\",\"from\":\"12:01\",\"to\":\"24:00\"},"
		"{\"days\":\"we\",\"from\":\"00:00\",\"to\":\"12:00\"},"
		"{\"days\":\"th-tu\",\"from\":\"00:00\",\"to\":\"24:00\"}";
	static const struct row rows[] = {
		{ AT(2, 12, 1), AT(9, 12, 0) },
		{ AT(2, 12, 0), 0 },
		{ AT(2, 11, 59), AT(2, 12, 0) },
		{ AT(-5000 * 7 + 2, 12, 0), 0 },
		{ AT(-5000 * 7 + 2, 12, 1), AT(-5000 * 7 + 9, 12, 0) },
		{ AT(-5000 * 7 + 2, 11, 59) + 59, AT(-5000 * 7 + 2, 12, 0) }
	};

	(void)state;
	CHECK(ZONE("UTC0"), times, rows);
}

static void test_zone_names(void **state)
{
	static const char *const good[] = {
		"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires",
		"Etc/GMT+12", "America/Port-au-Prince",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
	};
	static const char *const bad[] = {
		"", "/", "/etc/passwd", "Europe/", "Europe//Berlin", "..",
		"../passwd", "Europe/../../x", "zone.tab", ".", "a b",
		"Europe\\Berlin", "Europ\xc3\xa9", "a\n", ":UTC",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++)
		assert_row(i, lemo_zone_name_is_valid(good[i]));
	for (i = 0; i < N_ELEMENTS(bad); i++)
		assert_row(i, !lemo_zone_name_is_valid(bad[i]));
}

static void test_days(void **state)
{
	static const struct {
		const char *str;
		unsigned int days;
	} good[] = {
		{ "mo", 0x01 }, { "SU", 0x40 }, { "mo-fr", 0x1f },
		{ "fr-mo", 0x71 }, { "sa,su", 0x60 }, { "mo-su", 0x7f },
		{ "tu,Th-Sa,tu", 0x3a }, { "we-we", 0x04 }
	};
	static const char *const bad[] = {
		"", "m", "monday", "mo-", "-mo", "mo,", ",mo", "mo fr",
		"mo--fr", "mo-fr-sa", "mo, fr", "1-5", "xx"
	};
	unsigned int i, days;

	(void)state;
	for (i = 0; i < N_ELEMENTS(good); i++) {
		assert_row(i, lemo_quiet_parse_days(good[i].str, &days));
		assert_row(i, days == good[i].days);
	}
	for (i = 0; i < N_ELEMENTS(bad); i++) {
		poison(&days, sizeof(days));
		assert_row(i, !lemo_quiet_parse_days(bad[i], &days));
		assert_row(i, is_poisoned(&days, sizeof(days)));
	}
}

/*
 * As a field of a subscription
 */

#define ZONE_FIELD "\"zone\":\"Europe/Berlin\""
#define TIME "{\"from\":\"22:00\",\"to\":\"07:00\"}"

static void test_fields(void **state)
{
	static const struct {
		const char *json;
		bool hold_urgent;
	} rows[] = {
		{ "{" ZONE_FIELD ",\"times\":[" TIME "]}", false },
		{ "{" ZONE_FIELD ",\"times\":[" TIME "],\"urgent\":true}",
		  false },
		{ "{" ZONE_FIELD ",\"times\":[" TIME "],\"urgent\":false}",
		  true }
	};
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	char json[300];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		(void)snprintf(json, sizeof(json), "{\"channel\":\"log\","
			       "\"quiet\":%s}", rows[i].json);
		assert_row(i, lemo_subscription_parse(json, strlen(json), "p",
						      &sub, &error) == 0);
		assert_string_equal(sub->quiet->zone, "Europe/Berlin");
		assert_row(i, sub->quiet->hold_urgent == rows[i].hold_urgent);
		lemo_subscription_free(&sub);
	}
	assert_int_equal(lemo_subscription_parse("{\"channel\":\"log\"}", 17,
						 "p", &sub, &error), 0);
	assert_null(sub->quiet);
	lemo_subscription_free(&sub);
}

#define TIMES_17 TIME "," TIME "," TIME "," TIME "," TIME "," TIME "," TIME \
	"," TIME "," TIME "," TIME "," TIME "," TIME "," TIME "," TIME "," \
	TIME "," TIME "," TIME

static void test_fields_refused(void **state)
{
	static const struct {
		const char *json, *field, *reason;
	} rows[] = {
		{ "null", "quiet", "must be an object" },
		{ "[]", "quiet", "must be an object" },
		{ "true", "quiet", "must be an object" },
		{ "{}", "quiet.zone", "name of a time zone" },
		{ "{\"zone\":1}", "quiet.zone", "name of a time zone" },
		{ "{\"zone\":\"../../etc/passwd\"}", "quiet.zone", "name of" },
		{ "{" ZONE_FIELD "}", "quiet.times", "array of 1 to 16" },
		{ "{" ZONE_FIELD ",\"times\":[]}", "quiet.times", "1 to 16" },
		{ "{" ZONE_FIELD ",\"times\":" TIME "}", "quiet.times",
		  "1 to 16" },
		{ "{" ZONE_FIELD ",\"times\":[" TIMES_17 "]}", "quiet.times",
		  "1 to 16" },
		{ "{" ZONE_FIELD ",\"times\":[" TIME "],\"zones\":1}", "quiet",
		  "must be an object of zone" },
		{ "{" ZONE_FIELD ",\"times\":[" TIME "],\"urgent\":1}",
		  "quiet.urgent", "true or false" },
		{ "{" ZONE_FIELD ",\"times\":[" TIME "],\"urgent\":null}",
		  "quiet.urgent", "true or false" },
		{ "{" ZONE_FIELD ",\"times\":[" TIME ",7]}",
		  "quiet.times[1]", "object of from, to" },
		{ "{" ZONE_FIELD ",\"times\":[{\"day\":\"mo\"}]}",
		  "quiet.times[0]", "object of from, to" },
		{ "{" ZONE_FIELD ",\"times\":[{}]}", "quiet.times[0].from",
		  "00:00 to 23:59" },
		{ "{" ZONE_FIELD ",\"times\":[{\"from\":\"24:00\",\"to\":"
		  "\"07:00\"}]}", "quiet.times[0].from", "00:00 to 23:59" },
		{ "{" ZONE_FIELD ",\"times\":[{\"from\":\"7:00\",\"to\":"
		  "\"08:00\"}]}", "quiet.times[0].from", "00:00 to 23:59" },
		{ "{" ZONE_FIELD ",\"times\":[{\"from\":2200,\"to\":"
		  "\"08:00\"}]}", "quiet.times[0].from", "00:00 to 23:59" },
		{ "{" ZONE_FIELD ",\"times\":[{\"from\":\"22:00\"}]}",
		  "quiet.times[0].to", "00:00 to 24:00" },
		{ "{" ZONE_FIELD ",\"times\":[{\"from\":\"22:00\",\"to\":"
		  "\"24:01\"}]}", "quiet.times[0].to", "00:00 to 24:00" },
		{ "{" ZONE_FIELD ",\"times\":[{\"from\":\"22:00\",\"to\":"
		  "\"07:60\"}]}", "quiet.times[0].to", "00:00 to 24:00" },
		{ "{" ZONE_FIELD ",\"times\":[{\"from\":\"22:00\",\"to\":"
		  "\"22:00\"}]}", "quiet.times[0].to", "not be the same" },
		{ "{" ZONE_FIELD ",\"times\":[{\"days\":\"weekend\",\"from\":"
		  "\"22:00\",\"to\":\"22:00\"}]}", "quiet.times[0].days",
		  "mo-fr" },
		{ "{" ZONE_FIELD ",\"times\":[{\"from\":\"00:00\",\"to\":"
		  "\"24:00\"}]}", "quiet.times", "no time at which to ring" }
	};
	struct lemo_subscription_error error;
	struct lemo_subscription *sub;
	char json[1000];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		(void)snprintf(json, sizeof(json), "{\"channel\":\"log\","
			       "\"quiet\":%s}", rows[i].json);
		assert_row(i, lemo_subscription_parse(json, strlen(json), "p",
						      &sub, &error) < 0);
		assert_string_equal(error.field, rows[i].field);
		assert_row(i, strstr(error.reason, rows[i].reason) != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_over_midnight),
		cmocka_unit_test(test_over_the_week_end),
		cmocka_unit_test(test_zones_differ),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_nearly_always),
		cmocka_unit_test(test_zone_names),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_fields_refused)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
