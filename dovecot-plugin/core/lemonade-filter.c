/* Filters: SEARCH criteria, judged by Dovecot's own search. */

#include "lib.h"
#include "array.h"
#include "istream.h"
#include "imap-arg.h"
#include "mail-storage-private.h"
#include "maildir-storage.h"
#include "maildir-uidlist.h"
#include "maildir-sync.h"
#include "mail-search-build.h"
#include "mail-search-parser.h"
#include "mail-search-mime.h"
#include "lemonade-compat.h"
#include "lemonade-filter.h"
#include "lemonade-named-filter.h"
#include "lemonade-view.h"
#include "lemo-limits.h"

#include <time.h>

static int args_check(const struct mail_search_arg *arg,
		      const char **client_error_r)
{
	for (; arg != NULL; arg = arg->next) {
		switch (arg->type) {
		case SEARCH_SEQSET:
			*client_error_r = "Sequence numbers mean nothing "
				"outside a session";
			return -1;
		case SEARCH_UIDSET:
			if (null_strcmp(arg->value.str, "$") != 0)
				break;
			*client_error_r = "$ means nothing outside a session";
			return -1;
		case SEARCH_INTHREAD:
			*client_error_r = "INTHREAD is not supported here";
			return -1;
		case SEARCH_OR:
		case SEARCH_SUB:
			if (args_check(arg->value.subargs, client_error_r) < 0)
				return -1;
			break;
		default:
			break;
		}
	}
	return 0;
}

static unsigned int mime_body_keys(const struct mail_search_mime_arg *arg)
{
	unsigned int count = 0;

	for (; arg != NULL; arg = arg->next) {
		switch (arg->type) {
		case SEARCH_MIME_BODY:
		case SEARCH_MIME_TEXT:
			count++;
			break;
		case SEARCH_MIME_OR:
		case SEARCH_MIME_SUB:
		case SEARCH_MIME_PARENT:
		case SEARCH_MIME_CHILD:
			count += mime_body_keys(arg->value.subargs);
			break;
		default:
			break;
		}
	}
	return count;
}

static unsigned int body_keys(const struct mail_search_arg *arg)
{
	unsigned int count = 0;

	for (; arg != NULL; arg = arg->next) {
		switch (arg->type) {
		case SEARCH_BODY:
		case SEARCH_TEXT:
			count++;
			break;
		case SEARCH_MIMEPART:
			/* headers of parts are read out of the body, too */
			count += 1 + mime_body_keys(arg->value.mime_part->args);
			break;
		case SEARCH_OR:
		case SEARCH_SUB:
			count += body_keys(arg->value.subargs);
			break;
		default:
			break;
		}
	}
	return count;
}

unsigned int lemonade_filter_body_keys(const struct mail_search_args *args)
{
	return body_keys(args->args);
}

static int build(const struct imap_arg *imap_args,
		 struct mail_search_args **args_r, const char **client_error_r)
{
	struct mail_search_parser *parser;
	const char *charset = "UTF-8";
	int ret;

	if (IMAP_ARG_IS_EOL(imap_args)) {
		*client_error_r = "Missing search parameters";
		return -1;
	}
	parser = mail_search_parser_init_imap(imap_args);
	ret = mail_search_build(mail_search_register_get_imap(), parser,
				&charset, args_r, client_error_r);
	*client_error_r = ret < 0 ? t_strdup(*client_error_r) : NULL;
	mail_search_parser_deinit(&parser);
	if (ret < 0)
		return -1;
	if (args_check((*args_r)->args, client_error_r) < 0) {
		mail_search_args_unref(args_r);
		return -1;
	}
	return 0;
}

static bool has_control_chars(const char *str)
{
	for (; *str != '\0'; str++) {
		if ((unsigned char)*str < 0x20 || *str == 0x7f)
			return TRUE;
	}
	return FALSE;
}

static int parse_stream(struct istream *input,
			struct mail_search_args **args_r,
			const char **client_error_r)
{
	struct imap_parser *parser;
	const struct imap_arg *imap_args;
	enum imap_parser_error error;
	int ret;

	parser = lemonade_imap_parser_create(input, LEMO_DEVICE_FILTER_MAX * 2);
	ret = imap_parser_finish_line(parser, 0, 0, &imap_args);
	if (ret >= 0)
		ret = build(imap_args, args_r, client_error_r);
	else {
		*client_error_r = ret == -2 ? "Unterminated string or list" :
			t_strdup(imap_parser_get_error(parser, &error));
		ret = -1;
	}
	imap_parser_unref(&parser);
	return ret;
}

int lemonade_filter_parse(struct mail_user *user, const char *filter,
			  struct mail_search_args **args_r,
			  const char **client_error_r)
{
	struct lemonade_filter_scope scope;
	struct istream *input;
	int ret;

	/* among them CR LF, with which literals would come in */
	if (has_control_chars(filter)) {
		*client_error_r = "Control characters are not allowed";
		return -1;
	}
	input = i_stream_create_from_data(filter, strlen(filter));
	(void)i_stream_read(input);
	lemonade_filter_scope_begin(&scope, user);
	ret = parse_stream(input, args_r, client_error_r);
	lemonade_filter_scope_end(&scope);
	i_stream_unref(&input);
	return ret < 0 && scope.failure != LEMONADE_FILTER_FAILURE_NONE ? -2 :
		ret;
}

/* A full text search engine would index the mailbox first, maybe over the
   network: not while a delivery waits. */
static void args_set_no_fts(struct mail_search_arg *arg)
{
	for (; arg != NULL; arg = arg->next) {
		arg->no_fts = TRUE;
		if (arg->type == SEARCH_OR || arg->type == SEARCH_SUB)
			args_set_no_fts(arg->value.subargs);
	}
}

static void args_add_uids(struct mail_search_args *args,
			  const ARRAY_TYPE(seq_range) *uids)
{
	struct mail_search_arg *arg;

	arg = p_new(args->pool, struct mail_search_arg, 1);
	arg->type = SEARCH_UIDSET;
	p_array_init(&arg->value.seqset, args->pool, array_count(uids));
	array_append_array(&arg->value.seqset, uids);
	arg->next = args->args;
	args->args = arg;
}

static uint64_t now_usecs(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		i_fatal("clock_gettime() failed: %m");
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

/* Mails of which the body is not searched are hits; the rest is to be judged.
   A mail without a size is gone or broken: search knows. */
static void hit_large_mails(struct lemonade_view *view,
			    const ARRAY_TYPE(seq_range) *uids,
			    ARRAY_TYPE(seq_range) *hits,
			    ARRAY_TYPE(seq_range) *rest)
{
	struct seq_range_iter iter;
	unsigned int n = 0;
	uint32_t uid;
	uoff_t size;

	seq_range_array_iter_init(&iter, uids);
	while (seq_range_array_iter_nth(&iter, n++, &uid)) {
		if (!mail_set_uid(view->mail, uid) ||
		    mail_get_physical_size(view->mail, &size) < 0 ||
		    size <= LEMO_FILTER_BODY_SIZE_MAX)
			continue;
		seq_range_array_add(hits, uid);
		seq_range_array_remove(rest, uid);
	}
}

/* The search ended early: after this hit (0: none) nothing is certain. */
static void hit_unjudged(const ARRAY_TYPE(seq_range) *uids, uint32_t last,
			 ARRAY_TYPE(seq_range) *hits)
{
	ARRAY_TYPE(seq_range) rest;

	t_array_init(&rest, array_count(uids));
	array_append_array(&rest, uids);
	if (last > 0)
		seq_range_array_remove_range(&rest, 1, last);
	seq_range_array_merge(hits, &rest);
}

static int search(struct lemonade_view *view, struct mail_search_args *args,
		  const ARRAY_TYPE(seq_range) *uids, uint64_t deadline,
		  ARRAY_TYPE(seq_range) *hits)
{
	struct mail_search_context *ctx;
	struct mail *mail;
	bool tryagain = FALSE, late = FALSE;
	uint32_t last = 0;

	ctx = mailbox_search_init(view->trans, args, NULL, 0, NULL);
	ctx->progress_hidden = TRUE;
	while (!late && (mailbox_search_next_nonblock(ctx, &mail, &tryagain) ||
			 tryagain)) {
		if (!tryagain) {
			last = mail->uid;
			seq_range_array_add(hits, last);
		}
		late = now_usecs() >= deadline;
	}
	if (late)
		hit_unjudged(uids, last, hits);
	return mailbox_search_deinit(&ctx);
}

/* Whoever has not scanned the directory looks for a message in cur/, and where
   it is not there, scans: say that what was just delivered lies in new/. It is
   looked for in cur/ after that. */
static void expect_in_new(struct mailbox *box,
			  const ARRAY_TYPE(seq_range) *uids)
{
	struct maildir_mailbox *mbox;
	struct seq_range_iter iter;
	enum maildir_uidlist_rec_flag flags;
	const char *name;
	unsigned int n = 0;
	uint32_t uid;

	if (strcmp(box->storage->name, "maildir") != 0)
		return;
	mbox = MAILDIR_MAILBOX(box);
	seq_range_array_iter_init(&iter, uids);
	while (seq_range_array_iter_nth(&iter, n++, &uid)) {
		if (maildir_sync_lookup(mbox, uid, &flags, &name) <= 0)
			continue;
		maildir_uidlist_add_flags(mbox->uidlist, name,
					  MAILDIR_UIDLIST_REC_FLAG_NEW_DIR);
	}
}

static int search_mails(struct lemonade_view *view,
			struct mail_search_args *args,
			const ARRAY_TYPE(seq_range) *uids, uint64_t deadline,
			ARRAY_TYPE(seq_range) *hits)
{
	int ret;

	expect_in_new(view->box, uids);
	args_set_no_fts(args->args);
	args_add_uids(args, uids);
	mail_search_args_init(args, view->box, FALSE, NULL);
	ret = search(view, args, uids, deadline, hits);
	if (ret < 0) {
		e_error(view->box->event, "lemonade: Filter failed: %s",
			mailbox_get_last_internal_error(view->box, NULL));
	}
	mail_search_args_deinit(args);
	return ret;
}

int lemonade_filter_run(struct lemonade_view *view,
			struct mail_search_args *args,
			const ARRAY_TYPE(seq_range) *uids,
			ARRAY_TYPE(seq_range) *hits)
{
	uint64_t start = now_usecs();
	ARRAY_TYPE(seq_range) rest;
	int ret = 0;

	if (view->filter_usecs >= LEMO_FILTER_BUDGET_USECS) {
		seq_range_array_merge(hits, uids);
		return 0;
	}
	t_array_init(&rest, array_count(uids));
	array_append_array(&rest, uids);
	if (body_keys(args->args) > 0)
		hit_large_mails(view, uids, hits, &rest);
	if (array_not_empty(&rest)) {
		ret = search_mails(view, args, &rest, start +
				   LEMO_FILTER_BUDGET_USECS -
				   view->filter_usecs, hits);
	}
	view->filter_usecs += now_usecs() - start;
	return ret;
}
