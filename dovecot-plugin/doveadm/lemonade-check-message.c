/* Rows about messages: how they come in, are fetched and go. */

#include "lib.h"
#include "str.h"
#include "lemonade-check-store.h"

/* Octets of a message part that are looked at. */
#define VALUE_MAX 4096
#define PARTIAL_OCTETS 4

#define MESSAGE(subject, text) \
	"From: lemonade@example.org\r\nSubject: " subject "\r\n\r\n" text "\r\n"

static int try_literal_plus(struct check_store *store, const char **why_r)
{
	static const char message[] = MESSAGE("lemonade plus", "x");
	int ret;

	check_imap_begin(store->imap,
			 t_strdup_printf("APPEND %s ", store->quoted));
	(void)check_imap_literal_as(store->imap, "", TRUE, message,
				    strlen(message));
	ret = check_imap_end(store->imap);
	return ret != 0 ? ret : check_store_refused(store, why_r);
}

/* The code of the last command's tagged answer. */
static bool has_code(struct check_store *store, const char *code)
{
	return lemo_check_imap_has(store->imap->status,
				   strlen(store->imap->status), code);
}

/* APPENDUID validity uid */
static bool appended_uid(struct check_store *store, uint64_t *uid_r)
{
	const char *name = t_strdup_printf("[APPENDUID %"PRIu64,
					   store->uidvalidity);

	return lemo_check_imap_number(store->imap->status,
				      strlen(store->imap->status), name,
				      uid_r);
}

static int expunge(struct check_store *store, uint64_t uid)
{
	int ret = check_imap_command(store->imap, "UID STORE %"PRIu64
				     " +FLAGS.SILENT (\\Deleted)", uid);

	if (ret > 0) {
		ret = check_imap_command(store->imap,
					 "UID EXPUNGE %"PRIu64, uid);
	}
	return ret;
}

static int try_uidplus(struct check_store *store, const char **why_r)
{
	uint64_t uid;
	int ret = check_store_append(store, store->imap,
				     MESSAGE("lemonade gone", "x"));

	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	if (!appended_uid(store, &uid))
		return check_store_wrong("APPEND tells no UID", why_r);
	ret = expunge(store, uid);
	if (ret > 0 && check_imap_find(store->imap, "VANISHED") != NULL)
		return 1;
	return check_store_expect(store, ret, "EXPUNGE", why_r);
}

/* Does an item of the last FETCH have exactly these octets? */
static bool value_is(struct check_store *store, const char *item,
		     const char *wanted)
{
	const struct check_imap_response *response =
		check_imap_find(store->imap, item);
	struct lemo_buf value;
	bool same;

	lemo_buf_init(&value, VALUE_MAX);
	same = response != NULL &&
		lemo_check_imap_value(response->data, response->len, item,
				      &value) &&
		value.len == strlen(wanted) &&
		memcmp(value.data, wanted, value.len) == 0;
	lemo_buf_free(&value);
	return same;
}

static int try_binary(struct check_store *store, const char **why_r)
{
	static const char message[] = "From: lemonade@example.org\r\n"
		"Subject: lemonade binary\r\nMIME-Version: 1.0\r\n"
		"Content-Type: application/octet-stream\r\n"
		"Content-Transfer-Encoding: binary\r\n\r\n\0x\r\n";
	int ret = check_imap_command(store->imap, "UID FETCH %"PRIu64
				     " (BINARY.PEEK[2])", store->uid_b);

	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	if (!value_is(store, "BINARY[2]", CHECK_STORE_DECODED))
		return check_store_wrong("FETCH BINARY does not decode", why_r);
	check_imap_begin(store->imap,
			 t_strdup_printf("APPEND %s ", store->quoted));
	ret = check_imap_literal_as(store->imap, "~",
		check_imap_has_cap(store->imap, "LITERAL+"), message,
		sizeof(message) - 1);
	if (ret > 0)
		ret = check_imap_end(store->imap);
	/* RFC 5550 5.2: for any mailbox */
	return ret != 0 ? ret : check_store_refused(store, why_r);
}

/* A message of a header of ours and what the URL of a message names. */
static int catenate(struct check_store *store, const char *subject,
		    uint64_t uid, const char *rest)
{
	const char *header = t_strdup_printf(
		"From: lemonade@example.org\r\nSubject: %s\r\n\r\n", subject);
	int ret;

	check_imap_begin(store->imap, t_strdup_printf(
		"APPEND %s CATENATE (TEXT ", store->quoted));
	ret = check_imap_literal(store->imap, header, strlen(header));
	if (ret <= 0)
		return ret;
	check_imap_more(store->imap, t_strdup_printf(
		" URL \"/%s;UIDVALIDITY=%"PRIu64"/;UID=%"PRIu64"%s\")",
		store->url_path, store->uidvalidity, uid, rest));
	return check_imap_end(store->imap);
}

/* The body of the message with that subject. */
static int body_is(struct check_store *store, const char *subject,
		   const char *wanted, const char **why_r)
{
	uint64_t uid;
	int ret = check_store_search(store, t_strdup_printf("SUBJECT \"%s\"",
							    subject), &uid);

	if (ret > 0) {
		ret = check_imap_command(store->imap, "UID FETCH %"PRIu64
					 " (BODY.PEEK[TEXT])", uid);
	}
	if (ret < 0)
		return -1;
	if (ret > 0 && value_is(store, "BODY[TEXT]", wanted))
		return 1;
	return check_store_wrong("the message does not have the octets that "
				 "the URL names", why_r);
}

static int try_catenated(struct check_store *store, const char *subject,
			 uint64_t uid, const char *rest, const char *wanted,
			 const char **why_r)
{
	int ret = catenate(store, subject, uid, rest);

	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	return body_is(store, subject, wanted, why_r);
}

static int try_catenate(struct check_store *store, const char **why_r)
{
	return try_catenated(store, "lemonade catenate", store->uid_b,
			     "/;SECTION=2", "bGVtb25hZGU=", why_r);
}

static int try_url_partial(struct check_store *store, const char **why_r)
{
	return try_catenated(store, "lemonade partial", store->uid_a,
			     t_strdup_printf("/;SECTION=TEXT/;PARTIAL=0.%u",
					     PARTIAL_OCTETS),
			     t_strndup(CHECK_STORE_HTML, PARTIAL_OCTETS),
			     why_r);
}

static int try_convert(struct check_store *store, const char **why_r)
{
	int ret = check_imap_command(store->imap, "CONVERSIONS \"text/html\" "
				     "\"text/plain\"");

	ret = check_store_expect(store, ret, "* CONVERSION ", why_r);
	if (ret <= 0)
		return ret;
	ret = check_imap_command(store->imap, "UID CONVERT %"PRIu64
		" (\"text/plain\" (\"charset\" \"utf-8\")) BINARY[1]",
		store->uid_a);
	return check_store_expect(store, ret, "caf\xc3\xa9", why_r);
}

static int try_enable(struct check_store *store, const char **why_r)
{
	return check_store_expect(store, check_imap_command(store->imap,
		"ENABLE CONDSTORE"), "* ENABLED", why_r);
}

static int fetch_modseq(struct check_store *store, uint64_t *modseq_r,
			const char **why_r)
{
	const struct check_imap_response *response;
	int ret = check_imap_command(store->imap, "UID FETCH %"PRIu64
				     " (MODSEQ)", store->uid_b);

	ret = check_store_expect(store, ret, "MODSEQ (", why_r);
	if (ret <= 0)
		return ret;
	response = check_imap_find(store->imap, "MODSEQ (");
	if (lemo_check_imap_number(response->data, response->len, "MODSEQ",
				   modseq_r))
		return 1;
	return check_store_wrong("MODSEQ is no number", why_r);
}

/* RFC 7162 3.1.3: the second change comes too late. */
static int try_condstore(struct check_store *store, const char **why_r)
{
	uint64_t modseq;
	unsigned int i;
	int ret = fetch_modseq(store, &modseq, why_r);

	for (i = 0; ret > 0 && i < 2; i++) {
		ret = check_imap_command(store->imap, "UID STORE %"PRIu64
			" (UNCHANGEDSINCE %"PRIu64") +FLAGS (%s)",
			store->uid_b, modseq, i == 0 ? "\\Flagged" :
			"\\Answered");
		if (ret == 0)
			(void)check_store_refused(store, why_r);
	}
	if (ret <= 0 || has_code(store, "[MODIFIED "))
		return ret;
	return check_store_wrong("STORE UNCHANGEDSINCE changes what has "
				 "changed", why_r);
}

static int select_modseq(struct check_store *store, uint64_t *modseq_r,
			 const char **why_r)
{
	const struct check_imap_response *response;
	int ret = check_imap_command(store->imap, "SELECT %s (CONDSTORE)",
				     store->quoted);

	ret = check_store_expect(store, ret, "[HIGHESTMODSEQ ", why_r);
	if (ret <= 0)
		return ret;
	response = check_imap_find(store->imap, "[HIGHESTMODSEQ ");
	if (lemo_check_imap_number(response->data, response->len,
				   "[HIGHESTMODSEQ", modseq_r))
		return 1;
	return check_store_wrong("HIGHESTMODSEQ is no number", why_r);
}

/* A message goes between two SELECTs. */
static int try_qresync(struct check_store *store, const char **why_r)
{
	uint64_t modseq, uid;
	int ret = check_store_append(store, store->imap,
				     MESSAGE("lemonade vanishes", "x"));

	if (ret > 0) {
		ret = check_store_search(store, "SUBJECT \"lemonade "
					 "vanishes\"", &uid);
	}
	if (ret > 0)
		ret = select_modseq(store, &modseq, why_r);
	if (ret > 0)
		ret = check_imap_command(store->imap, "ENABLE QRESYNC");
	if (ret > 0)
		ret = expunge(store, uid);
	if (ret > 0) {
		ret = check_imap_command(store->imap, "SELECT %s (QRESYNC "
			"(%"PRIu64" %"PRIu64"))", store->quoted,
			store->uidvalidity, modseq);
	}
	if (ret == 0 && *why_r != NULL)
		return 0;
	return check_store_expect(store, ret, "VANISHED (EARLIER)", why_r);
}

/* Stores it, and finds it again. */
static int try_keyword(struct check_store *store, const char *keyword,
		       const char **why_r)
{
	uint64_t uid;
	int ret = check_imap_command(store->imap, "UID STORE %"PRIu64
				     " +FLAGS (%s)", store->uid_b, keyword);

	if (ret > 0) {
		ret = check_store_search(store, t_strdup_printf(
			"KEYWORD %s", keyword), &uid);
	}
	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	return uid == store->uid_b ? 1 :
		check_store_wrong("it is stored, and not found", why_r);
}

static int try_forwarded(struct check_store *store, const char **why_r)
{
	return try_keyword(store, "$Forwarded", why_r);
}

static int try_submit_pending(struct check_store *store, const char **why_r)
{
	return try_keyword(store, "$SubmitPending", why_r);
}

static int try_submitted(struct check_store *store, const char **why_r)
{
	return try_keyword(store, "$Submitted", why_r);
}

const struct check_trial check_trials_message[] = {
	{ "LITERAL+", try_literal_plus },
	{ "UIDPLUS", try_uidplus },
	{ "BINARY", try_binary },
	{ "CATENATE", try_catenate },
	{ "URL-PARTIAL", try_url_partial },
	{ "$Forwarded", try_forwarded },
	{ "$SubmitPending", try_submit_pending },
	{ "$Submitted", try_submitted },
	{ "ENABLE", try_enable },
	{ "CONDSTORE", try_condstore },
	{ "QRESYNC", try_qresync },
	{ "CONVERT", try_convert },
	{ NULL, NULL }
};
