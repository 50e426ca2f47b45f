#include "lib.h"
#include "array.h"
#include "hash.h"
#include "str.h"
#include "imap-common.h"
#include "imap-quote.h"
#include "mail-index-modseq.h"
#include "mail-index-private.h"
#include "mail-namespace.h"
#include "mail-storage-private.h"
#include "mail-transaction-log-private.h"
#include "mailbox-list-notify.h"
#include "mailbox-list-notify-tree.h"
#include "lemo-metadata-log.h"
#include "lemonade-mailbox-list-compat.h"
#include "imap-lemonade-metadata.h"
#include "imap-lemonade-notify-private.h"
#include "imap-lemonade-own.h"

/* Names in one response; more go into the next one. */
#define ENTRIES_MAX 50
/* Names of one mailbox at once; more are not told, but that they were too
   many. */
#define SCAN_MAX 1000

struct imap_lemonade_metadata {
	pool_t pool;
	struct mail_namespace *ns;
	/* What the mailbox list knew when it began. */
	struct mailbox_list_notify_tree *tree;
	/* By mailbox name, what was seen since then. */
	HASH_TABLE(char *, uint64_t *) modseqs;
};

/* What is found in one log. */
struct metadata_scan {
	struct mailbox *box;
	bool want_mailbox, want_server, want_private;
	ARRAY_TYPE(const_string) mailbox_entries, server_entries;
	/* there are attributes at all; more than is told */
	bool any, too_many;
};

bool imap_lemonade_metadata_is_of_server(const struct mail_namespace *ns)
{
	return ns == mail_namespace_find_inbox(ns->user->namespaces);
}

static bool is_server_mailbox(const struct mail_namespace *ns,
			      const char *vname)
{
	return strcmp(vname, "INBOX") == 0 &&
		imap_lemonade_metadata_is_of_server(ns);
}

/*
 * Positions
 */

static void modseq_set(struct imap_lemonade_metadata *metadata,
		       const char *vname, uint64_t modseq)
{
	uint64_t *value = hash_table_lookup(metadata->modseqs, vname);

	if (value == NULL) {
		value = p_new(metadata->pool, uint64_t, 1);
		hash_table_insert(metadata->modseqs,
				  p_strdup(metadata->pool, vname), value);
	}
	*value = modseq;
}

/* 0: all is new */
static uint64_t modseq_get(struct imap_lemonade_metadata *metadata,
			   const char *vname, const char *storage_name)
{
	const uint64_t *value = hash_table_lookup(metadata->modseqs, vname);
	const struct mailbox_notify_node *node;

	if (value != NULL)
		return *value;
	node = mailbox_list_notify_tree_lookup(metadata->tree, storage_name);
	return node == NULL ? 0 : node->highest_modseq;
}

/* The mailbox list does not know INBOX's. */
static void modseq_set_inbox(struct imap_lemonade_metadata *metadata)
{
	struct mailbox *box;

	if ((metadata->ns->flags & NAMESPACE_FLAG_INBOX_ANY) == 0)
		return;
	box = mailbox_alloc(metadata->ns->list, "INBOX",
			    MAILBOX_FLAG_READONLY);
	if (mailbox_open(box) == 0)
		modseq_set(metadata, "INBOX",
			   mail_index_modseq_get_highest(box->view));
	mailbox_free(&box);
}

struct imap_lemonade_metadata *
imap_lemonade_metadata_create(struct mail_namespace *ns)
{
	struct imap_lemonade_metadata *metadata;
	pool_t pool;

	pool = pool_alloconly_create("imap lemonade metadata", 1024);
	metadata = p_new(pool, struct imap_lemonade_metadata, 1);
	metadata->pool = pool;
	metadata->ns = ns;
	metadata->tree = mailbox_list_notify_tree_init(ns->list);
	hash_table_create(&metadata->modseqs, default_pool, 0, str_hash,
			  strcmp);
	modseq_set_inbox(metadata);
	return metadata;
}

void imap_lemonade_metadata_free(struct imap_lemonade_metadata **_metadata)
{
	struct imap_lemonade_metadata *metadata = *_metadata;

	*_metadata = NULL;
	if (metadata == NULL)
		return;
	hash_table_destroy(&metadata->modseqs);
	mailbox_list_notify_tree_deinit(&metadata->tree);
	pool_unref(&metadata->pool);
}

/*
 * Reading
 */

/* Sorted, each once. */
static void entries_unique(ARRAY_TYPE(const_string) *entries)
{
	const char *const *names;
	unsigned int i = 1;

	array_sort(entries, i_strcmp_p);
	while (i < array_count(entries)) {
		names = array_front(entries);
		if (strcmp(names[i - 1], names[i]) == 0)
			array_delete(entries, i, 1);
		else
			i++;
	}
}

static void scan_add(struct metadata_scan *scan,
		     const struct lemo_metadata_change *change)
{
	ARRAY_TYPE(const_string) *entries = change->is_server ?
		&scan->server_entries : &scan->mailbox_entries;
	const char *entry;

	if (change->is_private && !scan->want_private)
		return;
	if (change->is_server ? !scan->want_server : !scan->want_mailbox)
		return;
	if (array_count(entries) == 2 * SCAN_MAX) {
		entries_unique(entries);
		scan->too_many = array_count(entries) > SCAN_MAX;
	}
	entry = t_strconcat(change->is_private ? "/private/" : "/shared/",
			    change->name, NULL);
	array_push_back(entries, &entry);
}

static void scan_record(struct metadata_scan *scan,
			struct mail_transaction_log_view *view,
			const struct mail_transaction_header *hdr,
			const void *data)
{
	struct lemo_metadata_log log;
	struct lemo_metadata_change change;
	uint32_t file_seq;
	uoff_t offset;

	if ((hdr->type & MAIL_TRANSACTION_TYPE_MASK) !=
	    MAIL_TRANSACTION_ATTRIBUTE_UPDATE)
		return;
	scan->any = TRUE;
	mail_transaction_log_view_get_prev_pos(view, &file_seq, &offset);
	if (imap_lemonade_own_is(scan->box, file_seq, offset))
		return;
	lemo_metadata_log_init(&log, data, hdr->size);
	while (!scan->too_many && lemo_metadata_log_next(&log, &change))
		scan_add(scan, &change);
}

/* From behind modseq to the end. A log that is gone, or began again, is told
   from its start: rather too much than too little. */
static bool scan_set_range(struct mailbox *box,
			   struct mail_transaction_log_view *view,
			   uint64_t modseq)
{
	const char *reason;
	uint32_t file_seq;
	uoff_t offset;
	bool reset;

	if (modseq == 0 ||
	    !mail_index_modseq_get_next_log_offset(box->view, modseq,
						   &file_seq, &offset))
		return mail_transaction_log_view_set_all(view) >= 0;
	return mail_transaction_log_view_set(view, file_seq, offset,
					     (uint32_t)-1, UOFF_T_MAX,
					     &reset, &reason) > 0;
}

/* Returns the modseq up to which it was read. */
static uint64_t scan_log(struct metadata_scan *scan, uint64_t modseq)
{
	const struct mail_transaction_header *hdr;
	struct mail_transaction_log_view *view;
	const void *data;
	uint64_t end;

	(void)mail_index_refresh(scan->box->index);
	view = mail_transaction_log_view_open(scan->box->index->log);
	if (scan_set_range(scan->box, view, modseq)) {
		while (mail_transaction_log_view_next(view, &hdr, &data) > 0)
			scan_record(scan, view, hdr, data);
	}
	end = mail_transaction_log_view_get_prev_modseq(view);
	mail_transaction_log_view_close(&view);
	imap_lemonade_own_forget(scan->box);
	return I_MAX(end, modseq);
}

/*
 * Telling
 */

static void send_entries(struct client *client, const char *mailbox,
			 ARRAY_TYPE(const_string) *entries)
{
	const char *entry;
	string_t *str = t_str_new(256);
	unsigned int count = 0;

	array_foreach_elem(entries, entry) {
		if (count++ % ENTRIES_MAX == 0) {
			if (str_len(str) > 0)
				client_send_line(client, str_c(str));
			str_truncate(str, 0);
			str_append(str, "* METADATA ");
			imap_append_astring(str, mailbox);
		}
		str_append_c(str, ' ');
		imap_append_astring(str, entry);
	}
	if (str_len(str) > 0)
		client_send_line(client, str_c(str));
}

static void tell_scan(struct imap_lemonade_metadata *metadata,
		      struct metadata_scan *scan,
		      struct imap_lemonade_notify *notify,
		      const struct mailbox_list_notify_rec *rec)
{
	uint64_t modseq, end;

	t_array_init(&scan->mailbox_entries, 8);
	t_array_init(&scan->server_entries, 8);
	modseq = modseq_get(metadata, rec->vname, rec->storage_name);
	end = scan_log(scan, modseq);
	/* a mailbox may be seen while it is made: then its log is not yet what
	   it will be */
	if (modseq > 0 || scan->any)
		modseq_set(metadata, rec->vname, end);
	entries_unique(&scan->mailbox_entries);
	entries_unique(&scan->server_entries);
	if (array_count(&scan->mailbox_entries) > SCAN_MAX ||
	    array_count(&scan->server_entries) > SCAN_MAX)
		scan->too_many = TRUE;
	if (scan->too_many) {
		notify->overflown = TRUE;
		return;
	}
	send_entries(notify->client, imap_lemonade_notify_mutf7(rec->vname),
		     &scan->mailbox_entries);
	send_entries(notify->client, "", &scan->server_entries);
}

/* A name that is gone, or another mailbox's now. */
static void name_changed(struct imap_lemonade_metadata *metadata,
			 const struct mailbox_list_notify_rec *rec)
{
	if (rec->old_vname != NULL) {
		/* it took its log along */
		modseq_set(metadata, rec->vname,
			   modseq_get(metadata, rec->old_vname,
				mailbox_list_get_storage_name(
					metadata->ns->list,
					rec->old_vname)));
		modseq_set(metadata, rec->old_vname, 0);
	} else if ((rec->events & (MAILBOX_LIST_NOTIFY_CREATE |
				   MAILBOX_LIST_NOTIFY_DELETE)) != 0) {
		modseq_set(metadata, rec->vname, 0);
	}
}

void imap_lemonade_metadata_changed(struct imap_lemonade_metadata *metadata,
				    struct imap_lemonade_notify *notify,
				    const struct mailbox_list_notify_rec *rec,
				    enum imap_notify_event events)
{
	struct metadata_scan scan;

	i_zero(&scan);
	name_changed(metadata, rec);
	scan.want_mailbox =
		(events & IMAP_NOTIFY_EVENT_MAILBOX_METADATA_CHANGE) != 0;
	scan.want_server = is_server_mailbox(metadata->ns, rec->vname) &&
		(notify->events &
		 IMAP_NOTIFY_EVENT_SERVER_METADATA_CHANGE) != 0;
	scan.want_private = metadata->ns->type == MAIL_NAMESPACE_TYPE_PRIVATE;
	if ((!scan.want_mailbox && !scan.want_server) ||
	    (rec->events & MAILBOX_LIST_NOTIFY_DELETE) != 0)
		return;

	scan.box = mailbox_alloc(metadata->ns->list, rec->vname,
				 MAILBOX_FLAG_READONLY);
	/* not if it may not be read (any more) */
	if (mailbox_open(scan.box) == 0)
		tell_scan(metadata, &scan, notify, rec);
	mailbox_free(&scan.box);
}
