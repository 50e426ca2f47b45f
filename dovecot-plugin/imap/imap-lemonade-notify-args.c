#include "lib.h"
#include "array.h"
#include "str.h"
#include "imap-common.h"
#include "imap-arg.h"
#include "imap-fetch.h"
#include "imap-utf7.h"
#include "mail-namespace.h"
#include "imap-lemonade-notify.h"
#include "imap-lemonade-notify-args.h"

#define BAD_ARGS "Invalid arguments."
#define EV_NEW_AND_EXPUNGE \
	(IMAP_NOTIFY_EVENT_MESSAGE_NEW | IMAP_NOTIFY_EVENT_MESSAGE_EXPUNGE)

static const struct {
	const char *name;
	enum imap_notify_event event;
} events_supported[] = {
	{ "MessageNew", IMAP_NOTIFY_EVENT_MESSAGE_NEW },
	{ "MessageExpunge", IMAP_NOTIFY_EVENT_MESSAGE_EXPUNGE },
	{ "FlagChange", IMAP_NOTIFY_EVENT_FLAG_CHANGE },
	{ "MailboxName", IMAP_NOTIFY_EVENT_MAILBOX_NAME },
	{ "SubscriptionChange", IMAP_NOTIFY_EVENT_SUBSCRIPTION_CHANGE },
	{ "MailboxMetadataChange",
	  IMAP_NOTIFY_EVENT_MAILBOX_METADATA_CHANGE },
	{ "ServerMetadataChange", IMAP_NOTIFY_EVENT_SERVER_METADATA_CHANGE }
};

static bool event_is_supported(const struct client *client,
			       enum imap_notify_event event)
{
	return client->set->imap_metadata ||
		(event & IMAP_LEMONADE_NOTIFY_METADATA_EVENTS) == 0;
}

static const char *bad_event_answer(const struct client *client)
{
	string_t *str = t_str_new(256);
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(events_supported); i++) {
		if (!event_is_supported(client, events_supported[i].event))
			continue;
		if (str_len(str) > 0)
			str_append_c(str, ' ');
		str_append(str, events_supported[i].name);
	}
	return t_strdup_printf("NO [BADEVENT (%s)] Unsupported NOTIFY events.",
			       str_c(str));
}

static int bad(struct imap_lemonade_notify_args *nargs, const char *error)
{
	nargs->bad = error;
	return -1;
}

/*
 * Events
 */

/* 0 if it is not supported: that is found out when all else is read. */
static enum imap_notify_event
parse_event(struct imap_lemonade_notify_args *nargs, const char *name)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(events_supported); i++) {
		if (strcasecmp(name, events_supported[i].name) == 0 &&
		    event_is_supported(nargs->client,
				       events_supported[i].event))
			return events_supported[i].event;
	}
	nargs->bad_event = TRUE;
	return 0;
}

static int parse_fetch(struct imap_lemonade_notify_args *nargs,
		       const struct imap_arg *list)
{
	struct imap_notify_context *ctx = nargs->ctx;

	if (IMAP_ARG_IS_EOL(list) || ctx->fetch_ctx != NULL)
		return bad(nargs, BAD_ARGS);
	if (imap_fetch_att_list_parse(ctx->client, ctx->pool, list,
				      &ctx->fetch_ctx, &ctx->error) < 0)
		return bad(nargs, ctx->error);
	return 0;
}

/* RFC 5465 section 5. The answer waits: BADEVENT goes first. */
static void check_pairs(struct imap_lemonade_notify_args *nargs,
			enum imap_notify_event events)
{
	enum imap_notify_event pair = events & EV_NEW_AND_EXPUNGE;

	if (pair != 0 && pair != EV_NEW_AND_EXPUNGE)
		nargs->bad = "MessageNew and MessageExpunge must be together";
	else if (pair == 0 && (events & IMAP_NOTIFY_EVENT_FLAG_CHANGE) != 0)
		nargs->bad =
			"FlagChange requires MessageNew and MessageExpunge";
}

/* ( "(" event *(SP event) ")" ) / "NONE", and nothing behind it */
static int parse_events(struct imap_lemonade_notify_args *nargs,
			const struct imap_arg *args, bool selected,
			enum imap_notify_event *events_r)
{
	const struct imap_arg *list, *fetch;
	enum imap_notify_event event;
	const char *name;

	*events_r = 0;
	if (IMAP_ARG_IS_EOL(args) || !IMAP_ARG_IS_EOL(&args[1]))
		return bad(nargs, BAD_ARGS);
	if (imap_arg_atom_equals(args, "NONE"))
		return 0;
	if (!imap_arg_get_list(args, &list) || IMAP_ARG_IS_EOL(list))
		return bad(nargs, BAD_ARGS);
	for (; !IMAP_ARG_IS_EOL(list); list++) {
		if (!imap_arg_get_atom(list, &name))
			return bad(nargs, BAD_ARGS);
		event = parse_event(nargs, name);
		*events_r |= event;
		if (selected && event == IMAP_NOTIFY_EVENT_MESSAGE_NEW &&
		    imap_arg_get_list(&list[1], &fetch)) {
			if (parse_fetch(nargs, fetch) < 0)
				return -1;
			list++;
		}
	}
	check_pairs(nargs, *events_r);
	return 0;
}

/*
 * Mailboxes
 */

/* "selected", "selected-delayed": section 6.1 */
static int parse_selected(struct imap_lemonade_notify_args *nargs,
			  const struct imap_arg *args, bool immediate)
{
	struct imap_notify_context *ctx = nargs->ctx;
	enum imap_notify_event events;

	if (nargs->selected)
		return bad(nargs, "Duplicate selected filter");
	nargs->selected = TRUE;
	if (parse_events(nargs, args, TRUE, &events) < 0)
		return -1;
	if ((events & ~IMAP_LEMONADE_NOTIFY_MESSAGE_EVENTS) != 0)
		nargs->bad = "Only message events for the selected mailbox";
	ctx->selected_set = TRUE;
	ctx->selected_events = events;
	ctx->global_used_events = events;
	ctx->selected_immediate_expunges = immediate;
	return 0;
}

/* Namespaces below the name are of its subtree, too. */
static void add_namespaces_below(struct imap_lemonade_notify_args *nargs,
				 const char *name,
				 enum imap_notify_event events)
{
	struct mail_namespace *ns = nargs->client->user->namespaces;
	size_t len = strlen(name);

	for (; ns != NULL; ns = ns->next) {
		if (len > 0 && strncmp(ns->prefix, name, len) == 0 &&
		    ns->prefix[len] == mail_namespace_get_sep(ns))
			imap_lemonade_notify_add(nargs->notify, ns,
				IMAP_NOTIFY_TYPE_SUBTREE, "", events);
	}
}

static const char *inbox_in_capitals(struct mail_namespace *ns,
				     const char *name)
{
	if ((ns->flags & NAMESPACE_FLAG_INBOX_USER) != 0 &&
	    strncasecmp(name, "INBOX", 5) == 0 &&
	    (name[5] == '\0' || name[5] == mail_namespace_get_sep(ns)))
		return t_strconcat("INBOX", name + 5, NULL);
	return name;
}

static int add_name(struct imap_lemonade_notify_args *nargs,
		    const struct imap_arg *arg, enum imap_notify_type type,
		    enum imap_notify_event events)
{
	string_t *utf8 = t_str_new(64);
	struct mail_namespace *ns;
	const char *mutf7;

	/* a NUL in a literal would cut it */
	if (!imap_arg_get_astring(arg, &mutf7) ||
	    strlen(mutf7) != arg->str_len)
		return bad(nargs, BAD_ARGS);
	if (imap_utf7_to_utf8(mutf7, utf8) < 0) {
		nargs->no = "NO [CANNOT] Mailbox name is not valid mUTF-7";
		return 0;
	}
	ns = mail_namespace_find(nargs->client->user->namespaces, str_c(utf8));
	imap_lemonade_notify_add(nargs->notify, ns, type,
				 inbox_in_capitals(ns, str_c(utf8)), events);
	if (type == IMAP_NOTIFY_TYPE_SUBTREE)
		add_namespaces_below(nargs, str_c(utf8), events);
	return 0;
}

/* one-or-more-mailbox events */
static int parse_named(struct imap_lemonade_notify_args *nargs,
		       const struct imap_arg *args, enum imap_notify_type type)
{
	const struct imap_arg *list;
	enum imap_notify_event events;
	int ret = 0;

	if (IMAP_ARG_IS_EOL(args) ||
	    parse_events(nargs, &args[1], FALSE, &events) < 0)
		return bad(nargs, BAD_ARGS);
	if (!imap_arg_get_list(args, &list))
		return add_name(nargs, args, type, events);
	if (IMAP_ARG_IS_EOL(list))
		return bad(nargs, BAD_ARGS);
	for (; !IMAP_ARG_IS_EOL(list) && ret == 0; list++) T_BEGIN {
		ret = add_name(nargs, list, type, events);
	} T_END;
	return ret;
}

/* "inboxes", "personal", "subscribed" */
static int parse_unnamed(struct imap_lemonade_notify_args *nargs,
			 const struct imap_arg *args, bool subscribed)
{
	struct mail_namespace *ns = nargs->client->user->namespaces;
	enum imap_notify_event events;

	if (parse_events(nargs, args, FALSE, &events) < 0)
		return -1;
	for (; ns != NULL; ns = ns->next) {
		if (subscribed || ns->type == MAIL_NAMESPACE_TYPE_PRIVATE)
			imap_lemonade_notify_add(nargs->notify, ns,
				subscribed ? IMAP_NOTIFY_TYPE_SUBSCRIBED :
				IMAP_NOTIFY_TYPE_SUBTREE, "", events);
	}
	return 0;
}

/*
 * The command
 */

static int parse_group(struct imap_lemonade_notify_args *nargs,
		       const struct imap_arg *args)
{
	const char *name;

	if (!imap_arg_get_atom(args, &name))
		return bad(nargs, BAD_ARGS);
	args++;
	if (strcasecmp(name, "selected") == 0)
		return parse_selected(nargs, args, TRUE);
	if (strcasecmp(name, "selected-delayed") == 0)
		return parse_selected(nargs, args, FALSE);
	/* which mailboxes mail is delivered to is not known: section 6.3 */
	if (strcasecmp(name, "inboxes") == 0 ||
	    strcasecmp(name, "personal") == 0)
		return parse_unnamed(nargs, args, FALSE);
	if (strcasecmp(name, "subscribed") == 0)
		return parse_unnamed(nargs, args, TRUE);
	if (strcasecmp(name, "subtree") == 0)
		return parse_named(nargs, args, IMAP_NOTIFY_TYPE_SUBTREE);
	if (strcasecmp(name, "mailboxes") == 0)
		return parse_named(nargs, args, IMAP_NOTIFY_TYPE_MAILBOX);
	return bad(nargs, BAD_ARGS);
}

static int parse_set(struct imap_lemonade_notify_args *nargs,
		     const struct imap_arg *args)
{
	const struct imap_arg *group;

	nargs->notify = imap_lemonade_notify_create(nargs->client);
	if (imap_arg_atom_equals(args, "STATUS")) {
		nargs->status = TRUE;
		args++;
	}
	if (IMAP_ARG_IS_EOL(args))
		return bad(nargs, BAD_ARGS);
	for (; !IMAP_ARG_IS_EOL(args); args++) {
		if (!imap_arg_get_list(args, &group))
			return bad(nargs, BAD_ARGS);
		if (parse_group(nargs, group) < 0)
			return -1;
	}
	return 0;
}

static int parse(struct imap_lemonade_notify_args *nargs,
		 const struct imap_arg *args)
{
	if (imap_arg_atom_equals(args, "SET"))
		return parse_set(nargs, &args[1]);
	if (!imap_arg_atom_equals(args, "NONE") || !IMAP_ARG_IS_EOL(&args[1]))
		return bad(nargs, BAD_ARGS);
	return 0;
}

/* NULL if all is well */
static const char *find_answer(struct imap_lemonade_notify_args *nargs,
			       const struct imap_arg *args)
{
	int ret = parse(nargs, args);

	if (ret == 0 && nargs->bad_event)
		return bad_event_answer(nargs->client);
	if (nargs->bad != NULL)
		return t_strconcat("BAD ", nargs->bad, NULL);
	if (nargs->no != NULL)
		return nargs->no;
	if (nargs->notify != NULL &&
	    imap_lemonade_notify_is_too_much(nargs->notify))
		return "NO [NOTIFICATIONOVERFLOW] Too many mailbox names";
	return NULL;
}

int imap_lemonade_notify_args_parse(struct client *client,
				    const struct imap_arg *args,
				    struct imap_lemonade_notify_args *args_r,
				    const char **answer_r)
{
	pool_t pool;

	i_zero(args_r);
	args_r->client = client;
	pool = pool_alloconly_create("imap notify context", 1024);
	args_r->ctx = p_new(pool, struct imap_notify_context, 1);
	args_r->ctx->pool = pool;
	args_r->ctx->client = client;
	/* it stays empty: see imap-lemonade-notify.h */
	p_array_init(&args_r->ctx->namespaces, pool, 1);

	*answer_r = find_answer(args_r, args);
	if (*answer_r == NULL)
		return 0;
	imap_lemonade_notify_args_free(args_r);
	return -1;
}

void imap_lemonade_notify_args_free(struct imap_lemonade_notify_args *args)
{
	imap_lemonade_notify_free(&args->notify);
	imap_notify_deinit(&args->ctx);
}
