#include "lib.h"
#include "array.h"
#include "istream.h"
#include "istream-sized.h"
#include "ostream.h"
#include "str.h"
#include "imap-common.h"
#include "imap-commands.h"
#include "imap-quote.h"
#include "imap-urlauth.h"
#include "imap-lemonade-urlauth.h"
#include "imap-lemonade-urlservice.h"

#define FLAG_STRUCTURE IMAP_URLAUTH_FETCH_FLAG_BODYPARTSTRUCTURE
#define FLAGS_OCTETS \
	(IMAP_URLAUTH_FETCH_FLAG_BODY | IMAP_URLAUTH_FETCH_FLAG_BINARY)

struct urlfetch_url {
	const char *str;
	enum imap_urlauth_fetch_flags flags;
};

/* URLs are answered in turn. */
struct urlfetch {
	struct client_command_context *cmd;
	const struct imap_lemonade_urlauth *urlauth;
	ARRAY(struct urlfetch_url) urls;
	unsigned int next; /* the one that is on */

	/* NULL until there is a URL of another user, of whom it is then */
	struct imap_lemonade_urlservice *service;
	bool waiting;
	/* Of a URL that it is asked about twice: what is asked for the second
	   time (0: no more), and the structure that it told the first time. */
	enum imap_urlauth_fetch_flags rest, asked;
	char *structure;

	/* Of the URL that is on: what is known, as told by
	   imap_lemonade_urlpart_read(), and how far it has come. */
	int result;
	struct imap_lemonade_urlpart part;
	struct istream *literal;
	bool started, answered;
};

/*
 * Arguments
 */

static int parse_param(struct client_command_context *cmd, const char *name,
		       enum imap_urlauth_fetch_flags *flags)
{
	if (strcasecmp(name, "BODY") == 0)
		*flags |= IMAP_URLAUTH_FETCH_FLAG_BODY;
	else if (strcasecmp(name, "BINARY") == 0)
		*flags |= IMAP_URLAUTH_FETCH_FLAG_BINARY;
	else if (strcasecmp(name, "BODYPARTSTRUCTURE") == 0)
		*flags |= FLAG_STRUCTURE;
	else {
		client_send_command_error(cmd,
			"Unknown URL fetch parameter.");
		return -1;
	}
	return 0;
}

static int parse_params(struct client_command_context *cmd,
			const struct imap_arg *args,
			enum imap_urlauth_fetch_flags *flags_r)
{
	enum imap_urlauth_fetch_flags flags = IMAP_URLAUTH_FETCH_FLAG_EXTENDED;
	const char *name;

	for (; !IMAP_ARG_IS_EOL(args); args++) {
		if (!imap_arg_get_atom(args, &name)) {
			client_send_command_error(cmd,
				"Invalid URL fetch parameter.");
			return -1;
		}
		if (parse_param(cmd, name, &flags) < 0)
			return -1;
	}
	if ((flags & FLAGS_OCTETS) == FLAGS_OCTETS) {
		client_send_command_error(cmd, "BODY and BINARY exclude each "
					  "other.");
		return -1;
	}
	if (flags == IMAP_URLAUTH_FETCH_FLAG_EXTENDED)
		flags |= IMAP_URLAUTH_FETCH_FLAG_BODY;
	*flags_r = flags;
	return 0;
}

/* URL, or (URL [BODY | BINARY] [BODYPARTSTRUCTURE]) */
static int parse_arg(struct client_command_context *cmd,
		     const struct imap_arg *arg, struct urlfetch_url *url_r)
{
	const struct imap_arg *list;
	bool extended = imap_arg_get_list(arg, &list);
	const char *str;

	if (!imap_arg_get_astring(extended ? list : arg, &str)) {
		client_send_command_error(cmd, "Invalid arguments.");
		return -1;
	}
	url_r->str = p_strdup(cmd->pool, str);
	url_r->flags = IMAP_URLAUTH_FETCH_FLAG_BODY;
	return extended ? parse_params(cmd, list + 1, &url_r->flags) : 0;
}

static int parse_args(struct urlfetch *fetch, const struct imap_arg *args)
{
	struct urlfetch_url *url;

	if (IMAP_ARG_IS_EOL(args)) {
		client_send_command_error(fetch->cmd, "Missing arguments.");
		return -1;
	}
	p_array_init(&fetch->urls, fetch->cmd->pool, 4);
	for (; !IMAP_ARG_IS_EOL(args); args++) {
		url = array_append_space(&fetch->urls);
		if (parse_arg(fetch->cmd, args, url) < 0)
			return -1;
	}
	return 0;
}

static const struct urlfetch_url *urlfetch_current(const struct urlfetch *fetch)
{
	return array_idx(&fetch->urls, fetch->next);
}

/*
 * Answers
 */

/* The item whose octets are in fetch->part. True if they follow as a
   literal. */
static bool append_octets(const struct urlfetch *fetch, string_t *line)
{
	const struct imap_lemonade_urlpart *part = &fetch->part;

	if (part->undecodable)
		str_append(line, "NIL");
	else if (part->size == 0)
		str_append(line, "\"\"");
	else {
		str_printfa(line, "%s{%"PRIuUOFF_T"}",
			    part->has_nuls ? "~" : "", part->size);
		return TRUE;
	}
	return FALSE;
}

/* RFC 5524 section 3 */
static bool append_extended(const struct urlfetch *fetch,
			    enum imap_urlauth_fetch_flags flags,
			    string_t *line)
{
	if ((flags & FLAG_STRUCTURE) != 0 && fetch->part.structure != NULL) {
		str_printfa(line, " (BODYPARTSTRUCTURE (%s))",
			    fetch->part.structure);
	}
	if ((flags & FLAGS_OCTETS) == 0)
		return FALSE;
	str_append(line, (flags & IMAP_URLAUTH_FETCH_FLAG_BINARY) != 0 ?
		   " (BINARY " : " (BODY ");
	if (append_octets(fetch, line))
		return TRUE;
	str_append_c(line, ')');
	return FALSE;
}

/* True if the part follows as a literal. */
static bool append_answer(const struct urlfetch *fetch, string_t *line)
{
	const struct urlfetch_url *url = urlfetch_current(fetch);

	imap_append_astring(line, url->str);
	if (fetch->result == 0) {
		str_append(line, " NIL");
		return FALSE;
	}
	if ((url->flags & IMAP_URLAUTH_FETCH_FLAG_EXTENDED) != 0)
		return append_extended(fetch, url->flags, line);
	str_append_c(line, ' ');
	return append_octets(fetch, line);
}

static void urlfetch_answer_begin(struct urlfetch *fetch)
{
	string_t *line = t_str_new(256);

	fetch->answered = TRUE;
	str_append(line, "* URLFETCH ");
	if (append_answer(fetch, line)) {
		fetch->literal = i_stream_create_sized(fetch->part.input,
						       fetch->part.size);
		fetch->cmd->client->output_cmd_lock = fetch->cmd;
	}
	client_send_line(fetch->cmd->client, str_c(line));
}

static void urlfetch_answer_end(struct urlfetch *fetch)
{
	const struct urlfetch_url *url = urlfetch_current(fetch);

	if (fetch->literal != NULL) {
		i_stream_unref(&fetch->literal);
		fetch->cmd->client->output_cmd_lock = NULL;
		client_send_line(fetch->cmd->client, (url->flags &
			IMAP_URLAUTH_FETCH_FLAG_EXTENDED) != 0 ? ")" : "");
	}
	imap_lemonade_urlpart_free(&fetch->part);
	fetch->started = fetch->answered = FALSE;
	fetch->rest = 0;
	fetch->next++;
}

/* 1: all was sent, 0: the client has to read first, -1: disconnected */
static int urlfetch_send_literal(struct urlfetch *fetch)
{
	struct client *client = fetch->cmd->client;
	enum ostream_send_istream_result result;

	o_stream_set_max_buffer_size(client->output, 0);
	result = o_stream_send_istream(client->output, fetch->literal);
	o_stream_set_max_buffer_size(client->output, SIZE_MAX);
	switch (result) {
	case OSTREAM_SEND_ISTREAM_RESULT_FINISHED:
		return 1;
	case OSTREAM_SEND_ISTREAM_RESULT_WAIT_OUTPUT:
		return 0;
	case OSTREAM_SEND_ISTREAM_RESULT_WAIT_INPUT:
	case OSTREAM_SEND_ISTREAM_RESULT_ERROR_INPUT:
		/* in the middle of a literal nothing else can be said */
		e_error(client->event,
			"lemonade: URLFETCH: the message cannot be read: %s",
			i_stream_get_error(fetch->literal));
		client_disconnect(client, "URLFETCH failed");
		break;
	case OSTREAM_SEND_ISTREAM_RESULT_ERROR_OUTPUT:
		break;
	}
	return -1;
}

/*
 * URLs
 */

static void urlfetch_service_answer(int ret, struct imap_lemonade_urlpart *part,
				    void *context)
{
	struct urlfetch *fetch = context;

	fetch->waiting = FALSE;
	fetch->result = ret;
	fetch->part = *part;
	i_zero(part);
	/* another command may be in the middle of a literal: go on when it is
	   our turn */
	fetch->cmd->state = CLIENT_COMMAND_STATE_WAIT_OUTPUT;
	o_stream_set_flush_pending(fetch->cmd->client->output, TRUE);
}

/* Of another user. False if imap-urlauth cannot be asked. */
static bool urlfetch_ask(struct urlfetch *fetch, const char *owner,
			 enum imap_urlauth_fetch_flags flags)
{
	if (fetch->service != NULL &&
	    (!imap_lemonade_urlservice_is_open(fetch->service) ||
	     strcmp(imap_lemonade_urlservice_owner(fetch->service),
		    owner) != 0))
		imap_lemonade_urlservice_deinit(&fetch->service);
	if (fetch->service == NULL) {
		fetch->service = imap_lemonade_urlservice_init(
			fetch->cmd->client, owner, urlfetch_service_answer,
			fetch);
	}
	if (fetch->service == NULL)
		return FALSE;
	fetch->waiting = TRUE;
	fetch->asked = flags;
	imap_lemonade_urlservice_ask(fetch->service,
				     urlfetch_current(fetch)->str, flags);
	return TRUE;
}

/* A part that is missing would be answered as if it were empty, and one that
   cannot be decoded ends the connection: so the structure is asked for
   first. */
static enum imap_urlauth_fetch_flags
first_flags(const struct imap_url *url, enum imap_urlauth_fetch_flags flags)
{
	if (imap_lemonade_urlpart_is_mime(url) ||
	    (flags & IMAP_URLAUTH_FETCH_FLAG_BINARY) != 0)
		return FLAG_STRUCTURE;
	return flags;
}

/* True if the URL is one that this session may use, as far as is known
   without a look at the owner's keys. */
static bool urlfetch_parse(const struct urlfetch *fetch, const char *str,
			   struct imap_url **url_r)
{
	struct client *client = fetch->cmd->client;
	enum lemo_urlauth_access access;
	const char *error;

	return imap_lemonade_urlauth_parse(fetch->urlauth, str, url_r, &access,
					   &error) == 0 &&
		lemo_urlauth_is_entitled(access, (*url_r)->uauth_access_user,
					 client->user->username,
					 client->user->anonymous) &&
		imap_urlauth_check(client->urlauth_ctx, *url_r, TRUE, &error);
}

static void urlfetch_start_remote(struct urlfetch *fetch,
				  const struct imap_url *url,
				  enum imap_urlauth_fetch_flags flags)
{
	enum imap_urlauth_fetch_flags first = first_flags(url, flags);

	if (first != flags && (flags & FLAGS_OCTETS) != 0)
		fetch->rest = flags;
	if (!urlfetch_ask(fetch, url->userid, first))
		fetch->result = -1;
}

static void urlfetch_start(struct urlfetch *fetch)
{
	const struct urlfetch_url *asked = urlfetch_current(fetch);
	struct client *client = fetch->cmd->client;
	struct imap_url *url;

	fetch->started = TRUE;
	if (!urlfetch_parse(fetch, asked->str, &url))
		fetch->result = 0;
	else if (!client->user->anonymous &&
		 strcmp(url->userid, client->user->username) == 0) {
		imap_lemonade_urlauth_refresh(client, url);
		fetch->result = imap_lemonade_urlpart_read(client, url,
			asked->flags, &fetch->part);
	} else
		urlfetch_start_remote(fetch, url, asked->flags);
}

/* imap-urlauth has told the structure and is asked for the octets. */
static void urlfetch_ask_rest(struct urlfetch *fetch)
{
	fetch->structure = fetch->part.structure;
	fetch->part.structure = NULL;
	if (!urlfetch_ask(fetch,
			  t_strdup(imap_lemonade_urlservice_owner(
				fetch->service)), fetch->rest))
		fetch->result = -1;
	fetch->rest = 0;
}

/* imap-urlauth could not tell the decoded part together with its structure:
   other parts of the message may be to blame. */
static void urlfetch_ask_again(struct urlfetch *fetch)
{
	const char *owner;

	if (fetch->result > 0 || fetch->structure == NULL ||
	    (fetch->asked & FLAG_STRUCTURE) == 0 ||
	    (fetch->asked & IMAP_URLAUTH_FETCH_FLAG_BINARY) == 0)
		return;
	owner = t_strdup(imap_lemonade_urlservice_owner(fetch->service));
	/* the connection may be at its end, too */
	imap_lemonade_urlservice_deinit(&fetch->service);
	(void)urlfetch_ask(fetch, owner, fetch->asked & ENUM_NEGATE(
			   IMAP_URLAUTH_FETCH_FLAG_BODYPARTSTRUCTURE));
}

/* imap-urlauth has told all. */
static void urlfetch_join(struct urlfetch *fetch)
{
	if (fetch->structure == NULL)
		return;
	if (fetch->result <= 0 && (urlfetch_current(fetch)->flags &
				   IMAP_URLAUTH_FETCH_FLAG_BINARY) != 0) {
		imap_lemonade_urlservice_deinit(&fetch->service);
		fetch->part.undecodable = TRUE;
		fetch->result = 1;
	}
	if (fetch->part.structure == NULL)
		fetch->part.structure = fetch->structure;
	else
		i_free(fetch->structure);
	fetch->structure = NULL;
}

/*
 * Command
 */

static void urlfetch_free(struct urlfetch *fetch)
{
	struct client *client = fetch->cmd->client;

	if (client->output_cmd_lock == fetch->cmd)
		client->output_cmd_lock = NULL;
	imap_lemonade_urlservice_deinit(&fetch->service);
	i_stream_unref(&fetch->literal);
	imap_lemonade_urlpart_free(&fetch->part);
	i_free(fetch->structure);
}

/* The URL that is on: 1: answered, 0: wait, -1: it cannot be answered */
static int urlfetch_step(struct urlfetch *fetch)
{
	int ret;

	if (!fetch->started)
		urlfetch_start(fetch);
	if (!fetch->waiting && fetch->rest != 0 && fetch->result > 0)
		urlfetch_ask_rest(fetch);
	else if (!fetch->waiting && !fetch->answered)
		urlfetch_ask_again(fetch);
	if (fetch->waiting)
		return 0;
	if (!fetch->answered) {
		urlfetch_join(fetch);
		if (fetch->result < 0)
			return -1;
		urlfetch_answer_begin(fetch);
	}
	if (fetch->literal != NULL &&
	    (ret = urlfetch_send_literal(fetch)) <= 0)
		return ret;
	urlfetch_answer_end(fetch);
	return 1;
}

/* True if the command has come to its end. */
static bool urlfetch_run(struct urlfetch *fetch)
{
	struct client_command_context *cmd = fetch->cmd;
	int ret = 1;

	while (ret > 0 && fetch->next < array_count(&fetch->urls)) T_BEGIN {
		ret = urlfetch_step(fetch);
	} T_END;
	if (ret == 0) {
		cmd->state = fetch->waiting ?
			CLIENT_COMMAND_STATE_WAIT_EXTERNAL :
			CLIENT_COMMAND_STATE_WAIT_OUTPUT;
		return FALSE;
	}
	urlfetch_free(fetch);
	if (ret < 0)
		client_send_internal_error(cmd);
	else
		client_send_tagline(cmd, "OK URLFETCH completed.");
	return TRUE;
}

static bool urlfetch_continue(struct client_command_context *cmd)
{
	struct urlfetch *fetch = cmd->context;

	if (cmd->cancel) {
		urlfetch_free(fetch);
		return TRUE;
	}
	return fetch->waiting ? FALSE : urlfetch_run(fetch);
}

bool imap_lemonade_cmd_urlfetch(struct client_command_context *cmd)
{
	const struct imap_lemonade_urlauth *urlauth =
		imap_lemonade_urlauth_get(cmd->client);
	const struct imap_arg *args;
	struct urlfetch *fetch;

	if (urlauth == NULL)
		return cmd_urlfetch(cmd);
	if (!client_read_args(cmd, 0, 0, &args))
		return FALSE;
	fetch = p_new(cmd->pool, struct urlfetch, 1);
	fetch->cmd = cmd;
	fetch->urlauth = urlauth;
	if (parse_args(fetch, args) < 0)
		return TRUE;
	cmd->context = fetch;
	cmd->func = urlfetch_continue;
	return urlfetch_run(fetch);
}
