#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "str.h"
#include "test-common.h"
#include "channel.h"

/* What channel-webhook builds: the request of test --dry-run. */

static const char key_text[] =
	"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
	"whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=\n";

static struct lemo_keyring ring;
static struct lemo_event event;
static struct channel_job job;
static pool_t pool;

static void fixture_init(void)
{
	const char *error;
	unsigned int line;

	test_assert(lemo_keyring_parse(key_text, sizeof(key_text) - 1, &ring,
				       &error, &line) == 0);
	i_zero(&event);
	event.id = "0123456789abcdef0123456789abcdef";
	event.type = LEMO_EVENT_MESSAGE_NEW;
	event.user = "joe";
	event.timestamp = "2026-01-02T03:04:05+00:00";
	event.uri = "imap://joe@host/INBOX;UIDVALIDITY=7/;UID=42";
	event.mailbox = "INBOX";
	event.uidvalidity = 7;
	event.uid = 42;
	event.from = "Ann <ann@example.org>";
	event.subject = "Bcc: x\r\nX-Evil: 1\r\n\r\nbody";
	i_zero(&job);
	job.user = "joe";
	job.device = "phone";
	job.event = &event;
	job.url = "https://push.example/secret-path";
	job.keyring = &ring;
	job.push_id = event.id;
	job.payload.device = "phone";
	job.payload.level = LEMO_PAYLOAD_ENVELOPE;
	job.payload.events_count = 1;
}

static const char *
find_header(const struct channel_request *req, const char *name)
{
	size_t len = strlen(name);
	const char *line, *found = NULL;

	array_foreach_elem(&req->headers, line) {
		test_assert(strpbrk(line, "\r\n") == NULL);
		if (strncasecmp(line, name, len) == 0 &&
		    strncmp(line + len, ": ", 2) == 0) {
			test_assert(found == NULL);
			found = line + len + 2;
		}
	}
	return found;
}

static void assert_no_secret(const struct channel_request *req)
{
	const char *line;

	array_foreach_elem(&req->headers, line) {
		test_assert(strstr(line, "whsec") == NULL);
		test_assert(strstr(line, "0123456789abcdef0123456789abcdef") ==
			    NULL || strncmp(line, "webhook-id: ", 12) == 0);
		test_assert(strstr(line, "secret-path") == NULL);
	}
	test_assert(strstr(req->body.data, "whsec") == NULL);
	test_assert(strstr(req->body.data, "secret-path") == NULL);
}

static void assert_signed(const struct channel_request *req)
{
	struct lemo_buf buf;

	lemo_buf_init(&buf, 1024);
	lemo_webhook_sign(&ring, job.push_id, ioloop_time, req->body.data,
			  req->body.len, &buf);
	test_assert_strcmp(find_header(req, "webhook-signature"), buf.data);
	lemo_buf_free(&buf);
	test_assert_strcmp(find_header(req, "webhook-id"), job.push_id);
	test_assert_strcmp(find_header(req, "webhook-timestamp"),
			   t_strdup_printf("%"PRIdTIME_T, ioloop_time));
}

static void build(struct channel_request *req_r)
{
	const char *error = "poison";

	test_assert(channel_webhook.build(pool, &job, req_r, &error) == 0);
	test_assert_strcmp(req_r->method, "POST");
	test_assert_strcmp(req_r->url, job.url);
	assert_signed(req_r);
	assert_no_secret(req_r);
}

static void test_channel_webhook_formats(void)
{
	static const struct {
		enum lemo_format format;
		const char *type, *begins;
	} tests[] = {
		{ LEMO_FORMAT_CLOUDEVENTS, "application/cloudevents+json",
		  "{\"specversion\":\"1.0\"" },
		{ LEMO_FORMAT_NTFY, "text/plain; charset=utf-8", "" },
		{ LEMO_FORMAT_GOTIFY, "application/json", "{\"title\":" },
		{ LEMO_FORMAT_APPRISE, "application/json", "{\"title\":" },
	};
	struct channel_request req;
	unsigned int i;

	test_begin("webhook: body styles");
	fixture_init();
	for (i = 0; i < N_ELEMENTS(tests); i++) {
		job.payload.format = tests[i].format;
		build(&req);
		test_assert_strcmp(find_header(&req, "Content-Type"),
				   tests[i].type);
		test_assert_idx(strncmp(req.body.data, tests[i].begins,
					strlen(tests[i].begins)) == 0, i);
		test_assert_idx((find_header(&req, "Title") != NULL) ==
				(tests[i].format == LEMO_FORMAT_NTFY), i);
		lemo_buf_free(&req.body);
	}
	test_end();
}

static void test_channel_webhook_keys(void)
{
	struct channel_request req;

	test_begin("webhook: one signature a key");
	fixture_init();
	build(&req);
	test_assert(strstr(find_header(&req, "webhook-signature"), " v1,") !=
		    NULL);
	lemo_buf_free(&req.body);
	ring.count = 1;
	build(&req);
	test_assert(strchr(find_header(&req, "webhook-signature"), ' ') ==
		    NULL);
	lemo_buf_free(&req.body);
	test_end();
}

static void assert_refused(const char *wanted)
{
	struct channel_request req;
	const char *error = NULL;

	test_assert(channel_webhook.build(pool, &job, &req, &error) == -1);
	test_assert_strcmp(error, wanted);
	lemo_buf_free(&req.body);
}

static void test_channel_webhook_refusals(void)
{
	static const char *const ids[] = {
		"", "a b", "a.b", "a\r\nX: y", "\xc3\xbc", NULL
	};
	unsigned int i;

	test_begin("webhook: refusals");
	fixture_init();
	for (i = 0; ids[i] != NULL; i++) {
		job.push_id = ids[i];
		assert_refused("event has no valid id");
	}
	fixture_init();
	ring.count = 0;
	assert_refused("payload cannot be signed");
	fixture_init();
	job.url = NULL;
	assert_refused("device has no URL");
	test_end();
}

static void null_callback(const struct channel_result *result, void *context)
{
	unsigned int *calls = context;

	test_assert(result->answer == LEMO_ANSWER_DONE);
	(*calls)++;
}

static void test_channel_null(void)
{
	unsigned int calls = 0;

	test_begin("null");
	fixture_init();
	test_assert(!channel_null.needs_url && channel_null.build == NULL);
	channel_null.send(NULL, &job, null_callback, &calls);
	test_assert(calls == 1);
	test_end();
}

int main(void)
{
	static void (*const tests[])(void) = {
		test_channel_webhook_formats,
		test_channel_webhook_keys,
		test_channel_webhook_refusals,
		test_channel_null,
		NULL
	};
	int ret;

	pool = pool_alloconly_create("test channel", 4096);
	ioloop_time = 1767322800;
	ret = test_run(tests);
	pool_unref(&pool);
	return ret;
}
