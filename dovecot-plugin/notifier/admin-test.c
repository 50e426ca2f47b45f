/* TEST and CODE: one device, as the admin gives it; TEST-FEED. */

#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "ostream.h"
#include "randgen.h"
#include "hex-binary.h"
#include "hostpid.h"
#include "str.h"
#include "strnum.h"
#include "account.h"
#include "admin-private.h"
#include "channel.h"
#include "device.h"
#include "emn-time.h"
#include "event-line.h"
#include "feeds.h"
#include "lemo-imapurl.h"
#include "lemo-utf8.h"
#include "notifier.h"
#include "notify-clock.h"
#include "outbox.h"
#include "push.h"
#include "target.h"
#include "user.h"
#include "webpush.h"

#define IMAPURL_MAX 1024

struct admin_test {
	struct admin_client *client;
	/* NULL for a feed */
	struct target *target;
	const struct channel_vfuncs *channel;
	/* where to, without a path */
	const char *origin_name;
	struct event_line *line;
	struct channel_job job;
};

static struct target *
parse_target(struct admin_client *client, const char *const *args,
	     const char **error_r)
{
	uint32_t uid;

	if (str_to_uint32(args[2], &uid) < 0) {
		*error_r = "uid is no number";
		return NULL;
	}
	return target_parse(client->notifier, uid, args[1], args[3], args[4],
			    error_r);
}

/* A MessageNew about no message: the phone looks, and finds nothing new. */
static struct event_line *make_line(const char *user, const char **error_r)
{
	unsigned char id[LEMO_EVENT_ID_LEN / 2];
	struct lemo_event event = {
		.type = LEMO_EVENT_MESSAGE_NEW,
		.user = user,
		.timestamp = notify_clock_rfc3339(ioloop_time)
	};
	struct event_line *line;
	struct lemo_buf uri, buf;

	random_fill(id, sizeof(id));
	event.id = binary_to_hex(id, sizeof(id));
	lemo_buf_init(&uri, IMAPURL_MAX);
	lemo_imapurl_add(&uri, user, my_hostname, NULL, 0, 0);
	event.uri = uri.data;
	lemo_buf_init(&buf, LEMO_EVENT_LINE_MAX);
	lemo_event_encode(&event, &buf);
	line = buf.len == 0 ? NULL :
		event_line_parse(buf.data, buf.len - 1, error_r);
	lemo_buf_free(&buf);
	lemo_buf_free(&uri);
	return line;
}

static void test_free(struct admin_test *test)
{
	admin_client_unref(&test->client);
	event_line_unref(&test->line);
	target_unref(&test->target);
	i_free(test);
}

static void test_answered(const struct channel_result *result, void *context)
{
	struct admin_test *test = context;
	struct admin_client *client = test->client;

	if (client->fd != -1) T_BEGIN {
		o_stream_cork(client->output);
		admin_row(client, t_strdup_printf("result=%s", result->text),
			  NULL);
		admin_end(client, result->answer == LEMO_ANSWER_DONE ? NULL :
			  result->text);
		o_stream_uncork(client->output);
	} T_END;
	admin_client_go_on(client);
	test_free(test);
}

/* Whoever has it can push to this origin, or by this gateway. */
static const char *header_shown(const char *header)
{
	static const char *const secrets[] = {
		"Authorization:", "X-Kannel-Password:"
	};
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(secrets); i++) {
		if (strncmp(header, secrets[i], strlen(secrets[i])) == 0)
			return t_strconcat(secrets[i], " (not shown)", NULL);
	}
	return header;
}

static const char *
headers_field(const struct channel_request *req)
{
	string_t *str = t_str_new(256);
	const char *header;

	str_append(str, "headers=");
	array_foreach_elem(&req->headers, header) {
		if (str_len(str) > 8)
			str_append_c(str, '\n');
		str_append(str, header_shown(header));
	}
	return str_c(str);
}

/* With "\xNN" for what is no text; then a backslash is doubled. */
static const char *body_shown(const struct lemo_buf *body)
{
	string_t *str = t_str_new(256);
	size_t i;

	if (body->len == 0)
		return "";
	if (lemo_utf8_is_valid(body->data, body->len))
		return t_strndup(body->data, body->len);
	for (i = 0; i < body->len; i++) {
		unsigned char c = body->data[i];

		if (c == '\\')
			str_append(str, "\\\\");
		else if ((c >= ' ' && c <= '~') || c == '\r' || c == '\n')
			str_append_c(str, c);
		else
			str_printfa(str, "\\x%02X", c);
	}
	return str_c(str);
}

static const char *
body_field(const struct admin_test *test, const struct channel_request *req)
{
	if (test->channel->secret_body) {
		return t_strdup_printf("body=(%zu octets, encrypted for the "
				       "device)", req->body.len);
	}
	return t_strconcat("body=", body_shown(&req->body), NULL);
}

static const char *test_dry_run(struct admin_test *test)
{
	struct admin_client *client = test->client;
	struct channel_request req;
	const char *error;
	pool_t pool;
	int ret;

	if (test->channel->build == NULL) {
		admin_row(client, "method=", t_strdup_printf(
			"url=%s", test->origin_name), "headers=",
			"body=", NULL);
		return NULL;
	}
	i_zero(&req);
	pool = pool_alloconly_create("admin test", 4096);
	ret = test->channel->build(pool, &test->job, &req, &error);
	if (ret >= 0) {
		admin_row(client, t_strdup_printf("method=%s", req.method),
			  t_strdup_printf("url=%s", test->origin_name),
			  headers_field(&req), body_field(test, &req),
			  NULL);
		error = NULL;
	} else {
		error = t_strdup(error);
	}
	lemo_buf_free(&req.body);
	pool_unref(&pool);
	return error;
}

static const char *test_send(struct admin_test *test)
{
	if (test->target != NULL && !test->target->verified)
		return "device is not verified: its code did not come back yet";
	test->client->busy = TRUE;
	test->channel->send(test->client->notifier->http, &test->job,
			    test_answered, test);
	return NULL;
}

/* If it is known: which VAPID key is its. */
static const struct device *test_device(struct admin_test *test)
{
	struct notifier *notifier = test->client->notifier;
	const struct target *target = test->target;

	if (!outbox_is_usable(notifier->outbox))
		return NULL;
	return device_find(notifier->users,
			   user_get(notifier->users,
				    account_get(notifier->accounts,
						target->uid), target->user),
			   target->device);
}

/* The job is filled. */
static const char *test_run(struct admin_test *test, bool dry_run)
{
	const char *error;

	test->job.push_id = test->line->event.id;
	error = dry_run ? test_dry_run(test) : test_send(test);
	if (error != NULL || dry_run) {
		admin_end(test->client, error);
		test_free(test);
	}
	return NULL;
}

static struct admin_test *
test_new(struct admin_client *client, const struct channel_vfuncs *channel,
	 const char *origin_name, struct event_line *line)
{
	struct admin_test *test = i_new(struct admin_test, 1);

	test->client = client;
	client->refcount++;
	test->channel = channel;
	test->origin_name = origin_name;
	test->line = line;
	return test;
}

const char *admin_cmd_test(struct admin_client *client,
			   const char *const *args)
{
	struct admin_test *test;
	struct target *target;
	struct event_line *line;
	const char *error = "cannot make an event";

	target = parse_target(client, args, &error);
	line = target == NULL ? NULL : make_line(args[1], &error);
	if (line == NULL) {
		target_unref(&target);
		admin_end(client, error);
		return NULL;
	}
	test = test_new(client, target->channel, target->origin_name, line);
	test->target = target;
	push_fill_job(&test->job, target, line, 1);
	webpush_fill_job(client->notifier, &test->job, target,
			 test_device(test));
	emn_time_fill_job(client->notifier, &test->job, test_device(test));
	return test_run(test, strcmp(args[5], "1") == 0);
}

const char *admin_cmd_test_feed(struct admin_client *client,
				const char *const *args)
{
	const struct feed *feed = feeds_find(client->notifier->feeds, args[1]);
	struct admin_test *test;
	struct event_line *line = NULL;
	const char *error = "no feed in lemonade_feed_file is for this user";

	if (feed != NULL)
		line = make_line(args[1], &error);
	if (line == NULL) {
		admin_end(client, error);
		return NULL;
	}
	test = test_new(client, feed->channel, feed->origin_name, line);
	push_fill_feed_job(&test->job, client->notifier, feed, line, 0);
	return test_run(test, strcmp(args[2], "1") == 0);
}

const char *admin_cmd_code(struct admin_client *client,
			   const char *const *args)
{
	struct target *target;
	const char *error;

	target = parse_target(client, args, &error);
	if (target == NULL)
		return error;
	admin_row(client, t_strdup_printf("code=%s",
		target_get_code(client->notifier, target)), NULL);
	target_unref(&target);
	return NULL;
}
