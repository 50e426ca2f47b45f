/* Limits between sessions: nobody tells a mail process that the admin has
   changed one, so it remembers what they were. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "strescape.h"
#include "lemonade-quota-private.h"
#include "lemonade-store.h"
#include "lemonade-user.h"

#define LIMITS_NAME "quota"

struct limits {
	const char *root;
	uint64_t bytes, count;
};
ARRAY_DEFINE_TYPE(limits, struct limits);

/* A line a root: its name, octets, messages. */
static void limits_parse(const char *value, ARRAY_TYPE(limits) *limits)
{
	const char *const *lines = t_strsplit(value, "\n");

	for (; *lines != NULL; lines++) {
		const char *const *args = t_strsplit_tabescaped(*lines);
		struct limits *dest;

		if (str_array_length(args) != 3)
			continue;
		dest = array_append_space(limits);
		dest->root = args[0];
		if (str_to_uint64(args[1], &dest->bytes) < 0 ||
		    str_to_uint64(args[2], &dest->count) < 0)
			array_delete(limits, array_count(limits) - 1, 1);
	}
}

static const struct limits *
limits_find(const ARRAY_TYPE(limits) *limits, const char *root)
{
	const struct limits *found;

	array_foreach(limits, found) {
		if (strcmp(found->root, root) == 0)
			return found;
	}
	return NULL;
}

/* A root that is seen for the first time has not changed. */
static bool limits_differ(const struct limits *old,
			  const struct lemonade_usage *usage)
{
	return old != NULL && (old->bytes != usage->bytes_limit ||
			       old->count != usage->count_limit);
}

static void limits_write(string_t *str, const char *root,
			 const struct lemonade_usage *usage)
{
	str_append_tabescaped(str, root);
	str_printfa(str, "\t%"PRIu64"\t%"PRIu64"\n", usage->bytes_limit,
		    usage->count_limit);
}

void lemonade_quota_compare_limits(struct lemonade_user *luser)
{
	struct mail_user *user = luser->user;
	const struct lemonade_quota_api *api = &luser->quota->api;
	ARRAY_TYPE(lemonade_quota_root) roots;
	ARRAY_TYPE(limits) limits;
	struct lemonade_usage usage;
	struct quota_root *root;
	const char *name, *old = "";
	string_t *now = t_str_new(128);

	if (lemonade_store_get(user, LIMITS_NAME, &old) < 0)
		return;
	t_array_init(&limits, 2);
	limits_parse(old, &limits);
	lemonade_quota_roots(api, user, &roots);
	array_foreach_elem(&roots, root) {
		if (!lemonade_quota_usage(api, root, &usage))
			continue;
		name = api->get_name(root);
		limits_write(now, name, &usage);
		if (limits_differ(limits_find(&limits, name), &usage)) {
			lemonade_quota_raise(luser, LEMO_EVENT_QUOTA_CHANGE,
					     root, &usage);
		}
	}
	if (strcmp(str_c(now), old) != 0)
		(void)lemonade_store_set(user, LIMITS_NAME, str_c(now));
}
