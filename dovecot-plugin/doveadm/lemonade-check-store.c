#include "lib.h"
#include "array.h"
#include "hex-binary.h"
#include "randgen.h"
#include "str.h"
#include "lemonade-check-store.h"

#define SCRATCH_NAME "lemonade-check-"
#define SCRATCH_RANDOM 8
#define NAME_MAX_OCTETS 1024
/* So often the server may break a session before it is given up. */
#define LOSSES_MAX 3

static const char message_b[] =
	"From: lemonade@example.org\r\n"
	"Subject: "CHECK_STORE_SUBJECT_B"\r\n"
	"Message-ID: <b.check@lemonade.example.org>\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	"--b\r\n"
	"Content-Type: text/plain; charset=utf-8\r\n\r\n"
	"Made by doveadm lemonade check.\r\n"
	"--b\r\n"
	"Content-Type: application/octet-stream\r\n"
	"Content-Transfer-Encoding: base64\r\n\r\n"
	"bGVtb25hZGU=\r\n"
	"--b--\r\n";
static const char message_a[] =
	"From: lemonade@example.org\r\n"
	"Subject: "CHECK_STORE_SUBJECT_A"\r\n"
	"Message-ID: <a.check@lemonade.example.org>\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: text/html; charset=utf-8\r\n"
	"Content-Transfer-Encoding: 8bit\r\n\r\n"
	CHECK_STORE_HTML"\r\n";

/* -- for trials */

int check_store_refused(struct check_store *store, const char **why_r)
{
	*why_r = lemonade_check_quote(store->check, store->imap->status);
	return 0;
}

int check_store_wrong(const char *what, const char **why_r)
{
	*why_r = what;
	return 0;
}

int check_store_expect(struct check_store *store, int ret, const char *text,
		       const char **why_r)
{
	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	if (check_imap_find(store->imap, text) != NULL)
		return 1;
	return check_store_wrong(t_strdup_printf(
		"the answer has no %s", text), why_r);
}

int check_store_append(struct check_store *store, struct check_imap *imap,
		       const char *message)
{
	int ret;

	check_imap_begin(imap, t_strdup_printf("APPEND %s ", store->quoted));
	ret = check_imap_literal(imap, message, strlen(message));
	return ret <= 0 ? ret : check_imap_end(imap);
}

int check_store_search(struct check_store *store, const char *criteria,
		       uint64_t *uid_r)
{
	const struct check_imap_response *response;
	int ret = check_imap_command(store->imap, "UID SEARCH %s", criteria);

	*uid_r = 0;
	if (ret <= 0)
		return ret;
	response = check_imap_find(store->imap, "* SEARCH");
	if (response != NULL &&
	    !lemo_check_imap_number(response->data, response->len,
				    "* SEARCH", uid_r))
		*uid_r = 0;
	return 1;
}

int check_store_select(struct check_store *store, struct check_imap *imap)
{
	return check_imap_command(imap, "SELECT %s", store->quoted);
}

int check_store_other(struct check_store *store, const char **why_r)
{
	if (store->other != NULL && store->other->conn != NULL)
		return 0;
	check_imap_deinit(&store->other);
	store->other = check_imap_init(store->check, &store->server, FALSE);
	store->other->no_tls = store->imap->no_tls;
	if (check_imap_open(store->other) == 0)
		return 0;
	*why_r = t_strdup_printf("a second session: %s", store->other->error);
	return -1;
}

/* -- the scratch mailbox */

static const char *quoted(const char *name)
{
	string_t *str = t_str_new(128);

	str_append_c(str, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			str_append_c(str, '\\');
		str_append_c(str, *name);
	}
	str_append_c(str, '"');
	return str_c(str);
}

/* In the user's namespace, or without a prefix if that is not told. */
static const char *scratch_name(struct check_store *store, bool *told_r)
{
	const struct check_imap_response *response =
		check_imap_find(store->imap, "* NAMESPACE ");
	unsigned char random[SCRATCH_RANDOM];
	struct lemo_buf prefix;
	const char *name;
	char separator;

	lemo_buf_init(&prefix, NAME_MAX_OCTETS);
	*told_r = response != NULL &&
		lemo_check_imap_namespace(response->data, response->len,
					  &prefix, &separator);
	random_fill(random, sizeof(random));
	name = t_strconcat(*told_r && prefix.len > 0 ? prefix.data : "",
			   SCRATCH_NAME, binary_to_hex(random,
						       sizeof(random)), NULL);
	lemo_buf_free(&prefix);
	return name;
}

static void name_scratch(struct check_store *store, const char *name)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, NAME_MAX_OCTETS * 4);
	lemo_check_imap_url_mailbox(name, &buf);
	store->url_path = p_strdup(store->check->pool, buf.data);
	lemo_buf_free(&buf);
	store->quoted = p_strdup(store->check->pool, quoted(name));
}

static int try_namespace(struct check_store *store, const char **name_r)
{
	struct lemonade_check *check = store->check;
	bool told;
	int ret = check_imap_command(store->imap, "NAMESPACE");

	if (ret < 0)
		return -1;
	*name_r = scratch_name(store, &told);
	lemonade_check_set(check, LEMO_CHECK_STORE, "NAMESPACE",
			   ret > 0 && told, ret == 0 ? lemonade_check_quote(
				check, store->imap->status) :
			   "the answer names no personal namespace");
	return 0;
}

static int scratch_failed(struct check_store *store, const char *what)
{
	const char *why = t_strdup_printf("%s: %s", what,
		store->imap->conn == NULL ? store->imap->error :
		lemonade_check_quote(store->check, store->imap->status));

	lemonade_check_set(store->check, LEMO_CHECK_STORE, LEMO_CHECK_SCRATCH,
			   FALSE, why);
	return -1;
}

/* PERMANENTFLAGS of the last SELECT: \\* is for all. */
static void enter_keywords(struct check_store *store)
{
	const struct check_imap_response *response =
		check_imap_find(store->imap, "[PERMANENTFLAGS ");
	const struct lemo_check_row *rows;
	size_t i, count;

	rows = lemo_check_rows(LEMO_CHECK_STORE, &count);
	for (i = 0; i < count; i++) {
		if (rows[i].name[0] != '$')
			continue;
		store->check->results[LEMO_CHECK_STORE][i].advertised =
			response != NULL &&
			(lemo_check_imap_has(response->data, response->len,
					     "\\*") ||
			 lemo_check_imap_has(response->data, response->len,
					     rows[i].name)) ?
			LEMONADE_CHECK_YES : LEMONADE_CHECK_NO;
	}
}

static int fill_scratch(struct check_store *store)
{
	const struct check_imap_response *response;

	if (check_store_append(store, store->imap, message_b) <= 0 ||
	    check_store_append(store, store->imap, message_a) <= 0)
		return scratch_failed(store, "APPEND");
	if (check_store_select(store, store->imap) <= 0)
		return scratch_failed(store, "SELECT");
	enter_keywords(store);
	response = check_imap_find(store->imap, "[UIDVALIDITY ");
	if (response == NULL ||
	    !lemo_check_imap_number(response->data, response->len,
				    "[UIDVALIDITY", &store->uidvalidity))
		return scratch_failed(store, "SELECT tells no UIDVALIDITY");
	if (check_store_search(store, "SUBJECT \""CHECK_STORE_SUBJECT_B"\"",
			       &store->uid_b) <= 0 || store->uid_b == 0 ||
	    check_store_search(store, "SUBJECT \""CHECK_STORE_SUBJECT_A"\"",
			       &store->uid_a) <= 0 || store->uid_a == 0)
		return scratch_failed(store, "SEARCH finds no message");
	return 0;
}

static int make_scratch(struct check_store *store)
{
	const char *name;

	if (try_namespace(store, &name) < 0)
		return scratch_failed(store, "NAMESPACE");
	name_scratch(store, name);
	if (check_imap_command(store->imap, "CREATE %s", store->quoted) <= 0)
		return scratch_failed(store, "CREATE");
	store->mailbox = p_strdup(store->check->pool, name);
	if (fill_scratch(store) < 0)
		return -1;
	lemonade_check_set(store->check, LEMO_CHECK_STORE, LEMO_CHECK_SCRATCH,
			   TRUE, NULL);
	return 0;
}

static void remove_scratch(struct check_store *store)
{
	if (store->mailbox == NULL)
		return;
	lemonade_check_server_renew(&store->server, LEMONADE_CHECK_WAIT_MSECS);
	store->imap->report = FALSE;
	if (store->imap->conn == NULL)
		(void)check_imap_open(store->imap);
	/* not every server lets the selected one go */
	if (store->imap->conn == NULL ||
	    check_imap_command(store->imap, "CLOSE") < 0 ||
	    check_imap_command(store->imap, "DELETE %s",
			       store->quoted) <= 0) {
		(void)scratch_failed(store, t_strdup_printf(
			"%s is left over, DELETE", store->mailbox));
	}
}

/* -- the rows */

static void enter_caps(struct check_store *store)
{
	const struct lemo_check_row *rows;
	struct lemonade_check_result *result;
	size_t i, count;

	rows = lemo_check_rows(LEMO_CHECK_STORE, &count);
	for (i = 0; i < count; i++) {
		result = &store->check->results[LEMO_CHECK_STORE][i];
		/* those before the login know better */
		if (rows[i].keyword == NULL ||
		    result->advertised != LEMONADE_CHECK_UNKNOWN ||
		    strcmp(rows[i].keyword, "STARTTLS") == 0)
			continue;
		result->advertised = check_imap_has_cap(store->imap,
			rows[i].keyword) ? LEMONADE_CHECK_YES :
			LEMONADE_CHECK_NO;
	}
}

static void run_trial(struct check_store *store,
		      const struct check_trial *trial)
{
	const char *why = NULL;
	int ret = trial->run(store, &why);

	if (ret < 0) {
		store->losses++;
		why = why != NULL ? why : store->imap->error;
	}
	lemonade_check_set(store->check, LEMO_CHECK_STORE, trial->name,
			   ret > 0, why);
}

/* A trial may have cost the session. */
static bool have_session(struct check_store *store)
{
	if (store->losses > LOSSES_MAX)
		return FALSE;
	if (store->imap->conn != NULL)
		return TRUE;
	store->imap->report = FALSE;
	return check_imap_open(store->imap) == 0 &&
		check_store_select(store, store->imap) > 0;
}

static bool run_trials(struct check_store *store,
		       const struct check_trial *trials)
{
	for (; trials->name != NULL; trials++) {
		if (!have_session(store)) {
			lemonade_check_not_tried(store->check,
				LEMO_CHECK_STORE, t_strdup_printf(
				"the session broke: %s",
				store->imap->error == NULL ?
				"no SELECT" : store->imap->error));
			return FALSE;
		}
		T_BEGIN {
			run_trial(store, trials);
		} T_END;
	}
	return TRUE;
}

static void check_store(struct check_store *store)
{
	if (check_imap_open(store->imap) < 0) {
		lemonade_check_not_tried(store->check, LEMO_CHECK_STORE,
					 store->imap->error);
		return;
	}
	enter_caps(store);
	if (make_scratch(store) < 0) {
		lemonade_check_not_tried(store->check, LEMO_CHECK_STORE,
					 "there is no scratch mailbox");
		return;
	}
	if (run_trials(store, check_trials_message) &&
	    run_trials(store, check_trials_search))
		(void)run_trials(store, check_trials_news);
}

struct check_store *lemonade_check_store(struct lemonade_check *check,
					 const struct lemo_check_url *url)
{
	struct check_store *store = p_new(check->pool, struct check_store, 1);

	store->check = check;
	store->server.url = *url;
	store->server.ca_file = check->ca_file;
	store->server.event = check->event;
	store->imap = check_imap_init(check, &store->server, TRUE);
	check_store(store);
	return store;
}

void lemonade_check_store_end(struct check_store **_store)
{
	struct check_store *store = *_store;

	if (store == NULL)
		return;
	*_store = NULL;
	remove_scratch(store);
	check_imap_deinit(&store->imap);
	check_imap_deinit(&store->other);
}
