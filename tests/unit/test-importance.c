#include "unit.h"
#include "lemo-importance.h"

static void test_importance(void **state)
{
	static const struct {
		const char *importance, *priority, *x_priority;
		unsigned int expected;
	} rows[] = {
		{ NULL, NULL, NULL, LEMO_IMPORTANCE_NORMAL },
		{ "high", NULL, NULL, LEMO_IMPORTANCE_HIGH },
		{ " High\t", NULL, NULL, LEMO_IMPORTANCE_HIGH },
		{ "low", NULL, NULL, LEMO_IMPORTANCE_LOW },
		{ "normal", "urgent", "1", LEMO_IMPORTANCE_NORMAL },
		{ NULL, "urgent", NULL, LEMO_IMPORTANCE_HIGH },
		{ NULL, "Non-Urgent", NULL, LEMO_IMPORTANCE_LOW },
		{ NULL, NULL, "1", LEMO_IMPORTANCE_HIGH },
		{ NULL, NULL, "1 (Highest)", LEMO_IMPORTANCE_HIGH },
		{ NULL, NULL, " 2(High)", LEMO_IMPORTANCE_HIGH },
		{ NULL, NULL, "3", LEMO_IMPORTANCE_NORMAL },
		{ NULL, NULL, "5 (Lowest)", LEMO_IMPORTANCE_LOW },
		/* what says nothing leaves it to the next */
		{ "high!", "urgently", "2", LEMO_IMPORTANCE_HIGH },
		{ "", "", "", LEMO_IMPORTANCE_NORMAL },
		{ "1", "highest", "12", LEMO_IMPORTANCE_NORMAL },
		{ "high low", NULL, "0", LEMO_IMPORTANCE_NORMAL },
		{ "hig", NULL, "x1", LEMO_IMPORTANCE_NORMAL }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_importance(rows[i].importance,
					      rows[i].priority,
					      rows[i].x_priority) ==
			   rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_importance)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
