#include "unit.h"
#include "lemo-event.h"
#include "lemo-event-fields.h"

/* RFC 5423 section 4, and ours */
static const char *const names[LEMO_EVENT_TYPE_COUNT] = {
	"MessageAppend", "MessageExpire", "MessageExpunge", "MessageNew",
	"QuotaExceed", "QuotaWithin", "QuotaChange",
	"MessageRead", "MessageTrash", "FlagsSet", "FlagsClear",
	"Login", "Logout",
	"MailboxCreate", "MailboxDelete", "MailboxRename",
	"MailboxSubscribe", "MailboxUnSubscribe",
	"vnd.lemonade.DeviceSet", "vnd.lemonade.DeviceUnset"
};

static void test_names(void **state)
{
	enum lemo_event_type type;
	unsigned int i;

	(void)state;
	for (i = 0; i < LEMO_EVENT_TYPE_COUNT; i++) {
		assert_string_equal(lemo_event_type_name(i), names[i]);
		type = LEMO_EVENT_TYPE_COUNT;
		assert_true(lemo_event_type_find(names[i], strlen(names[i]),
						 &type));
		assert_int_equal(type, i);
	}
}

static void test_find_ignores_case(void **state)
{
	enum lemo_event_type type = LEMO_EVENT_TYPE_COUNT;

	(void)state;
	assert_true(lemo_event_type_find("mESSAGEnEW", 10, &type));
	assert_int_equal(type, LEMO_EVENT_MESSAGE_NEW);
	assert_true(lemo_event_type_find("MailboxUnsubscribe", 18, &type));
	assert_int_equal(type, LEMO_EVENT_MAILBOX_UNSUBSCRIBE);
}

static void test_find_fails(void **state)
{
	static const char *const rows[] = {
		"", "M", "MessageNe", "MessageNew ", "MessageNewX", "New",
		"Messagenew\n", "DeviceSet", "FlagChange", "all"
	};
	enum lemo_event_type type;
	unsigned int i;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(&type, sizeof(type));
		assert_row(i, !lemo_event_type_find(rows[i], strlen(rows[i]),
						    &type));
		assert_row(i, is_poisoned(&type, sizeof(type)));
	}
	/* a NUL inside is not the end */
	assert_false(lemo_event_type_find("MessageNew\0", 11, &type));
}

#define M(type) LEMO_EVENT_MASK(LEMO_EVENT_##type)

static void test_mask_ev_13_groups(void **state)
{
	static const struct {
		const char *names;
		lemo_event_mask_t mask;
	} rows[] = {
		{ "", 0 },
		{ " ,, ", 0 },
		{ "MessageNew", M(MESSAGE_NEW) },
		{ "messagenew", M(MESSAGE_NEW) },
		{ " MessageNew,MessageAppend ",
		  M(MESSAGE_NEW) | M(MESSAGE_APPEND) },
		{ "FlagsSet FlagsClear, FlagsSet",
		  M(FLAGS_SET) | M(FLAGS_CLEAR) },
		{ "MailboxUnSubscribe", M(MAILBOX_UNSUBSCRIBE) },
		{ "all", 0x3ffff },
		{ "ALL MessageNew", 0x3ffff }
	};
	lemo_event_mask_t mask;
	const char *error;
	unsigned int i;
	size_t pos;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		mask = 0xdead;
		assert_row(i, lemo_event_mask_parse(rows[i].names, &mask,
						    &error, &pos) == 0);
		assert_row(i, mask == rows[i].mask);
	}
}

static void test_mask_fails(void **state)
{
	static const struct {
		const char *names;
		size_t pos;
	} rows[] = {
		{ "x", 0 },
		{ "MessageNew MessageOld", 11 },
		{ "MessageNew, \tFlagsSet", 12 },
		{ "  al", 2 },
		{ "MessageNew;FlagsSet", 0 },
		/* private events are no one's to choose */
		{ "vnd.lemonade.DeviceSet", 0 },
		{ "all,vnd.lemonade.DeviceUnset", 4 }
	};
	lemo_event_mask_t mask;
	const char *error;
	unsigned int i;
	size_t pos;

	(void)state;
	for (i = 0; i < N_ELEMENTS(rows); i++) {
		poison(&mask, sizeof(mask));
		error = NULL;
		pos = 999;
		assert_row(i, lemo_event_mask_parse(rows[i].names, &mask,
						    &error, &pos) == -1);
		assert_row(i, pos == rows[i].pos);
		assert_row(i, error != NULL);
		assert_row(i, is_poisoned(&mask, sizeof(mask)));
	}
}

static void test_masks_differ(void **state)
{
	lemo_event_mask_t all = 0;
	unsigned int i;

	(void)state;
	for (i = 0; i < LEMO_EVENT_TYPE_COUNT; i++) {
		assert_int_equal(all & LEMO_EVENT_MASK(i), 0);
		all |= LEMO_EVENT_MASK(i);
	}
	assert_int_equal(all & LEMO_EVENT_MASK_RFC5423,
			 LEMO_EVENT_MASK_RFC5423);
	assert_int_equal(LEMO_EVENT_MASK_RFC5423 & M(DEVICE_SET), 0);
	assert_int_equal(LEMO_EVENT_MASK_RFC5423 & M(DEVICE_UNSET), 0);
}

/* RFC 5423's parameters have its names, all others our prefix; "device" is
   the list's. No name twice, no member twice. */
static void test_field_table(void **state)
{
	static const char *const rfc5423[] = {
		"admin", "clientIP", "clientPort", "diskQuota", "diskUsed",
		"flagNames", "mailboxID", "maxMessages", "messageSize",
		"messages", "modseq", "oldMailboxID", "pid", "process",
		"serverDomain", "serverFQDN", "serverPort", "service",
		"timestamp", "uidnext", "uidset",
		"uri", "user", "device"
	};
	const struct lemo_event_field *a, *b;
	unsigned int i, j;

	(void)state;
	for (i = 0; i < LEMO_EVENT_FIELDS_COUNT; i++) {
		a = &lemo_event_fields[i];
		assert_row(i, a->key != NULL);
		assert_row(i, strlen(a->key) == a->key_len);
		for (j = 0; j < N_ELEMENTS(rfc5423); j++) {
			if (strcmp(rfc5423[j], a->key) == 0)
				break;
		}
		assert_row(i, j < N_ELEMENTS(rfc5423) ||
			   strncmp(a->key, "vnd.lemonade.", 13) == 0);
		for (j = 0; j < i; j++) {
			b = &lemo_event_fields[j];
			assert_row(i, strcmp(a->key, b->key) != 0);
			assert_row(i, a->offset != b->offset);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_find_ignores_case),
		cmocka_unit_test(test_find_fails),
		cmocka_unit_test(test_mask_ev_13_groups),
		cmocka_unit_test(test_mask_fails),
		cmocka_unit_test(test_masks_differ),
		cmocka_unit_test(test_field_table)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
