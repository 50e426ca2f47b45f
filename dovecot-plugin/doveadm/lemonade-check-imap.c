#include "lib.h"
#include "array.h"
#include "safe-memset.h"
#include "str.h"
#include "time-util.h"
#include "lemonade-check-imap.h"

struct check_imap *
check_imap_init(struct lemonade_check *check,
		struct lemonade_check_server *server, bool report)
{
	struct check_imap *imap = i_new(struct check_imap, 1);

	imap->check = check;
	imap->server = server;
	imap->report = report;
	imap->pool = pool_alloconly_create("lemonade check imap", 16384);
	imap->caps = str_new(default_pool, 1024);
	imap->out = str_new(default_pool, 1024);
	imap->status = "";
	i_array_init(&imap->untagged, 16);
	return imap;
}

void check_imap_deinit(struct check_imap **_imap)
{
	struct check_imap *imap = *_imap;

	if (imap == NULL)
		return;
	*_imap = NULL;
	lemonade_check_conn_deinit(&imap->conn);
	array_free(&imap->untagged);
	str_free(&imap->caps);
	str_free(&imap->out);
	pool_unref(&imap->pool);
	i_free(imap);
}

int check_imap_lost(struct check_imap *imap, const char *error)
{
	imap->error = p_strdup(imap->check->pool, error);
	lemonade_check_conn_deinit(&imap->conn);
	return -1;
}

bool check_imap_has_cap(const struct check_imap *imap, const char *name)
{
	return lemo_check_imap_has_word(str_c(imap->caps), str_len(imap->caps),
					name);
}

/* -- reading */

/* A line and the literals in it. */
static int read_response(struct check_imap *imap, string_t *resp)
{
	const char *error;
	size_t start = 0;
	uint32_t size;

	for (;;) {
		if (lemonade_check_conn_line(imap->conn, resp, &error) < 0)
			return check_imap_lost(imap, error);
		if (!lemo_check_imap_literal(str_c(resp) + start,
					     str_len(resp) - start, &size))
			return 0;
		str_append(resp, "\r\n");
		if (lemonade_check_conn_octets(imap->conn, size, resp,
					       &error) < 0)
			return check_imap_lost(imap, error);
		start = str_len(resp);
	}
}

static void take_caps(struct check_imap *imap, const char *resp, size_t len)
{
	static const char untagged[] = "* CAPABILITY ";
	const char *args;
	size_t args_len;

	if (!lemo_check_imap_code(resp, len, "CAPABILITY", &args,
				  &args_len)) {
		if (len < strlen(untagged) ||
		    strncasecmp(resp, untagged, strlen(untagged)) != 0)
			return;
		args = resp + strlen(untagged);
		args_len = len - strlen(untagged);
	}
	str_truncate(imap->caps, 0);
	str_append_data(imap->caps, args, args_len);
}

static const struct check_imap_response *
keep_response(struct check_imap *imap, const string_t *resp)
{
	struct check_imap_response *response =
		array_append_space(&imap->untagged);
	char *data = p_malloc(imap->pool, str_len(resp) + 1);

	memcpy(data, str_data(resp), str_len(resp));
	response->data = data;
	response->len = str_len(resp);
	take_caps(imap, data, response->len);
	return response;
}

/* Returns 1 at the end of the command. */
static int read_next(struct check_imap *imap, string_t *resp)
{
	size_t tag_len = strlen(imap->tag);

	str_truncate(resp, 0);
	if (read_response(imap, resp) < 0)
		return -1;
	if (str_len(resp) > tag_len &&
	    strncmp(str_c(resp), imap->tag, tag_len) == 0 &&
	    str_c(resp)[tag_len] == ' ') {
		take_caps(imap, str_c(resp), str_len(resp));
		imap->status = p_strdup(imap->pool,
					str_c(resp) + tag_len + 1);
		return 1;
	}
	(void)keep_response(imap, resp);
	return 0;
}

static int read_answer(struct check_imap *imap)
{
	string_t *resp = str_new(default_pool, 256);
	int ret;

	while ((ret = read_next(imap, resp)) == 0) ;
	str_free(&resp);
	if (ret < 0)
		return -1;
	return strncasecmp(imap->status, "OK", 2) == 0 ? 1 : 0;
}

const struct check_imap_response *
check_imap_find(const struct check_imap *imap, const char *text)
{
	const struct check_imap_response *response;

	array_foreach(&imap->untagged, response) {
		if (lemo_check_imap_has(response->data, response->len, text))
			return response;
	}
	return NULL;
}

int check_imap_wait(struct check_imap *imap, const char *text,
		    unsigned int msecs)
{
	struct timeval now, end;
	string_t *resp;
	int ret = 0;

	if (check_imap_find(imap, text) != NULL)
		return 1;
	resp = str_new(default_pool, 256);
	i_gettimeofday(&end);
	timeval_add_msecs(&end, msecs);
	while (ret == 0) {
		i_gettimeofday(&now);
		if (timeval_cmp(&now, &end) >= 0 ||
		    !lemonade_check_conn_wait(imap->conn,
				timeval_diff_msecs(&end, &now)))
			break;
		ret = read_next(imap, resp) < 0 ? -1 :
			check_imap_find(imap, text) != NULL ? 1 : 0;
	}
	str_free(&resp);
	return ret;
}

/* -- commands */

void check_imap_begin(struct check_imap *imap, const char *text)
{
	array_clear(&imap->untagged);
	p_clear(imap->pool);
	imap->status = "";
	imap->tag = p_strdup_printf(imap->pool, "L%u", ++imap->tag_num);
	str_truncate(imap->out, 0);
	str_printfa(imap->out, "%s %s", imap->tag, text);
}

void check_imap_more(struct check_imap *imap, const char *text)
{
	str_append(imap->out, text);
}

static void send_out(struct check_imap *imap)
{
	lemonade_check_conn_send(imap->conn, str_data(imap->out),
				 str_len(imap->out));
	safe_memset(str_c_modifiable(imap->out), 0, str_len(imap->out));
	str_truncate(imap->out, 0);
}

int check_imap_continuation(struct check_imap *imap)
{
	string_t *resp = t_str_new(256);
	int ret;

	str_append(imap->out, "\r\n");
	send_out(imap);
	while ((ret = read_next(imap, resp)) == 0) {
		if (str_len(resp) > 0 && str_c(resp)[0] == '+')
			return 1;
	}
	return ret < 0 ? -1 : 0;
}

int check_imap_literal_as(struct check_imap *imap, const char *prefix,
			  bool plus, const void *data, size_t size)
{
	int ret;

	str_printfa(imap->out, "%s{%zu%s}", prefix, size, plus ? "+" : "");
	if (plus)
		str_append(imap->out, "\r\n");
	else if ((ret = check_imap_continuation(imap)) <= 0)
		return ret;
	str_append_data(imap->out, data, size);
	return 1;
}

int check_imap_literal(struct check_imap *imap, const void *data, size_t size)
{
	return check_imap_literal_as(imap, "",
				     check_imap_has_cap(imap, "LITERAL+"),
				     data, size);
}

int check_imap_end(struct check_imap *imap)
{
	str_append(imap->out, "\r\n");
	send_out(imap);
	return read_answer(imap);
}

int check_imap_command(struct check_imap *imap, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = t_strdup_vprintf(format, args);
	va_end(args);
	check_imap_begin(imap, text);
	return check_imap_end(imap);
}
