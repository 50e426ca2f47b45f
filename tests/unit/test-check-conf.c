#include "unit.h"
#include "lemo-check-conf.h"

static const char conf23[] =
	"protocols = imap lmtp lemonade\n"
	"mail_plugins = acl notify lemonade\n"
	"mail_attribute_dict = file:%h/dovecot-attributes\n"
	"mailbox_list_index = yes\n"
	"imap_urlauth_host = \n"
	"plugin/lemonade_contact = mailto:x@example.org\n";
static const char conf24[] =
	"protocols {\n"
	"  imap = yes\n"
	"  lemonade = no\n"
	"}\n"
	"mail_plugins {\n"
	"  notify = yes\n"
	"}\n"
	"mail_attribute {\n"
	"  dict file {\n"
	"    path = %{home}/dovecot-attributes\n"
	"  }\n"
	"}\n"
	"lemonade_contact = mailto:x@example.org";

static void check_value(const char *text, const char *name,
			const char *value)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, 200);
	assert_int_equal(lemo_check_conf_value(text, name, &buf),
			 value != NULL);
	if (value != NULL)
		assert_string_equal(BUF_STR(&buf), value);
	lemo_buf_free(&buf);
}

static void test_value(void **state)
{
	(void)state;
	check_value(conf23, "mailbox_list_index", "yes");
	check_value(conf23, "imap_urlauth_host", "");
	check_value(conf23, "plugin/lemonade_contact", "mailto:x@example.org");
	check_value(conf23, "lemonade_contact", NULL);
	check_value(conf23, "mail_attribute", NULL);
	check_value(conf24, "lemonade_contact", "mailto:x@example.org");
	check_value(conf24, "mail_attribute", NULL);
	/* not of the outer level */
	check_value(conf24, "path", NULL);
	check_value("", "x", NULL);
	check_value("x =", "x", "");
}

static void test_has(void **state)
{
	(void)state;
	assert_int_equal(lemo_check_conf_has(conf23, "protocols", "lemonade"),
			 1);
	assert_int_equal(lemo_check_conf_has(conf23, "mail_plugins", "acl"),
			 1);
	/* no part of a word, nothing of the next line */
	assert_int_equal(lemo_check_conf_has(conf23, "mail_plugins", "lemon"),
			 0);
	assert_int_equal(lemo_check_conf_has(conf23, "protocols", "acl"), 0);
	assert_int_equal(lemo_check_conf_has(conf23, "imap_urlauth_host",
					     "plugin/lemonade_contact"), 0);
	assert_int_equal(lemo_check_conf_has(conf23, "nothing", "acl"), 0);
	assert_int_equal(lemo_check_conf_has(conf24, "protocols", "imap"), 1);
	assert_int_equal(lemo_check_conf_has(conf24, "protocols", "lemonade"),
			 -1);
	assert_int_equal(lemo_check_conf_has(conf24, "protocols", "notify"),
			 0);
	assert_int_equal(lemo_check_conf_has(conf24, "mail_plugins", "notify"),
			 1);
	assert_int_equal(lemo_check_conf_has("a {\n  x = yes", "a", "x"), 1);
	assert_int_equal(lemo_check_conf_has("a {", "a", "x"), 0);
}

static void test_block(void **state)
{
	(void)state;
	assert_true(lemo_check_conf_has_block(conf24, "mail_attribute"));
	assert_false(lemo_check_conf_has_block(conf24, "lemonade_contact"));
	assert_false(lemo_check_conf_has_block(conf23, "mail_attribute"));
	assert_false(lemo_check_conf_has_block("a {\n}\n", "a"));
	assert_false(lemo_check_conf_has_block("a {", "a"));
}

static void test_abi(void **state)
{
	static const struct {
		const char *data;
		size_t size;
		const char *wanted, *abi;
		bool right;
	} rows[] = {
#define DATA(text) text, sizeof(text) - 1
		{ DATA("\0x\0" "2.3.ABIv19(2.3.19.1)\0y"),
		  "2.3.ABIv19(2.3.19.1)", "2.3.ABIv19", true },
		{ DATA("\0" "2.3.ABIv19(2.3.19)\0"), "2.3.ABIv19(2.3.21)",
		  "2.3.ABIv19", true },
		{ DATA("2.4.ABIv1"), "2.4.ABIv1", "2.4.ABIv1", true },
		{ DATA("\0" "2.4.ABIv0\0"), "2.4.ABIv1", "2.4.ABIv0", false },
		{ DATA("\0" "2.4.ABIv11\0"), "2.4.ABIv1", "2.4.ABIv11",
		  false },
		{ DATA("\0" "12.4.ABIv1\0"), "2.4.ABIv1", "12.4.ABIv1",
		  false },
		/* the string may be there for another reason first */
		{ DATA("1.0.ABIv1\0" "2.4.ABIv1"), "2.4.ABIv1", "1.0.ABIv1",
		  true },
		{ DATA("\0.ABIv1 x.ABIv1 4.ABIv1\0"), "2.4.ABIv1", "", false },
		{ DATA(".ABIv"), "2.4.ABIv1", "", false },
		{ DATA(""), "2.4.ABIv1", "", false },
	};
	struct lemo_buf abi;
	unsigned int i;
	char *copy;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		lemo_buf_init(&abi, 100);
		copy = exact_copy(rows[i].data, rows[i].size);
		assert_row(i, lemo_check_module_abi(copy, rows[i].size,
			rows[i].wanted, &abi) == rows[i].right);
		assert_row(i, strcmp(BUF_STR(&abi), rows[i].abi) == 0);
		free(copy);
		lemo_buf_free(&abi);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_abi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
