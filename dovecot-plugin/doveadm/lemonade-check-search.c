/* Rows about SEARCH and SORT. */

#include "lib.h"
#include "lemonade-check-store.h"

static int try_esearch(struct check_store *store, const char **why_r)
{
	return check_store_expect(store, check_imap_command(store->imap,
		"UID SEARCH RETURN (MIN MAX COUNT) SUBJECT \"lemonade\""),
		t_strdup_printf("MIN %"PRIu64, store->uid_b), why_r);
}

/* a is the first of the alphabet */
static int try_esort(struct check_store *store, const char **why_r)
{
	return check_store_expect(store, check_imap_command(store->imap,
		"UID SORT RETURN (MIN COUNT) (SUBJECT) UTF-8 "
		"SUBJECT \"lemonade check\""),
		t_strdup_printf("MIN %"PRIu64, store->uid_a), why_r);
}

static int try_sort(struct check_store *store, const char **why_r)
{
	return check_store_expect(store, check_imap_command(store->imap,
		"UID SORT (SUBJECT) UTF-8 SUBJECT \"lemonade check\""),
		t_strdup_printf("* SORT %"PRIu64" %"PRIu64, store->uid_a,
				store->uid_b), why_r);
}

/* RFC 5255 4.3: capitals find what is written small. */
static int try_i18n(struct check_store *store, const char **why_r)
{
	static const char word[] = "CAF\xc3\x89";
	int ret;

	check_imap_begin(store->imap, "UID SEARCH CHARSET UTF-8 BODY ");
	ret = check_imap_literal(store->imap, word, strlen(word));
	if (ret > 0)
		ret = check_imap_end(store->imap);
	return check_store_expect(store, ret, t_strdup_printf(
		"* SEARCH %"PRIu64, store->uid_a), why_r);
}

/* What a context is told of a message that comes. */
static int
context_added(struct check_store *store, uint64_t *position_r,
	      const char **why_r)
{
	static const char message[] = "From: lemonade@example.org\r\n"
		"Subject: lemonade context\r\n\r\nx\r\n";
	const struct check_imap_response *response;
	uint64_t uid;
	int ret = check_store_append(store, store->imap, message);

	if (ret > 0 && check_imap_find(store->imap, "ADDTO (") == NULL)
		ret = check_imap_command(store->imap, "NOOP");
	ret = check_store_expect(store, ret, "ADDTO (", why_r);
	if (ret <= 0)
		return ret;
	response = check_imap_find(store->imap, "ADDTO (");
	if (lemo_check_imap_addto(response->data, response->len, position_r,
				  &uid))
		return 1;
	return check_store_wrong("ADDTO has no position and UID", why_r);
}

static int try_context(struct check_store *store, const char *command,
		       uint64_t *position_r, const char **why_r)
{
	const char *tag;
	int ret = check_imap_command(store->imap, "%s", command);

	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	if (check_imap_find(store->imap, "[NOUPDATE ") != NULL)
		return check_store_wrong("the server refuses it: NOUPDATE",
					 why_r);
	tag = t_strdup(store->imap->tag);
	ret = context_added(store, position_r, why_r);
	if (ret <= 0)
		return ret;
	ret = check_imap_command(store->imap, "CANCELUPDATE \"%s\"", tag);
	return ret != 0 ? ret : check_store_refused(store, why_r);
}

static int try_context_search(struct check_store *store, const char **why_r)
{
	uint64_t position;

	return try_context(store, "UID SEARCH RETURN (UPDATE COUNT) ALL",
			   &position, why_r);
}

/* RFC 5267 4.3.1: 0, "anywhere", is for SEARCH only */
static int try_context_sort(struct check_store *store, const char **why_r)
{
	uint64_t position;
	int ret = try_context(store, "UID SORT RETURN (UPDATE COUNT) "
			      "(SUBJECT) UTF-8 ALL", &position, why_r);

	if (ret <= 0 || position > 0)
		return ret;
	return check_store_wrong("ADDTO always tells position 0", why_r);
}

const struct check_trial check_trials_search[] = {
	{ "ESEARCH", try_esearch },
	{ "ESORT", try_esort },
	{ "SORT", try_sort },
	{ "I18NLEVEL=1", try_i18n },
	{ "CONTEXT=SEARCH", try_context_search },
	{ "CONTEXT=SORT", try_context_sort },
	{ NULL, NULL }
};
