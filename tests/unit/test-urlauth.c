#include "unit.h"
#include "lemo-urlauth.h"

static void test_access(void **state)
{
	static const struct {
		const char *application, *user;
		enum lemo_urlauth_access access;
	} rows[] = {
		{ "submit", "fred", LEMO_URLAUTH_SUBMIT },
		{ "SUBMIT", "fred", LEMO_URLAUTH_SUBMIT },
		{ "user", "fred", LEMO_URLAUTH_USER },
		{ "User", "fr\xc3\xa9" "d", LEMO_URLAUTH_USER },
		{ "stream", NULL, LEMO_URLAUTH_STREAM },
		{ "stream", "fred", LEMO_URLAUTH_STREAM },
		{ "authuser", NULL, LEMO_URLAUTH_AUTHUSER },
		{ "anonymous", NULL, LEMO_URLAUTH_ANONYMOUS }
	};
	enum lemo_urlauth_access access;
	const char *error;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_urlauth_access_parse(rows[i].application,
				rows[i].user, &access, &error) == 0);
		assert_row(i, access == rows[i].access);
	}
}

static void test_bad_access(void **state)
{
	static const struct {
		const char *application, *user, *error;
	} rows[] = {
		{ "", NULL, "not known" },
		{ "", "fred", "not known" },
		/* what Dovecot compares without its last letters */
		{ "submitX", "fred", "not known" },
		{ "submi", "fred", "not known" },
		{ "streaM2", NULL, "not known" },
		{ "streak", NULL, "not known" },
		{ "submit+", "fred", "not known" },
		{ "users", "fred", "not known" },
		{ "submit", NULL, "needs a user" },
		{ "submit", "", "needs a user" },
		{ "user", NULL, "needs a user" },
		{ "user", "", "needs a user" },
		{ "authuser", "fred", "takes no user" },
		{ "anonymous", "", "takes no user" }
	};
	enum lemo_urlauth_access access;
	const char *error;
	unsigned int i;

	(void)state;
	poison(&access, sizeof(access));
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_urlauth_access_parse(rows[i].application,
				rows[i].user, &access, &error) < 0);
		assert_row(i, strstr(error, rows[i].error) != NULL);
		assert_row(i, is_poisoned(&access, sizeof(access)));
	}
}

static void test_list(void **state)
{
	static const struct {
		const char *list;
		unsigned int set;
	} rows[] = {
		{ "", 0 },
		{ "  ", 0 },
		{ "submit", LEMO_URLAUTH_SUBMIT },
		{ " user  submit user ",
		  LEMO_URLAUTH_SUBMIT | LEMO_URLAUTH_USER },
		{ "submit user stream authuser anonymous", 0x1f }
	};
	const char *error;
	unsigned int i, set;
	size_t pos;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_urlauth_list_parse(rows[i].list, &set,
						      &error, &pos) == 0);
		assert_row(i, set == rows[i].set);
	}
}

static void test_bad_list(void **state)
{
	static const struct {
		const char *list;
		size_t pos;
	} rows[] = {
		{ "nobody", 0 },
		{ "submit,user", 0 },
		{ "submit user+ ", 7 },
		{ " user\tsubmit", 1 },
		{ "submit anonymous2", 7 }
	};
	const char *error;
	unsigned int i, set;
	size_t pos;

	(void)state;
	poison(&set, sizeof(set));
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_urlauth_list_parse(rows[i].list, &set,
						      &error, &pos) < 0);
		assert_row(i, pos == rows[i].pos && *error != '\0');
		assert_row(i, is_poisoned(&set, sizeof(set)));
	}
}

static void test_ua_14_entitled(void **state)
{
	static const struct {
		enum lemo_urlauth_access access;
		const char *url_user, *session_user;
		bool anonymous, entitled;
	} rows[] = {
		{ LEMO_URLAUTH_USER, "fred", "fred", false, true },
		{ LEMO_URLAUTH_USER, "fred", "joe", false, false },
		{ LEMO_URLAUTH_USER, "fred", "Fred", false, false },
		{ LEMO_URLAUTH_USER, "fred", "fred2", false, false },
		{ LEMO_URLAUTH_USER, "anonymous", "anonymous", true, false },
		{ LEMO_URLAUTH_USER, NULL, "fred", false, false },
		{ LEMO_URLAUTH_AUTHUSER, NULL, "joe", false, true },
		{ LEMO_URLAUTH_AUTHUSER, NULL, "anonymous", true, false },
		{ LEMO_URLAUTH_ANONYMOUS, NULL, "joe", false, true },
		{ LEMO_URLAUTH_ANONYMOUS, NULL, "anonymous", true, true },
		{ LEMO_URLAUTH_SUBMIT, "fred", "submit", false, true },
		{ LEMO_URLAUTH_STREAM, NULL, "stream", false, true }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, lemo_urlauth_is_entitled(rows[i].access,
				rows[i].url_user, rows[i].session_user,
				rows[i].anonymous) == rows[i].entitled);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_bad_access),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_bad_list),
		cmocka_unit_test(test_ua_14_entitled)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
