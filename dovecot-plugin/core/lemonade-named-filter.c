#include "lib.h"
#include "istream.h"
#include "str-sanitize.h"
#include "imap-arg.h"
#include "mail-storage-private.h"
#include "mail-search-build.h"
#include "mail-search-parser.h"
#include "lemonade-compat.h"
#include "lemonade-device.h"
#include "lemonade-named-filter.h"

#define ERROR_MAX 200

static struct lemonade_filter_scope *current;

void lemonade_filter_scope_begin(struct lemonade_filter_scope *scope,
				 struct mail_user *user)
{
	/* not the names: this is done at every IMAP command */
	scope->prev = current;
	scope->user = user;
	scope->check_only = FALSE;
	scope->walk.depth = 0;
	scope->walk.uses = 0;
	scope->walk.octets = 0;
	scope->failure = LEMONADE_FILTER_FAILURE_NONE;
	current = scope;
}

void lemonade_filter_scope_end(struct lemonade_filter_scope *scope)
{
	current = scope->prev;
}

/*
 * Text
 */

struct filter_text {
	struct istream *input;
	struct imap_parser *parser;
	const struct imap_arg *args;
};

static void text_close(struct filter_text *text)
{
	imap_parser_unref(&text->parser);
	i_stream_unref(&text->input);
}

static int text_parse(struct filter_text *text, const char **error_r)
{
	enum imap_parser_error error;
	const struct imap_arg *list;
	int ret;

	ret = imap_parser_finish_line(text->parser, 0, 0, &text->args);
	if (ret < 0) {
		*error_r = ret == -2 ? "Unterminated string or list" :
			t_strdup(imap_parser_get_error(text->parser, &error));
		return -1;
	}
	if (!imap_arg_get_list(&text->args[0], &list) ||
	    !IMAP_ARG_IS_EOL(&text->args[1])) {
		*error_r = "Unexpected end of line";
		return -1;
	}
	return 0;
}

/* A list of the criteria. 0: text_close() it. */
static int text_open(struct filter_text *text, const char *value,
		     const char **error_r)
{
	const char *list = t_strconcat("(", value, ")", NULL), *error;
	size_t pos;

	if (lemo_named_filter_check(value, strlen(value), &error, &pos) < 0) {
		*error_r = t_strdup_printf("It %s (at octet %zu)", error, pos);
		return -1;
	}
	text->input = i_stream_create_from_data(list, strlen(list));
	(void)i_stream_read(text->input);
	text->parser = lemonade_imap_parser_create(text->input, strlen(list));
	if (text_parse(text, error_r) < 0) {
		text_close(text);
		return -1;
	}
	return 0;
}

/*
 * The search key
 */

static struct mail_search_arg *
build_fail(struct mail_search_build_context *ctx,
	   enum lemonade_filter_failure failure, const char *name,
	   const char *error)
{
	ctx->_error = p_strdup(ctx->pool, error);
	ctx->unknown_charset = failure != LEMONADE_FILTER_FAILURE_CHARSET;
	current->failure = failure;
	if (i_strocpy(current->name, name, sizeof(current->name)) < 0)
		i_unreached();
	return NULL;
}

static struct mail_search_arg *
build_undefined(struct mail_search_build_context *ctx, const char *name,
		const char *reason)
{
	return build_fail(ctx, LEMONADE_FILTER_FAILURE_UNDEFINED, name,
			  t_strdup_printf("Filter %s %s", name, reason));
}

/* Private over shared (RFC 5466 section 1). */
static int filter_read(struct mailbox *inbox, const char *name,
		       const char **value_r)
{
	const char *key = t_strconcat(LEMONADE_FILTER_VALUES_KEY_PREFIX, name,
				      NULL);
	struct mail_attribute_value value;
	int ret;

	ret = mailbox_attribute_get(inbox, MAIL_ATTRIBUTE_TYPE_PRIVATE, key,
				    &value);
	if (ret == 0) {
		ret = mailbox_attribute_get(inbox, MAIL_ATTRIBUTE_TYPE_SHARED,
					    key, &value);
	}
	if (ret > 0)
		*value_r = t_strdup(value.value);
	/* no attribute dict, no filters */
	if (ret < 0 &&
	    mailbox_get_last_mail_error(inbox) == MAIL_ERROR_NOTPOSSIBLE)
		return 0;
	return ret;
}

static int filter_find(const char *name, const char **value_r)
{
	struct mailbox *inbox = lemonade_inbox_alloc(current->user);
	int ret;

	if (inbox == NULL)
		return 0;
	mail_storage_last_error_push(inbox->storage);
	ret = filter_read(inbox, name, value_r);
	mail_storage_last_error_pop(inbox->storage);
	mailbox_free(&inbox);
	return ret;
}

/* The error of the parser at work, if no filter within has its own. */
static struct mail_search_arg *
build_invalid(struct mail_search_build_context *ctx, const char *name,
	      const char *error)
{
	if (current->failure != LEMONADE_FILTER_FAILURE_NONE)
		return NULL;
	return build_fail(ctx, LEMONADE_FILTER_FAILURE_INVALID, name,
		t_strdup_printf("Filter %s is not valid: %s", name,
				str_sanitize_utf8(error, ERROR_MAX)));
}

/* As if the criteria stood here, in parentheses and UTF-8. */
static struct mail_search_arg *
build_args(struct mail_search_build_context *ctx, const char *name,
	   const struct imap_arg *args)
{
	struct mail_search_parser *parser = ctx->parser;
	const char *charset = ctx->charset;
	struct mail_search_arg *arg;

	ctx->parser = mail_search_parser_init_imap(args);
	ctx->charset = "UTF-8";
	if (mail_search_build_key(ctx, ctx->parent, &arg) < 0) {
		arg = build_invalid(ctx, name, ctx->_error != NULL ?
			ctx->_error :
			mail_search_parser_get_error(ctx->parser));
	}
	mail_search_parser_deinit(&ctx->parser);
	ctx->parser = parser;
	ctx->charset = charset;
	return arg;
}

static struct mail_search_arg *
build_value(struct mail_search_build_context *ctx, const char *name,
	    const char *value)
{
	struct mail_search_arg *arg;
	struct filter_text text;
	const char *error;

	if (!lemo_filter_walk_add(&current->walk, strlen(value)))
		return build_undefined(ctx, name, "is one too many here");
	if (text_open(&text, value, &error) < 0)
		return build_invalid(ctx, name, error);
	arg = build_args(ctx, name, text.args);
	text_close(&text);
	return arg;
}

static struct mail_search_arg *
build_named(struct mail_search_build_context *ctx, const char *name)
{
	struct mail_search_arg *arg;
	const char *value;
	int ret;

	if (!lemo_filter_walk_enter(&current->walk, name)) {
		return build_undefined(ctx, name, "names itself, or filters "
				       "nest too deep or are too many");
	}
	ret = filter_find(name, &value);
	if (ret > 0)
		arg = build_value(ctx, name, value);
	else if (ret == 0)
		arg = build_undefined(ctx, name, "does not exist");
	else {
		arg = build_fail(ctx, LEMONADE_FILTER_FAILURE_UNREADABLE, name,
				 "Filters cannot be read now");
	}
	lemo_filter_walk_leave(&current->walk);
	return arg;
}

static bool charset_is_good(const char *charset)
{
	return strcasecmp(charset, "UTF-8") == 0 ||
		strcasecmp(charset, "US-ASCII") == 0;
}

static struct mail_search_arg *
build_filter(struct mail_search_build_context *ctx, const char *name)
{
	if (!lemo_named_filter_name_is_valid(name, strlen(name))) {
		ctx->_error = "Invalid filter name";
		return NULL;
	}
	if (!charset_is_good(ctx->charset)) {
		return build_fail(ctx, LEMONADE_FILTER_FAILURE_CHARSET, name,
				  "FILTER needs the CHARSET UTF-8");
	}
	if (current->check_only)
		return mail_search_build_new(ctx, SEARCH_ALL);
	/* entry names are case-insensitive; Dovecot keeps them like this */
	return build_named(ctx, t_str_lcase(name));
}

static struct mail_search_arg *
lemonade_named_filter_build(struct mail_search_build_context *ctx)
{
	struct mail_search_arg *arg = NULL;
	const char *name;

	if (current == NULL) {
		ctx->_error = "Unknown argument FILTER";
		return NULL;
	}
	if (mail_search_parse_string(ctx->parser, &name) < 0)
		return NULL;
	T_BEGIN {
		arg = build_filter(ctx, name);
	} T_END;
	return arg;
}

/*
 * Checking
 */

static int check_args(const struct imap_arg *args,
		      const char **client_error_r)
{
	struct mail_search_parser *parser = mail_search_parser_init_imap(args);
	struct mail_search_args *sargs;
	const char *charset = "UTF-8";
	int ret;

	ret = mail_search_build(mail_search_register_get_imap(), parser,
				&charset, &sargs, client_error_r);
	if (ret == 0)
		mail_search_args_unref(&sargs);
	else
		*client_error_r = t_strdup(*client_error_r);
	mail_search_parser_deinit(&parser);
	return ret;
}

int lemonade_named_filter_check(struct mail_user *user, const char *value,
				const char **client_error_r)
{
	struct lemonade_filter_scope scope;
	struct filter_text text;
	int ret;

	if (text_open(&text, value, client_error_r) < 0)
		return -1;
	lemonade_filter_scope_begin(&scope, user);
	scope.check_only = TRUE;
	ret = check_args(text.args, client_error_r);
	lemonade_filter_scope_end(&scope);
	text_close(&text);
	return ret;
}

void lemonade_named_filter_init(void)
{
	static const struct mail_search_register_arg key = {
		"FILTER", lemonade_named_filter_build
	};

	mail_search_register_add(mail_search_register_get_imap(), &key, 1);
}
