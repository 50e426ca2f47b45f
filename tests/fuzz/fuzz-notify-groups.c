#include "fuzz.h"
#include "lemo-notify-groups.h"

static const char *const names[] = {
	"", "INBOX", "inbox/a", "Lists/IETF", "Lists.IETF", "a", "/"
};

static void ask(const struct lemo_notify_groups *g)
{
	struct lemo_mailbox_facts facts;
	lemo_event_mask_t any = lemo_notify_groups_any(g);
	unsigned int i;

	for (i = 0; i < 8 * sizeof(names) / sizeof(names[0]); i++) {
		facts.name = names[i / 8];
		facts.separator = (i & 1) != 0 ? '/' : '\0';
		facts.personal = (i & 2) != 0;
		facts.subscribed = (i & 4) != 0;
		FUZZ_ASSERT((lemo_notify_groups_events(g, &facts) & ~any) ==
			    0);
	}
	for (i = 0; lemo_notify_groups_mailbox(g, i) != NULL; i++)
		FUZZ_ASSERT(*lemo_notify_groups_mailbox(g, i) != '\0');
	FUZZ_ASSERT(i <= LEMO_NOTIFY_MAX_MAILBOXES);
	(void)lemo_notify_groups_want_subscribed(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *str = fuzz_copy(data, size);
	struct lemo_notify_groups *g;
	const char *error;
	size_t pos;

	if (lemo_notify_groups_parse(str, size, &g, &error, &pos) < 0)
		FUZZ_ASSERT(pos <= size && *error != '\0');
	else {
		ask(g);
		lemo_notify_groups_free(&g);
	}
	free(str);
	return 0;
}
