/* Rows that need a second session, or that others fetch by. */

#include "lib.h"
#include "str.h"
#include "lemonade-check-store.h"

#define IMAP_PORT 143
#define URL_MAX 4096

static const char news[] = "From: lemonade@example.org\r\n"
	"Subject: lemonade news\r\n\r\nx\r\n";

/* Mail comes by the other session; this one is to be told. */
static int
told_of_news(struct check_store *store, const char *text, const char **why_r)
{
	int ret = check_store_append(store, store->other, news);

	if (ret <= 0) {
		return check_store_wrong("APPEND fails in a second session",
					 why_r);
	}
	ret = check_imap_wait(store->imap, text, CHECK_STORE_NEWS_MSECS);
	if (ret == 0) {
		return check_store_wrong(t_strdup_printf(
			"a new message was not told within %u s",
			CHECK_STORE_NEWS_MSECS / 1000), why_r);
	}
	return ret;
}

static int try_idle(struct check_store *store, const char **why_r)
{
	int ret, ret2;

	if (check_store_other(store, why_r) < 0)
		return 0;
	check_imap_begin(store->imap, "IDLE");
	ret = check_imap_continuation(store->imap);
	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	ret = told_of_news(store, " EXISTS", why_r);
	if (ret < 0)
		return -1;
	check_imap_more(store->imap, "DONE");
	ret2 = check_imap_end(store->imap);
	if (ret2 <= 0)
		return ret2 < 0 ? -1 : check_store_refused(store, why_r);
	return ret;
}

/* About a mailbox that is not selected: only NOTIFY tells that. */
static int notified(struct check_store *store, const char **why_r)
{
	int ret = check_imap_command(store->imap, "NOTIFY SET (mailboxes %s "
		"(MessageNew MessageExpunge))", store->quoted);

	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	return told_of_news(store, "* STATUS ", why_r);
}

static int try_notify(struct check_store *store, const char **why_r)
{
	int ret;

	if (check_store_other(store, why_r) < 0)
		return 0;
	if (check_imap_command(store->imap, "CLOSE") < 0)
		return -1;
	ret = notified(store, why_r);
	if (ret < 0 || check_imap_command(store->imap, "NOTIFY NONE") < 0 ||
	    check_store_select(store, store->imap) < 0)
		return -1;
	return ret;
}

static void add_encoded(string_t *url, const char *text)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, URL_MAX);
	lemo_check_imap_url_mailbox(text, &buf);
	str_append(url, buf.data);
	lemo_buf_free(&buf);
}

/* RFC 4467 3: for the octets of message b's second part. */
static const char *
url_rump(struct check_store *store, const char *access, bool port)
{
	const struct lemo_check_url *server = &store->server.url;
	bool v6 = strchr(server->host, ':') != NULL;
	string_t *url = t_str_new(256);

	str_append(url, "imap://");
	add_encoded(url, store->check->user);
	str_printfa(url, v6 ? "@[%s]" : "@%s", server->host);
	if (port)
		str_printfa(url, ":%u", server->port);
	str_printfa(url, "/%s;UIDVALIDITY=%"PRIu64"/;UID=%"PRIu64
		    "/;SECTION=2;URLAUTH=%s", store->url_path,
		    store->uidvalidity, store->uid_b, access);
	return str_c(url);
}

/* The server may know itself by its port or not: behind NAT it does not. */
static int ask_url(struct check_store *store, const char *access)
{
	const struct lemo_check_url *server = &store->server.url;
	int ret;

	ret = check_imap_command(store->imap, "GENURLAUTH \"%s\" INTERNAL",
				 url_rump(store, access, FALSE));
	if (ret == 0 && !server->tls && server->port != IMAP_PORT) {
		ret = check_imap_command(store->imap,
			"GENURLAUTH \"%s\" INTERNAL",
			url_rump(store, access, TRUE));
	}
	return ret;
}

/* The authorized URL: in the check's pool, or NULL with *why_r if ret is 0. */
static int gen_url(struct check_store *store, const char *access,
		   const char **url_r, const char **why_r)
{
	const struct check_imap_response *response;
	struct lemo_buf url;
	int ret = ask_url(store, access);

	*url_r = NULL;
	ret = check_store_expect(store, ret, "* GENURLAUTH", why_r);
	if (ret <= 0)
		return ret;
	response = check_imap_find(store->imap, "* GENURLAUTH");
	lemo_buf_init(&url, URL_MAX);
	if (lemo_check_imap_value(response->data, response->len,
				  "GENURLAUTH", &url) && url.len > 0 &&
	    strpbrk(url.data, "\"\\\r\n") == NULL)
		*url_r = p_strndup(store->check->pool, url.data, url.len);
	lemo_buf_free(&url);
	return *url_r != NULL ? 1 :
		check_store_wrong("GENURLAUTH gives no URL", why_r);
}

/* What a submission server would have to fetch. */
static int gen_burl(struct check_store *store, const char **why_r)
{
	string_t *access = t_str_new(128);

	if (!store->check->wanted[LEMO_CHECK_SUBMIT])
		return 1;
	str_append(access, "submit+");
	add_encoded(access, store->check->user);
	return gen_url(store, str_c(access), &store->check->burl, why_r);
}

static int try_urlauth(struct check_store *store, const char **why_r)
{
	string_t *access = t_str_new(128);
	const char *url;
	int ret;

	str_append(access, "user+");
	add_encoded(access, store->check->user);
	ret = gen_url(store, str_c(access), &url, why_r);
	if (ret > 0)
		ret = gen_burl(store, why_r);
	if (ret <= 0)
		return ret;
	ret = check_imap_command(store->imap, "URLFETCH \"%s\"", url);
	if (ret < 0)
		return -1;
	if (ret == 0)
		return check_store_refused(store, why_r);
	return check_imap_find(store->imap, "bGVtb25hZGU=") != NULL ? 1 :
		check_store_wrong("URLFETCH does not give what the URL names",
				  why_r);
}

/* In the second session, which it changes for good. */
static int try_compress(struct check_store *store, const char **why_r)
{
	int ret;

	if (check_store_other(store, why_r) < 0)
		return 0;
	ret = check_imap_command(store->other, "COMPRESS DEFLATE");
	if (ret == 0) {
		*why_r = lemonade_check_quote(store->check,
					      store->other->status);
	} else if (ret > 0) {
		lemonade_check_conn_deflate(store->other->conn);
		ret = check_imap_command(store->other, "NOOP");
	}
	if (ret < 0) {
		*why_r = t_strdup_printf("compressed: %s",
					 store->other->error);
	}
	check_imap_deinit(&store->other);
	return ret > 0 ? 1 : 0;
}

const struct check_trial check_trials_news[] = {
	{ "URLAUTH", try_urlauth },
	{ "IDLE", try_idle },
	{ "NOTIFY", try_notify },
	{ "COMPRESS=DEFLATE", try_compress },
	{ NULL, NULL }
};
