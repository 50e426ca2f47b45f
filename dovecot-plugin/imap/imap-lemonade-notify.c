#include "lib.h"
#include "array.h"
#include "hash.h"
#include "ioloop.h"
#include "ostream.h"
#include "imap-common.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "lemonade-compat.h"
#include "lemonade-mailbox-list-compat.h"
#include "imap-lemonade-metadata.h"
#include "imap-lemonade-notify-client.h"
#include "imap-lemonade-notify-private.h"

/* Until what holds the output is looked at again. */
#define RETRY_MSECS 500

/*
 * Groups
 */

struct imap_lemonade_notify *
imap_lemonade_notify_create(struct client *client)
{
	struct imap_lemonade_notify *notify;
	pool_t pool;

	pool = pool_alloconly_create("imap lemonade notify", 1024);
	notify = p_new(pool, struct imap_lemonade_notify, 1);
	notify->pool = pool;
	notify->client = client;
	p_array_init(&notify->namespaces, pool, 4);
	return notify;
}

void imap_lemonade_notify_free(struct imap_lemonade_notify **_notify)
{
	struct imap_lemonade_notify *notify = *_notify;
	struct imap_lemonade_notify_ns *nns;

	*_notify = NULL;
	if (notify == NULL)
		return;
	timeout_remove(&notify->to_retry);
	array_foreach_elem(&notify->namespaces, nns) {
		if (nns->list_notify != NULL)
			mailbox_list_notify_deinit(&nns->list_notify);
		imap_lemonade_metadata_free(&nns->metadata);
		if (hash_table_is_created(nns->names))
			hash_table_destroy(&nns->names);
	}
	pool_unref(&notify->pool);
}

static struct imap_lemonade_notify_ns *
notify_ns_get(struct imap_lemonade_notify *notify, struct mail_namespace *ns)
{
	struct imap_lemonade_notify_ns *nns;

	array_foreach_elem(&notify->namespaces, nns) {
		if (nns->ns == ns)
			return nns;
	}
	nns = p_new(notify->pool, struct imap_lemonade_notify_ns, 1);
	nns->notify = notify;
	nns->ns = ns;
	p_array_init(&nns->groups, notify->pool, 4);
	array_push_back(&notify->namespaces, &nns);
	return nns;
}

static struct imap_lemonade_notify_group *
notify_group_get(struct imap_lemonade_notify_ns *nns,
		 enum imap_notify_type type, enum imap_notify_event events)
{
	struct imap_lemonade_notify_group *group;

	array_foreach_modifiable(&nns->groups, group) {
		if (group->type == type && group->events == events)
			return group;
	}
	group = array_append_space(&nns->groups);
	group->type = type;
	group->events = events;
	p_array_init(&group->names, nns->notify->pool, 4);
	nns->notify->groups_count++;
	return group;
}

void imap_lemonade_notify_add(struct imap_lemonade_notify *notify,
			      struct mail_namespace *ns,
			      enum imap_notify_type type, const char *name,
			      enum imap_notify_event events)
{
	struct imap_lemonade_notify_group *group;

	/* what was made for a shared mailbox that is not used goes away at
	   any time */
	if (events == 0 || mail_namespace_is_removable(ns) ||
	    imap_lemonade_notify_is_too_much(notify))
		return;
	notify->events |= events;
	group = notify_group_get(notify_ns_get(notify, ns), type, events);
	if (array_lsearch(&group->names, &name, i_strcmp_p) != NULL)
		return;
	name = p_strdup(notify->pool, name);
	array_push_back(&group->names, &name);
	if (*name != '\0')
		notify->names_count++;
}

bool imap_lemonade_notify_is_too_much(const struct imap_lemonade_notify *n)
{
	return n->names_count > IMAP_LEMONADE_NOTIFY_MAX_NAMES ||
		n->groups_count > IMAP_LEMONADE_NOTIFY_MAX_GROUPS;
}

static bool subtree_matches(const char *name, const char *vname, char sep)
{
	size_t len = strlen(name);

	return len == 0 || (strncmp(vname, name, len) == 0 &&
			    (vname[len] == '\0' || vname[len] == sep));
}

static bool name_is_subscribed(struct mail_namespace *ns, const char *vname)
{
	struct mailbox *box = mailbox_alloc(ns->list, vname, 0);
	bool subscribed = mailbox_is_subscribed(box);

	mailbox_free(&box);
	return subscribed;
}

static bool group_matches(struct mail_namespace *ns,
			  const struct imap_lemonade_notify_group *group,
			  const char *vname)
{
	char sep = mail_namespace_get_sep(ns);
	const char *name;

	if (group->type == IMAP_NOTIFY_TYPE_SUBSCRIBED)
		return name_is_subscribed(ns, vname);
	array_foreach_elem(&group->names, name) {
		if (group->type == IMAP_NOTIFY_TYPE_SUBTREE ?
		    subtree_matches(name, vname, sep) :
		    strcmp(name, vname) == 0)
			return TRUE;
	}
	return FALSE;
}

enum imap_notify_event
imap_lemonade_notify_ns_events(struct imap_lemonade_notify_ns *nns,
			       const char *vname)
{
	const struct imap_lemonade_notify_group *group;
	enum imap_notify_event events = 0;

	array_foreach(&nns->groups, group) {
		if ((group->events & ~events) != 0 &&
		    group_matches(nns->ns, group, vname))
			events |= group->events;
	}
	return events;
}

enum imap_notify_event
imap_lemonade_notify_events(struct imap_lemonade_notify *notify,
			    struct mail_namespace *ns, const char *vname)
{
	struct imap_lemonade_notify_ns *nns;

	array_foreach_elem(&notify->namespaces, nns) {
		if (nns->ns == ns)
			return imap_lemonade_notify_ns_events(nns, vname);
	}
	return 0;
}

/*
 * Watching
 */

static enum mailbox_list_notify_event
list_events(enum imap_notify_event events)
{
	enum mailbox_list_notify_event mask = 0;

	if ((events & IMAP_LEMONADE_NOTIFY_MESSAGE_EVENTS) != 0)
		mask |= MAILBOX_LIST_NOTIFY_UIDVALIDITY |
			MAILBOX_LIST_NOTIFY_APPENDS |
			MAILBOX_LIST_NOTIFY_EXPUNGES;
	if ((events & IMAP_NOTIFY_EVENT_FLAG_CHANGE) != 0)
		mask |= MAILBOX_LIST_NOTIFY_SEEN_CHANGES |
			MAILBOX_LIST_NOTIFY_MODSEQ_CHANGES;
	if ((events & IMAP_NOTIFY_EVENT_MAILBOX_NAME) != 0)
		mask |= MAILBOX_LIST_NOTIFY_CREATE |
			MAILBOX_LIST_NOTIFY_DELETE |
			MAILBOX_LIST_NOTIFY_RENAME;
	if ((events & IMAP_NOTIFY_EVENT_SUBSCRIPTION_CHANGE) != 0)
		mask |= MAILBOX_LIST_NOTIFY_SUBSCRIBE |
			MAILBOX_LIST_NOTIFY_UNSUBSCRIBE;
	/* an attribute's change has a modseq; names that begin again have
	   their attributes new */
	if ((events & IMAP_LEMONADE_NOTIFY_METADATA_EVENTS) != 0)
		mask |= MAILBOX_LIST_NOTIFY_UIDVALIDITY |
			MAILBOX_LIST_NOTIFY_MODSEQ_CHANGES |
			MAILBOX_LIST_NOTIFY_CREATE |
			MAILBOX_LIST_NOTIFY_DELETE |
			MAILBOX_LIST_NOTIFY_RENAME;
	return mask;
}

/* All that the namespace's groups want. */
static enum mailbox_list_notify_event
notify_ns_mask(struct imap_lemonade_notify_ns *nns)
{
	const struct imap_lemonade_notify_group *group;
	enum mailbox_list_notify_event mask = 0;

	array_foreach(&nns->groups, group) {
		mask |= list_events(group->events);
		/* RFC 5465 section 6.4: evaluated again */
		if (group->type == IMAP_NOTIFY_TYPE_SUBSCRIBED)
			mask |= MAILBOX_LIST_NOTIFY_SUBSCRIBE |
				MAILBOX_LIST_NOTIFY_UNSUBSCRIBE;
	}
	return mask;
}

static bool notify_ns_wants_metadata(struct imap_lemonade_notify_ns *nns)
{
	const struct imap_lemonade_notify_group *group;

	if (imap_lemonade_metadata_is_of_server(nns->ns) &&
	    (nns->notify->events &
	     IMAP_NOTIFY_EVENT_SERVER_METADATA_CHANGE) != 0)
		return TRUE;
	array_foreach(&nns->groups, group) {
		if ((group->events &
		     IMAP_NOTIFY_EVENT_MAILBOX_METADATA_CHANGE) != 0)
			return TRUE;
	}
	return FALSE;
}

/* Without an interval Dovecot would assert. */
static bool notify_ns_can_wait(const struct imap_lemonade_notify_ns *nns)
{
	return nns->ns->list->mail_set->mailbox_idle_check_interval > 0;
}

static void notify_ns_start(struct imap_lemonade_notify_ns *nns)
{
	enum mailbox_list_notify_event mask = notify_ns_mask(nns);
	bool metadata = notify_ns_wants_metadata(nns);

	if (!notify_ns_can_wait(nns))
		return;
	if (metadata)
		mask |= list_events(IMAP_LEMONADE_NOTIFY_METADATA_EVENTS);
	if (mailbox_list_notify_init(nns->ns->list, mask,
				     &nns->list_notify) < 0) {
		nns->list_notify = NULL;
		return;
	}
	if (metadata)
		nns->metadata = imap_lemonade_metadata_create(nns->ns);
}

bool imap_lemonade_notify_start(struct imap_lemonade_notify *notify)
{
	struct imap_lemonade_notify_ns *nns;
	struct mail_namespace *inbox;
	bool any = FALSE;

	inbox = mail_namespace_find_inbox(notify->client->user->namespaces);
	if (inbox != NULL &&
	    (notify->events & IMAP_NOTIFY_EVENT_SERVER_METADATA_CHANGE) != 0)
		(void)notify_ns_get(notify, inbox);

	array_foreach_elem(&notify->namespaces, nns) {
		notify_ns_start(nns);
		imap_lemonade_notify_learn_names(nns);
		if (nns->list_notify != NULL)
			any = TRUE;
	}
	return any || array_is_empty(&notify->namespaces);
}

/*
 * Telling
 */

/* The client does not read: what changes meanwhile adds up in the mailbox list,
   not in our memory. */
static bool output_is_full(const struct client *client)
{
	return o_stream_get_buffer_used_size(client->output) >
		IMAP_LEMONADE_NOTIFY_MAX_OUTPUT;
}

/* Another response is not yet whole, or nobody reads. */
static bool output_must_wait(const struct client *client)
{
	return client->output_cmd_lock != NULL || output_is_full(client) ||
		(client->notify_ctx != NULL && client->notify_ctx->notifying);
}

/* Nothing is touched any more after this one: it frees notify. */
static void notify_finish(struct imap_lemonade_notify *notify)
{
	if (notify->overflown)
		imap_lemonade_notify_overflow(notify->client);
}

static void notify_retry(struct imap_lemonade_notify *notify);

/* False, and tried again later, if nothing may be said now. */
static bool notify_may_tell(struct imap_lemonade_notify *notify)
{
	if (!output_must_wait(notify->client))
		return TRUE;
	if (notify->to_retry == NULL)
		notify->to_retry = timeout_add_short(RETRY_MSECS,
						     notify_retry, notify);
	return FALSE;
}

static void notify_ns_tell(struct imap_lemonade_notify_ns *nns)
{
	struct imap_lemonade_notify *notify = nns->notify;
	const struct mailbox_list_notify_rec *rec;
	bool more = TRUE;
	int ret;

	/* no break between T_BEGIN and T_END: they are a loop of their own */
	while (more && notify_may_tell(notify)) T_BEGIN {
		ret = mailbox_list_notify_next(nns->list_notify, &rec);
		if (ret > 0)
			imap_lemonade_notify_tell(nns, rec);
		if (ret < 0)
			notify->overflown = TRUE;
		more = ret > 0 && !notify->overflown;
	} T_END;
}

static void notify_retry(struct imap_lemonade_notify *notify)
{
	struct imap_lemonade_notify_ns *nns;
	struct ostream *output = notify->client->output;

	timeout_remove(&notify->to_retry);
	o_stream_cork(output);
	array_foreach_elem(&notify->namespaces, nns) {
		if (nns->list_notify != NULL)
			notify_ns_tell(nns);
	}
	o_stream_uncork(output);
	notify_finish(notify);
}

static void notify_callback(struct imap_lemonade_notify_ns *nns)
{
	struct imap_lemonade_notify *notify = nns->notify;
	struct ostream *output = notify->client->output;

	o_stream_cork(output);
	notify_ns_tell(nns);
	o_stream_uncork(output);
	if (!notify->flushing)
		notify_finish(notify);
}

void imap_lemonade_notify_wait(struct imap_lemonade_notify *notify)
{
	struct imap_lemonade_notify_ns *nns;

	array_foreach_elem(&notify->namespaces, nns) {
		if (nns->list_notify != NULL)
			mailbox_list_notify_wait(nns->list_notify,
						 notify_callback, nns);
	}
}

void imap_lemonade_notify_flush(struct imap_lemonade_notify *notify)
{
	struct imap_lemonade_notify_ns *nns;

	notify->flushing = TRUE;
	array_foreach_elem(&notify->namespaces, nns) {
		if (nns->list_notify != NULL)
			mailbox_list_notify_flush(nns->list_notify);
	}
	notify->flushing = FALSE;
	notify_finish(notify);
}
