#include "unit.h"
#include "lemo-notify-groups.h"

#define M(type) LEMO_EVENT_MASK(LEMO_EVENT_##type)
#define NEW M(MESSAGE_NEW)
#define EXPUNGE (M(MESSAGE_EXPUNGE) | M(MESSAGE_EXPIRE))
#define FLAGS (M(FLAGS_SET) | M(FLAGS_CLEAR) | M(MESSAGE_READ) | \
	       M(MESSAGE_TRASH))
#define MBNAME (M(MAILBOX_CREATE) | M(MAILBOX_DELETE) | M(MAILBOX_RENAME))
#define SUBSCRIPTION (M(MAILBOX_SUBSCRIBE) | M(MAILBOX_UNSUBSCRIBE))

static struct lemo_notify_groups *parse(const char *str)
{
	struct lemo_notify_groups *g = NULL;
	const char *error = "none";
	size_t pos = 0, len = strlen(str);
	char *copy = exact_copy(str, len);

	if (lemo_notify_groups_parse(copy, len, &g, &error, &pos) < 0)
		fail_msg("%s at %zu of: %s", error, pos, str);
	free(copy);
	return g;
}

static lemo_event_mask_t ask(const struct lemo_notify_groups *g,
			     const char *name, char separator, bool personal,
			     bool subscribed)
{
	const struct lemo_mailbox_facts facts = {
		name, separator, personal, subscribed
	};

	return lemo_notify_groups_events(g, &facts);
}

/* of a personal mailbox with "/" */
static lemo_event_mask_t events(const struct lemo_notify_groups *g,
				const char *name)
{
	return ask(g, name, '/', true, false);
}

static lemo_event_mask_t events_of(const char *groups, const char *name)
{
	struct lemo_notify_groups *g = parse(groups);
	lemo_event_mask_t ret = events(g, name);

	lemo_notify_groups_free(&g);
	assert_null(g);
	return ret;
}

static void test_event_names_ev_14(void **state)
{
	static const struct {
		const char *name;
		lemo_event_mask_t mask;
	} rows[] = {
		/* RFC 5465 section 5 */
		{ "MessageNew", NEW },
		{ "MessageExpunge", EXPUNGE },
		{ "FlagChange", FLAGS },
		{ "MailboxName", MBNAME },
		{ "SubscriptionChange", SUBSCRIPTION },
		/* RFC 5423 */
		{ "MessageAppend", M(MESSAGE_APPEND) },
		{ "MessageExpire", M(MESSAGE_EXPIRE) },
		{ "MessageRead", M(MESSAGE_READ) },
		{ "MessageTrash", M(MESSAGE_TRASH) },
		{ "FlagsSet", M(FLAGS_SET) },
		{ "FlagsClear", M(FLAGS_CLEAR) },
		{ "QuotaExceed", M(QUOTA_EXCEED) },
		{ "QuotaWithin", M(QUOTA_WITHIN) },
		{ "QuotaChange", M(QUOTA_CHANGE) },
		{ "Login", M(LOGIN) },
		{ "Logout", M(LOGOUT) },
		{ "MailboxCreate", M(MAILBOX_CREATE) },
		{ "MailboxUnSubscribe", M(MAILBOX_UNSUBSCRIBE) },
		/* any case, several, doubled */
		{ "MESSAGENEW", NEW },
		{ "messagenew flagchange", NEW | FLAGS },
		{ "MessageNew MessageNew", NEW },
		{ " MessageNew  Login ", NEW | M(LOGIN) }
	};
	char text[200];
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		(void)snprintf(text, sizeof(text), "(personal (%s))",
			       rows[i].name);
		assert_row(i, events_of(text, "INBOX") == rows[i].mask);
	}
}

/* RFC 5465 section 6: both groups apply to INBOX. */
static void test_rfc5465_two_groups(void **state)
{
	struct lemo_notify_groups *g = parse(
		"(mailboxes INBOX (Messagenew messageExpunge)) "
		"(personal (SubscriptionChange))");

	(void)state;
	assert_int_equal(events(g, "INBOX"), NEW | EXPUNGE | SUBSCRIPTION);
	assert_int_equal(events(g, "Work"), SUBSCRIPTION);
	assert_int_equal(lemo_notify_groups_any(g),
			 NEW | EXPUNGE | SUBSCRIPTION);
	assert_false(lemo_notify_groups_want_subscribed(g));
	lemo_notify_groups_free(&g);
}

/* RFC 5465 3.1 and section 6 without "selected" */
static void test_rfc5465_other_examples(void **state)
{
	struct lemo_notify_groups *g = parse(
		"(subtree Lists (MessageNew)) (mailboxes misc (MessageNew))");

	(void)state;
	assert_int_equal(events(g, "Lists/Lemonade"), NEW);
	assert_int_equal(events(g, "Lists"), NEW);
	assert_int_equal(events(g, "misc"), NEW);
	assert_int_equal(events(g, "misc/deep"), 0);
	assert_int_equal(events(g, "INBOX"), 0);
	lemo_notify_groups_free(&g);
	assert_int_equal(
		events_of("(personal (MessageNew FlagChange MessageExpunge))",
			  "x"), NEW | FLAGS | EXPUNGE);
}

static void test_none_silences(void **state)
{
	static const char *const rows[] = {
		"(personal (MessageNew)) (mailboxes Spam NONE)",
		"(mailboxes Spam NONE) (personal (MessageNew))",
		"(mailboxes (Spam) none) (inboxes (MessageNew))"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_row(i, events_of(rows[i], "Spam") == 0);
		assert_row(i, events_of(rows[i], "Ham") == NEW);
	}
}

static void test_example_of_the_header(void **state)
{
	struct lemo_notify_groups *g = parse(
		"(personal (MessageNew)) "
		"(subtree \"Lists/IETF\" (MessageNew FlagChange)) "
		"(mailboxes INBOX NONE)");

	(void)state;
	assert_int_equal(events(g, "Work"), NEW);
	assert_int_equal(events(g, "Lists/IETF/lemonade"), NEW | FLAGS);
	assert_int_equal(events(g, "Lists"), NEW);
	assert_int_equal(events(g, "INBOX"), 0);
	lemo_notify_groups_free(&g);
}

static void test_specifiers(void **state)
{
	struct lemo_notify_groups *g;

	(void)state;
	g = parse("(inboxes (MessageNew)) (subscribed (FlagChange))");
	assert_true(lemo_notify_groups_want_subscribed(g));
	assert_int_equal(ask(g, "a", '/', false, false), 0);
	assert_int_equal(ask(g, "a", '/', true, false), NEW);
	assert_int_equal(ask(g, "a", '/', false, true), FLAGS);
	assert_int_equal(ask(g, "a", '/', true, true), NEW | FLAGS);
	lemo_notify_groups_free(&g);

	g = parse("(PERSONAL (Login)) (SubTree a (Logout))");
	assert_false(lemo_notify_groups_want_subscribed(g));
	assert_int_equal(ask(g, "a", '/', false, true), M(LOGOUT));
	assert_int_equal(ask(g, "b", '/', true, true), M(LOGIN));
	lemo_notify_groups_free(&g);
}

static void test_subtree(void **state)
{
	struct lemo_notify_groups *g = parse("(subtree Lists (MessageNew))");

	(void)state;
	assert_int_equal(events(g, "Lists"), NEW);
	assert_int_equal(events(g, "Lists/a"), NEW);
	assert_int_equal(events(g, "Lists/a/b"), NEW);
	assert_int_equal(events(g, "Lists2"), 0);
	assert_int_equal(events(g, "Lists.a"), 0);
	assert_int_equal(events(g, "List"), 0);
	assert_int_equal(events(g, "lists"), 0);
	assert_int_equal(events(g, "a/Lists"), 0);
	assert_int_equal(ask(g, "Lists.a", '.', true, false), NEW);
	assert_int_equal(ask(g, "Lists/a", '.', true, false), 0);
	/* no hierarchy: nothing is below */
	assert_int_equal(ask(g, "Lists/a", '\0', true, false), 0);
	assert_int_equal(ask(g, "Lists", '\0', true, false), NEW);
	lemo_notify_groups_free(&g);
}

static void test_separator_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(events_of("(subtree Lists/ (MessageNew))", "Lists"),
			 NEW);
	assert_int_equal(events_of("(subtree Lists/ (MessageNew))",
				   "Lists/a"), NEW);
	assert_int_equal(events_of("(subtree / (MessageNew))", "/"), NEW);
	assert_int_equal(events_of("(subtree / (MessageNew))", "a"), 0);
	assert_int_equal(events_of("(mailboxes a/ (MessageNew))", "a"), NEW);
}

static void test_mailboxes_are_exact(void **state)
{
	struct lemo_notify_groups *g;

	(void)state;
	g = parse("(mailboxes (a \"b c\" d/e \"a*\" \"%\" a]b) (MessageNew))");
	assert_int_equal(events(g, "a"), NEW);
	assert_int_equal(events(g, "b c"), NEW);
	assert_int_equal(events(g, "d/e"), NEW);
	assert_int_equal(events(g, "a*"), NEW);
	assert_int_equal(events(g, "a]b"), NEW);
	/* RFC 5465 6.6: no wildcards */
	assert_int_equal(events(g, "abc"), 0);
	assert_int_equal(events(g, "x"), 0);
	assert_int_equal(events(g, "d"), 0);
	assert_int_equal(events(g, "a/below"), 0);
	assert_int_equal(events(g, "A"), 0);
	assert_int_equal(events(g, ""), 0);
	lemo_notify_groups_free(&g);
}

static void test_inbox_in_any_case(void **state)
{
	struct lemo_notify_groups *g = parse("(mailboxes inBox (MessageNew)) "
					     "(subtree INBOX/Sub (Login)) "
					     "(subtree inboxes (Logout))");

	(void)state;
	assert_int_equal(events(g, "INBOX"), NEW);
	assert_int_equal(events(g, "Inbox"), NEW);
	assert_int_equal(events(g, "inbox/Sub/x"), M(LOGIN));
	assert_int_equal(events(g, "INBOX/sub"), 0);
	assert_int_equal(events(g, "inboxes/a"), M(LOGOUT));
	/* another name that begins so has case */
	assert_int_equal(events(g, "INBOXES"), 0);
	lemo_notify_groups_free(&g);
	assert_int_equal(events_of("(subtree INBOX (MessageNew))", "inbox/a"),
			 NEW);
	assert_int_equal(events_of("(subtree INBOX (MessageNew))", "inbo"), 0);
	assert_int_equal(events_of("(subtree INBOX/a (MessageNew))", "INBOX"),
			 0);
	assert_int_equal(events_of("(mailboxes INBOX/ab (MessageNew))",
				   "INBOX/a"), 0);
}

static void test_quoted(void **state)
{
	struct lemo_notify_groups *g = parse(
		"(mailboxes (\"say \\\"hi\\\"\" \"back\\\\slash\" "
		"\"Gr\xc3\xbc\xc3\x9f" "e\" \xe6\x97\xa5\xe6\x9c\xac) "
		"(MessageNew))");

	(void)state;
	assert_int_equal(events(g, "say \"hi\""), NEW);
	assert_int_equal(events(g, "back\\slash"), NEW);
	assert_int_equal(events(g, "Gr\xc3\xbc\xc3\x9f" "e"), NEW);
	assert_int_equal(events(g, "\xe6\x97\xa5\xe6\x9c\xac"), NEW);
	assert_int_equal(events(g, "say hi"), 0);
	lemo_notify_groups_free(&g);
}

static void test_mailbox_list(void **state)
{
	struct lemo_notify_groups *g = parse(
		"(mailboxes (a b) (MessageNew)) (personal NONE) "
		"(subtree \"c d\" NONE)");

	(void)state;
	assert_string_equal(lemo_notify_groups_mailbox(g, 0), "a");
	assert_string_equal(lemo_notify_groups_mailbox(g, 1), "b");
	assert_string_equal(lemo_notify_groups_mailbox(g, 2), "c d");
	assert_null(lemo_notify_groups_mailbox(g, 3));
	assert_null(lemo_notify_groups_mailbox(g, UINT32_MAX));
	assert_int_equal(lemo_notify_groups_any(g), NEW);
	lemo_notify_groups_free(&g);
}

static void test_spaces(void **state)
{
	static const char *const rows[] = {
		"(personal (MessageNew))",
		"  (  personal   (  MessageNew  )  )  ",
		"(personal(MessageNew))",
		"(mailboxes INBOX(MessageNew))",
		"(mailboxes  ( INBOX  b )(MessageNew))(personal(MessageNew))"
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++)
		assert_row(i, events_of(rows[i], "INBOX") == NEW);
}

static void assert_refused(unsigned int row, const char *str, size_t len,
			   const char *wanted, size_t wanted_pos)
{
	struct lemo_notify_groups *g;
	const char *error = NULL;
	char *copy = exact_copy(str, len);
	size_t pos = 9999;

	poison(&g, sizeof(g));
	assert_row(row, lemo_notify_groups_parse(copy, len, &g, &error,
						 &pos) == -1);
	assert_row(row, is_poisoned(&g, sizeof(g)));
	assert_row(row, error != NULL);
	if (strstr(error, wanted) == NULL || pos != wanted_pos)
		fail_msg("row %u: %s at %zu", row, error, pos);
	free(copy);
}

static void test_refused(void **state)
{
	static const struct {
		const char *str, *error;
		size_t pos;
	} rows[] = {
		{ "", "event group expected", 0 },
		{ "   ", "event group expected", 3 },
		{ "x", "event group expected", 0 },
		{ "NONE", "event group expected", 0 },
		{ "()", "specifier expected", 1 },
		{ "(", "specifier expected", 1 },
		{ "(\"personal\" (MessageNew))", "specifier expected", 1 },
		{ "(all (MessageNew))", "must be inboxes, personal", 1 },
		{ "(selected (MessageNew))", "selected belongs", 1 },
		{ "(SELECTED-DELAYED (MessageNew))", "selected belongs", 1 },
		{ "(personal)", "events expected", 9 },
		{ "(personal", "events expected", 9 },
		{ "(personal MessageNew)", "must stand in ()", 10 },
		{ "(personal NONES)", "must stand in ()", 10 },
		{ "(personal ())", "event name or ) expected", 11 },
		{ "(personal (", "event name or ) expected", 11 },
		{ "(personal (MessageNew", "event name or ) expected", 21 },
		{ "(personal (MessageNew)", ") expected", 22 },
		{ "(personal (MessageNew) x)", ") expected", 23 },
		{ "(personal NONE (MessageNew))", ") expected", 15 },
		{ "(personal (MessageNew)))", "event group expected", 23 },
		{ "(personal (MessageNew)) x", "event group expected", 24 },
		{ "(personal (MessageOld))", "unknown event", 11 },
		{ "(personal (MessageNew all))", "unknown event", 22 },
		{ "(personal (vnd.lemonade.DeviceSet))", "unknown event", 11 },
		{ "(personal (MessageNew (uid flags)))", "fetch attributes",
		  22 },
		{ "(personal (MessageNew(uid)))", "fetch attributes", 21 },
		{ "(personal (AnnotationChange))", "not supported", 11 },
		{ "(personal (MessageNew mailboxmetadatachange))",
		  "not supported", 22 },
		{ "(personal (ServerMetadataChange))", "not supported", 11 },
		{ "(mailboxes (MessageNew))", "events expected", 23 },
		{ "(mailboxes)", "mailbox name expected", 10 },
		{ "(mailboxes () (MessageNew))", "mailbox name expected",
		  12 },
		{ "(mailboxes (a (MessageNew))", "mailbox name expected",
		  14 },
		{ "(mailboxes a* (MessageNew))", "space expected", 12 },
		{ "(mailboxes * (MessageNew))", "mailbox name expected", 11 },
		{ "(mailboxes (a\"b\") (MessageNew))", "space expected", 13 },
		{ "(mailboxes (\"a\"b) (MessageNew))", "space expected", 15 },
		{ "(mailboxes \"\" (MessageNew))", "name is empty", 11 },
		{ "(mailboxes \"a (MessageNew))", "not closed", 11 },
		{ "(mailboxes \"a", "not closed", 11 },
		{ "(mailboxes \"a\\", "only \\ and \"", 14 },
		{ "(mailboxes \"\\a\" (MessageNew))", "only \\ and \"", 13 },
		{ "(mailboxes \"a\nb\" (MessageNew))", "control character",
		  13 },
		{ "(mailboxes a\x7f (MessageNew))", "space expected", 12 },
		{ "(personal\t(MessageNew))", "events expected", 9 },
		{ "(mailboxes \xc3 (MessageNew))", "not UTF-8", 0 }
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		assert_refused(i, rows[i].str, strlen(rows[i].str),
			       rows[i].error, rows[i].pos);
	}
	assert_refused(i, "(personal (MessageNew))\0", 24, "not UTF-8", 0);
}

/* count times the text, with a head and a tail */
static char *repeat(const char *head, const char *text, unsigned int count,
		    const char *tail)
{
	size_t len = strlen(text);
	char *str = malloc(strlen(head) + len * count + strlen(tail) + 1);
	char *pos = str;

	if (str == NULL)
		abort();
	memcpy(pos, head, strlen(head));
	pos += strlen(head);
	for (; count > 0; count--) {
		memcpy(pos, text, len);
		pos += len;
	}
	memcpy(pos, tail, strlen(tail) + 1);
	return str;
}

static void test_limits(void **state)
{
	struct lemo_notify_groups *g;
	char *str;

	(void)state;
	str = repeat("", "(personal (Login))", LEMO_NOTIFY_MAX_GROUPS, "");
	g = parse(str);
	lemo_notify_groups_free(&g);
	free(str);
	str = repeat("", "(personal (Login))", LEMO_NOTIFY_MAX_GROUPS + 1,
		     "");
	assert_refused(0, str, strlen(str), "more than 20", 360);
	free(str);

	str = repeat("(mailboxes (", "a ", LEMO_NOTIFY_MAX_MAILBOXES,
		     ") (Login))");
	g = parse(str);
	assert_non_null(lemo_notify_groups_mailbox(
		g, LEMO_NOTIFY_MAX_MAILBOXES - 1));
	lemo_notify_groups_free(&g);
	free(str);
	str = repeat("(mailboxes (", "\"a\" ", LEMO_NOTIFY_MAX_MAILBOXES + 1,
		     ") (Login))");
	assert_refused(1, str, strlen(str), "more than 50", 212);
	free(str);
}

static void test_depth_costs_nothing(void **state)
{
	char *str = repeat("", "(", 100000, "");

	(void)state;
	assert_refused(0, str, strlen(str), "specifier expected", 1);
	free(str);
	str = repeat("(personal (MessageNew ", "(", 100000, "");
	assert_refused(1, str, strlen(str), "fetch attributes", 22);
	free(str);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_names_ev_14),
		cmocka_unit_test(test_rfc5465_two_groups),
		cmocka_unit_test(test_rfc5465_other_examples),
		cmocka_unit_test(test_none_silences),
		cmocka_unit_test(test_example_of_the_header),
		cmocka_unit_test(test_specifiers),
		cmocka_unit_test(test_subtree),
		cmocka_unit_test(test_separator_at_the_end),
		cmocka_unit_test(test_mailboxes_are_exact),
		cmocka_unit_test(test_inbox_in_any_case),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_mailbox_list),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_depth_costs_nothing)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
