/* What is said of a change in a mailbox: RFC 5465 section 5. */

#include "lib.h"
#include "array.h"
#include "hash.h"
#include "str.h"
#include "imap-common.h"
#include "imap-list.h"
#include "imap-quote.h"
#include "imap-status.h"
#include "imap-utf7.h"
#include "mail-namespace.h"
#include "mail-storage.h"
#include "mailbox-list-iter.h"
#include "lemonade-mailbox-list-compat.h"
#include "imap-lemonade-metadata.h"
#include "imap-lemonade-notify-private.h"

#define NAME_CHANGES \
	(MAILBOX_LIST_NOTIFY_CREATE | MAILBOX_LIST_NOTIFY_DELETE | \
	 MAILBOX_LIST_NOTIFY_RENAME)
#define SUBSCRIPTION_CHANGES \
	(MAILBOX_LIST_NOTIFY_SUBSCRIBE | MAILBOX_LIST_NOTIFY_UNSUBSCRIBE)
#define COUNT_CHANGES \
	(MAILBOX_LIST_NOTIFY_APPENDS | MAILBOX_LIST_NOTIFY_EXPUNGES)

const char *imap_lemonade_notify_mutf7(const char *vname)
{
	string_t *mutf7 = t_str_new(64);

	/* not UTF-8: as it is on the disk */
	if (imap_utf8_to_utf7(vname, mutf7) < 0)
		return vname;
	return str_c(mutf7);
}

/*
 * LIST
 */

/* Nobody but the user decides which mailboxes he may list. */
static bool ns_is_own(const struct mail_namespace *ns)
{
	return ns->type == MAIL_NAMESPACE_TYPE_PRIVATE;
}

/* True if LIST would show the name: the acl plugin may hide it. */
static bool list_flags(struct mail_namespace *ns, const char *vname,
		       enum mailbox_info_flags *flags_r)
{
	struct mailbox_list_iterate_context *iter;
	const struct mailbox_info *info;
	bool found = FALSE;

	iter = mailbox_list_iter_init(ns->list, vname,
				      MAILBOX_LIST_ITER_RETURN_SUBSCRIBED |
				      MAILBOX_LIST_ITER_RETURN_CHILDREN);
	/* * and % in the name match others, too */
	while ((info = mailbox_list_iter_next(iter)) != NULL) {
		if (strcmp(info->vname, vname) == 0) {
			*flags_r = info->flags;
			found = TRUE;
		}
	}
	(void)mailbox_list_iter_deinit(&iter);
	return found;
}

static void send_list(struct client *client, struct mail_namespace *ns,
		      const char *flags, const char *vname,
		      const char *old_vname)
{
	string_t *str = t_str_new(128);
	char sep = mail_namespace_get_sep(ns);

	str_printfa(str, "* LIST (%s) \"%s%c\" ", flags,
		    sep == '\\' ? "\\" : "", sep);
	imap_append_astring(str, imap_lemonade_notify_mutf7(vname));
	if (old_vname != NULL) {
		str_append(str, " (\"OLDNAME\" (");
		imap_append_astring(str,
				    imap_lemonade_notify_mutf7(old_vname));
		str_append(str, "))");
	}
	client_send_line(client, str_c(str));
}

/*
 * Names
 */

static void name_learn(struct imap_lemonade_notify_ns *nns, const char *vname)
{
	char *name;

	if (hash_table_lookup(nns->names, vname) != NULL)
		return;
	name = p_strdup(nns->notify->pool, vname);
	hash_table_insert(nns->names, name, name);
}

void imap_lemonade_notify_learn_names(struct imap_lemonade_notify_ns *nns)
{
	struct mailbox_list_iterate_context *iter;
	const struct mailbox_info *info;

	if (ns_is_own(nns->ns) || nns->list_notify == NULL ||
	    (nns->notify->events & IMAP_NOTIFY_EVENT_MAILBOX_NAME) == 0)
		return;
	hash_table_create(&nns->names, default_pool, 0, str_hash, strcmp);
	iter = mailbox_list_iter_init(nns->ns->list, "*",
				      MAILBOX_LIST_ITER_RETURN_NO_FLAGS);
	while ((info = mailbox_list_iter_next(iter)) != NULL)
		name_learn(nns, info->vname);
	(void)mailbox_list_iter_deinit(&iter);
}

static bool name_is_known(struct imap_lemonade_notify_ns *nns,
			  const char *vname)
{
	return !hash_table_is_created(nns->names) ||
		hash_table_lookup(nns->names, vname) != NULL;
}

static void name_forget(struct imap_lemonade_notify_ns *nns, const char *vname)
{
	if (hash_table_is_created(nns->names))
		(void)hash_table_try_remove(nns->names, vname);
}

/* True if the client may hear of the name. deleted: LIST may not know it yet;
   what LIST does not show is gone for who knew it. */
static bool name_flags(struct imap_lemonade_notify_ns *nns, const char *vname,
		       bool deleted, enum mailbox_info_flags *flags_r)
{
	bool listed = list_flags(nns->ns, vname, flags_r);

	if (listed && !deleted) {
		if (hash_table_is_created(nns->names))
			name_learn(nns, vname);
		return TRUE;
	}
	if (!name_is_known(nns, vname))
		return FALSE;
	name_forget(nns, vname);
	if (!listed)
		*flags_r = 0;
	*flags_r &= MAILBOX_CHILDREN | MAILBOX_SUBSCRIBED;
	*flags_r |= MAILBOX_NONEXISTENT;
	return TRUE;
}

/* Tells the name as LIST would; false if nothing may be said. */
static bool tell_list(struct imap_lemonade_notify_ns *nns, const char *vname,
		      const char *old_vname, bool deleted)
{
	enum mailbox_info_flags flags;
	string_t *str = t_str_new(64);

	if (!name_flags(nns, vname, deleted, &flags))
		return FALSE;
	if (old_vname != NULL && !name_is_known(nns, old_vname))
		old_vname = NULL;
	imap_mailbox_flags2str(str, flags);
	send_list(nns->notify->client, nns->ns, str_c(str), vname, old_vname);
	if (old_vname != NULL)
		name_forget(nns, old_vname);
	return TRUE;
}

/* The mailbox can be listed, but not read. */
static void tell_no_access(struct client *client, struct mail_namespace *ns,
			   const char *vname)
{
	enum mailbox_info_flags flags;

	if (list_flags(ns, vname, &flags))
		send_list(client, ns, "\\NoAccess", vname, NULL);
}

/* RFC 5465 section 5.4: the direct parent is affected, too. */
static void tell_parent(struct imap_lemonade_notify_ns *nns, const char *vname)
{
	char sep = mail_namespace_get_sep(nns->ns);
	const char *end = strrchr(vname, sep), *parent;

	if (end == NULL || end == vname)
		return;
	parent = t_strdup_until(vname, end);
	if ((imap_lemonade_notify_ns_events(nns, parent) &
	     IMAP_NOTIFY_EVENT_MAILBOX_NAME) != 0)
		(void)tell_list(nns, parent, NULL, FALSE);
}

static void tell_name(struct imap_lemonade_notify_ns *nns,
		      const struct mailbox_list_notify_rec *rec)
{
	bool deleted = (rec->events & MAILBOX_LIST_NOTIFY_DELETE) != 0;

	if (tell_list(nns, rec->vname, rec->old_vname, deleted) &&
	    (rec->events & MAILBOX_LIST_NOTIFY_RENAME) == 0)
		tell_parent(nns, rec->vname);
}

/*
 * STATUS
 */

enum access {
	ACCESS_READ,
	ACCESS_DENIED,
	/* not there, or what else */
	ACCESS_NONE
};

/* Dovecot's STATUS asks the acl plugin only if it has to open the mailbox, but
   the mailbox list often knows the answer. */
static enum access box_access(struct imap_lemonade_notify_ns *nns,
			      struct mailbox *box)
{
	if (ns_is_own(nns->ns) || mailbox_open(box) == 0)
		return ACCESS_READ;
	return mailbox_get_last_mail_error(box) == MAIL_ERROR_PERM ?
		ACCESS_DENIED : ACCESS_NONE;
}

static struct mailbox *
box_alloc(struct imap_lemonade_notify_ns *nns, const char *vname)
{
	return mailbox_alloc(nns->ns->list, vname, MAILBOX_FLAG_READONLY);
}

/* Not by imap_status_get(), which takes HIGHESTMODSEQ for the client's wish
   and enables CONDSTORE. */
static void send_status(struct client *client, struct mailbox *box,
			enum imap_status_item_flags flags)
{
	struct imap_status_items items;
	struct imap_status_result result;
	enum mail_error error;
	const char *errstr;

	i_zero(&items);
	i_zero(&result);
	items.flags = flags;
	(void)mailbox_enable(box, client_enabled_mailbox_features(client));
	if (mailbox_get_status(box, STATUS_MESSAGES | STATUS_UIDNEXT |
			       STATUS_UIDVALIDITY | STATUS_UNSEEN |
			       STATUS_HIGHESTMODSEQ, &result.status) == 0) {
		imap_status_send(client, imap_lemonade_notify_mutf7(
					mailbox_get_vname(box)),
				 &items, &result);
		return;
	}
	errstr = mailbox_get_last_error(box, &error);
	if (error != MAIL_ERROR_NOTFOUND && error != MAIL_ERROR_PERM)
		client_send_line(client, t_strconcat("* NO ", errstr, NULL));
}

static enum imap_status_item_flags
status_items(const struct client *client,
	     enum mailbox_list_notify_event changes)
{
	enum imap_status_item_flags items = 0;

	if ((changes & MAILBOX_LIST_NOTIFY_UIDVALIDITY) != 0)
		changes |= COUNT_CHANGES;
	if ((changes & COUNT_CHANGES) != 0)
		items |= IMAP_STATUS_ITEM_MESSAGES | IMAP_STATUS_ITEM_UIDNEXT |
			IMAP_STATUS_ITEM_UNSEEN;
	if ((changes & MAILBOX_LIST_NOTIFY_SEEN_CHANGES) != 0)
		items |= IMAP_STATUS_ITEM_UNSEEN;
	if (changes != 0 &&
	    client_has_enabled((struct client *)client,
			       imap_feature_condstore))
		items |= IMAP_STATUS_ITEM_HIGHESTMODSEQ;
	/* what all these numbers are worth without it, nobody knows */
	return items == 0 ? 0 : items | IMAP_STATUS_ITEM_UIDVALIDITY;
}

static void tell_status(struct imap_lemonade_notify_ns *nns,
			const struct mailbox_list_notify_rec *rec,
			enum mailbox_list_notify_event changes)
{
	struct client *client = nns->notify->client;
	enum imap_status_item_flags items = status_items(client, changes);
	struct mailbox *box;

	if (items == 0)
		return;
	box = box_alloc(nns, rec->vname);
	/* RFC 5465 section 5.9: access may have been lost */
	if (box_access(nns, box) == ACCESS_READ)
		send_status(client, box, items);
	mailbox_free(&box);
}

static enum mailbox_list_notify_event
message_changes(enum imap_notify_event events)
{
	enum mailbox_list_notify_event changes = 0;

	if ((events & (IMAP_NOTIFY_EVENT_MESSAGE_NEW |
		       IMAP_NOTIFY_EVENT_MESSAGE_EXPUNGE)) != 0)
		changes |= COUNT_CHANGES | MAILBOX_LIST_NOTIFY_UIDVALIDITY;
	if ((events & IMAP_NOTIFY_EVENT_FLAG_CHANGE) != 0)
		changes |= MAILBOX_LIST_NOTIFY_SEEN_CHANGES |
			MAILBOX_LIST_NOTIFY_MODSEQ_CHANGES;
	return changes;
}

static bool is_selected(struct imap_lemonade_notify_ns *nns,
			const char *vname)
{
	struct mailbox *box = nns->notify->client->mailbox;

	return box != NULL && mailbox_equals(box, nns->ns, vname);
}

void imap_lemonade_notify_tell(struct imap_lemonade_notify_ns *nns,
			       const struct mailbox_list_notify_rec *rec)
{
	enum imap_notify_event events;

	events = imap_lemonade_notify_ns_events(nns, rec->vname);
	if (rec->old_vname != NULL)
		events |= imap_lemonade_notify_ns_events(nns, rec->old_vname);

	if ((events & IMAP_NOTIFY_EVENT_MAILBOX_NAME) != 0 &&
	    (rec->events & NAME_CHANGES) != 0)
		tell_name(nns, rec);
	if ((events & IMAP_NOTIFY_EVENT_SUBSCRIPTION_CHANGE) != 0 &&
	    (rec->events & SUBSCRIPTION_CHANGES) != 0)
		(void)tell_list(nns, rec->vname, NULL, FALSE);
	if (!is_selected(nns, rec->vname))
		tell_status(nns, rec, rec->events & message_changes(events));
	if (nns->metadata != NULL)
		imap_lemonade_metadata_changed(nns->metadata, nns->notify,
					       rec, events);
}

/*
 * NOTIFY SET STATUS
 */

static enum imap_status_item_flags
initial_items(enum imap_notify_event events)
{
	enum imap_status_item_flags items = 0;

	if ((events & (IMAP_NOTIFY_EVENT_MESSAGE_NEW |
		       IMAP_NOTIFY_EVENT_MESSAGE_EXPUNGE)) != 0)
		items |= IMAP_STATUS_ITEM_MESSAGES | IMAP_STATUS_ITEM_UIDNEXT |
			IMAP_STATUS_ITEM_UIDVALIDITY | IMAP_STATUS_ITEM_UNSEEN;
	if ((events & IMAP_NOTIFY_EVENT_FLAG_CHANGE) != 0)
		items |= IMAP_STATUS_ITEM_UIDVALIDITY |
			IMAP_STATUS_ITEM_HIGHESTMODSEQ;
	return items;
}

static void send_initial(struct imap_lemonade_notify_ns *nns,
			 const struct mailbox_info *info, bool status)
{
	struct client *client = nns->notify->client;
	enum imap_status_item_flags items;
	enum access access;
	struct mailbox *box;

	items = initial_items(imap_lemonade_notify_ns_events(nns,
							     info->vname));
	if (items == 0 || is_selected(nns, info->vname) ||
	    (info->flags & (MAILBOX_NONEXISTENT | MAILBOX_NOSELECT)) != 0)
		return;
	box = box_alloc(nns, info->vname);
	access = box_access(nns, box);
	if (access == ACCESS_DENIED)
		tell_no_access(client, nns->ns, info->vname);
	else if (access == ACCESS_READ && status)
		send_status(client, box, items);
	mailbox_free(&box);
}

static void ns_send_initial(struct imap_lemonade_notify_ns *nns, bool status)
{
	struct mailbox_list_iterate_context *iter;
	const struct mailbox_info *info;

	/* subscriptions are read for IMAP_NOTIFY_TYPE_SUBSCRIBED */
	iter = mailbox_list_iter_init(nns->ns->list, "*",
				      MAILBOX_LIST_ITER_RETURN_SUBSCRIBED |
				      MAILBOX_LIST_ITER_RETURN_NO_FLAGS);
	while ((info = mailbox_list_iter_next(iter)) != NULL) T_BEGIN {
		send_initial(nns, info, status);
	} T_END;
	if (mailbox_list_iter_deinit(&iter) < 0)
		client_send_line(nns->notify->client,
				 "* NO Mailbox listing failed");
}

void imap_lemonade_notify_send_status(struct imap_lemonade_notify *notify,
				      bool status)
{
	struct imap_lemonade_notify_ns *nns;

	if ((notify->events & IMAP_LEMONADE_NOTIFY_MESSAGE_EVENTS) == 0)
		return;
	array_foreach_elem(&notify->namespaces, nns) {
		if (status || !ns_is_own(nns->ns))
			ns_send_initial(nns, status);
	}
}
