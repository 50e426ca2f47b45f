/* From what happened in a transaction to lines: what came in one line a
   message, what changed one line a type and set of names. */

#include "lib.h"
#include "array.h"
#include "str.h"
#include "imap-util.h"
#include "mail-storage-private.h"
#include "lemonade-commit.h"
#include "lemonade-channels.h"
#include "lemonade-handoff.h"
#include "lemonade-line.h"
#include "lemonade-match.h"
#include "lemonade-message.h"
#include "lemonade-quota.h"
#include "lemonade-ring.h"
#include "lemonade-text.h"
#include "lemonade-txn.h"
#include "lemonade-user.h"
#include "lemonade-view.h"
#include "lemo-quiet.h"

/* A longer set of UIDs goes in several lines. */
#define RANGES_PER_LINE 1000

struct commit {
	struct lemonade_txn *txn;
	struct lemonade_user *luser;
	const struct mail_transaction_commit_changes *changes;
	struct lemonade_view view;
	struct lemonade_handoff *handoff;
};

/* The saves of one type. */
struct arrivals {
	enum lemo_event_type type;
	ARRAY_TYPE(seq_range) uids;
	struct lemonade_verdicts verdicts;
	ARRAY_TYPE(seq_range) hits[LEMO_EVENT_MAX_DEVICES];
	/* what a Sieve script says of them; NULL: nothing */
	struct lemonade_ring *ring;
};

static bool feed_wants(const struct commit *c, enum lemo_event_type type)
{
	return (c->luser->feed & LEMO_EVENT_MASK(type)) != 0;
}

/* Opens the view if somebody cares, and turns a match into "acl" where the
   mailbox cannot be read. */
static void commit_look(struct commit *c, enum lemo_event_type type,
			struct lemonade_verdicts *verdicts)
{
	if (!lemonade_match_any(verdicts) && !feed_wants(c, type))
		return;
	if (lemonade_view_open(&c->view, c->txn->box) ==
	    LEMONADE_VIEW_NO_ACCESS)
		lemonade_match_refuse(verdicts, LEMO_VERDICT_ACL);
}

/* ring: NULL if no script says anything of it */
static void commit_send(struct commit *c, struct lemo_event *event,
			const struct lemonade_verdicts *verdicts, bool stable,
			struct lemonade_ring *ring)
{
	bool wait = event->feed || lemonade_match_any(verdicts);

	lemonade_line_set_devices(&c->txn->devices, verdicts, event);
	lemonade_line_finish(c->luser, stable, event);
	if (ring != NULL) {
		lemonade_ring_add_words(ring, &c->txn->devices, event);
		if (lemonade_ring_add_targets(ring, event))
			wait = TRUE;
	}
	if (c->handoff == NULL)
		c->handoff = lemonade_handoff_begin(c->luser);
	lemonade_handoff_add(c->handoff, event, wait);
}

/*
 * New messages
 */

static bool save_uid(const struct commit *c, const struct lemonade_save *save,
		     uint32_t *uid_r)
{
	struct seq_range_iter iter;

	seq_range_array_iter_init(&iter, &c->changes->saved_uids);
	return seq_range_array_iter_nth(&iter, save->idx, uid_r);
}

static void arrivals_get_uids(const struct commit *c, struct arrivals *a)
{
	const struct lemonade_save *save;
	uint32_t uid;

	t_array_init(&a->uids, 4);
	array_foreach(&c->txn->saves, save) {
		if (save->type == a->type && save_uid(c, save, &uid))
			seq_range_array_add(&a->uids, uid);
	}
}

static void arrivals_filter(struct commit *c, struct arrivals *a)
{
	unsigned int i;

	if (c->view.state == LEMONADE_VIEW_OPEN) {
		lemonade_match_filters(&c->txn->devices, &a->verdicts,
				       &c->view, &a->uids, a->hits);
		return;
	}
	/* no way to tell: when in doubt, push */
	for (i = 0; i < a->verdicts.count; i++) {
		t_array_init(&a->hits[i], array_count(&a->uids));
		array_append_array(&a->hits[i], &a->uids);
	}
}

/* "Why did it not ring?" is asked by Message-ID, also where no device looks
   at new mail or all of them are disabled. */
static void arrivals_look_for_trace(struct commit *c,
				    const struct arrivals *a)
{
	if (a->type == LEMO_EVENT_MESSAGE_NEW && a->verdicts.count > 0 &&
	    c->luser->set->lemonade_trace_retention > 0)
		(void)lemonade_view_open(&c->view, c->txn->box);
}

/* A script's word is worth more than event groups and filters, and than that
   the user sent it; what cannot be read rings nobody. */
static void arrivals_ask_script(struct commit *c, const struct arrivals *a,
				struct lemonade_verdicts *verdicts)
{
	unsigned int i;

	if (c->view.state == LEMONADE_VIEW_NO_ACCESS)
		return;
	for (i = 0; i < verdicts->count; i++) {
		verdicts->verdict[i] =
			lemonade_ring_verdict(a->ring,
				array_idx(&c->txn->devices, i),
				verdicts->verdict[i]);
	}
}

/* The verdicts on one message; view->mail points to it if is_there. */
static void arrival_filtered(struct commit *c, const struct arrivals *a,
			     uint32_t uid, bool is_there,
			     struct lemonade_verdicts *verdicts_r)
{
	unsigned int i;

	*verdicts_r = a->verdicts;
	if (!lemonade_match_any(verdicts_r))
		return;
	if (is_there && a->type == LEMO_EVENT_MESSAGE_NEW &&
	    lemonade_match_is_own(c->luser, &c->view)) {
		lemonade_match_refuse(verdicts_r, LEMO_VERDICT_OWN);
		return;
	}
	for (i = 0; i < verdicts_r->count; i++) {
		if (strcmp(verdicts_r->verdict[i], LEMO_VERDICT_MATCH) == 0 &&
		    !seq_range_exists(&a->hits[i], uid))
			verdicts_r->verdict[i] = LEMO_VERDICT_FILTER;
	}
}

/* Mail that notifies of mail that notifies would never end. Above a script's
   word; the header is read only if such a device would ring. */
static void arrival_guard(struct commit *c, bool is_there,
			  struct lemonade_verdicts *verdicts)
{
	if (lemonade_match_any_mailto(&c->txn->devices, verdicts) &&
	    (!is_there || lemonade_message_is_automatic(c->view.mail)))
		lemonade_match_refuse_mailto(&c->txn->devices, verdicts);
}

static void arrival_verdicts(struct commit *c, const struct arrivals *a,
			     uint32_t uid, bool is_there,
			     struct lemonade_verdicts *verdicts_r)
{
	arrival_filtered(c, a, uid, is_there, verdicts_r);
	arrivals_ask_script(c, a, verdicts_r);
	arrival_guard(c, is_there, verdicts_r);
}

/* The highest payload level that anybody may get: more is not even read. */
static unsigned int
payload_level(const struct commit *c, enum lemo_event_type type,
	      const struct lemonade_verdicts *verdicts)
{
	const struct lemonade_settings *set = c->luser->set;
	unsigned int i, level, max = 0;

	if (feed_wants(c, type))
		max = set->lemonade_feed_payload;
	for (i = 0; i < verdicts->count; i++) {
		const struct lemonade_device *device =
			array_idx(&c->txn->devices, i);

		if (strcmp(verdicts->verdict[i], LEMO_VERDICT_MATCH) != 0)
			continue;
		level = lemonade_channel_ceiling(set, device->sub->channel);
		level = I_MIN(level, device->sub->payload);
		max = I_MAX(max, level);
	}
	return max;
}

/* Reading the header of each message costs those who asked for it, or for
   other fields of it. */
static bool importance_counts(const struct commit *c,
			      const struct lemonade_verdicts *verdicts)
{
	unsigned int i;

	for (i = 0; i < verdicts->count; i++) {
		const struct lemonade_device *device =
			array_idx(&c->txn->devices, i);

		if (strcmp(verdicts->verdict[i], LEMO_VERDICT_MATCH) == 0 &&
		    (device->sub->payload >= LEMO_PAYLOAD_ENVELOPE ||
		     (device->sub->quiet != NULL &&
		      !device->sub->quiet->hold_urgent)))
			return TRUE;
	}
	return FALSE;
}

static void arrival_send(struct commit *c, const struct arrivals *a,
			 const struct lemonade_save *save, uint32_t uid)
{
	struct lemonade_verdicts verdicts;
	struct lemo_event event;
	bool is_there;

	is_there = uid != 0 && c->view.state == LEMONADE_VIEW_OPEN &&
		mail_set_uid(c->view.mail, uid);
	arrival_verdicts(c, a, uid, is_there, &verdicts);
	lemonade_line_init(c->luser, a->type, &event);
	lemonade_line_set_mailbox(c->luser, c->txn->box,
				  c->changes->uid_validity, &c->view, &event);
	event.uid = uid;
	event.flag_names = lemonade_text_utf8(save->flag_names, SIZE_MAX);
	if (is_there) {
		lemonade_message_fill(c->view.mail,
				      payload_level(c, a->type, &verdicts),
				      &event);
		if (importance_counts(c, &verdicts)) {
			event.importance =
				lemonade_message_importance(c->view.mail);
		}
	}
	if (a->ring != NULL)
		lemonade_ring_told(a->ring, &event);
	commit_send(c, &event, &verdicts, uid != 0, a->ring);
}

static void arrivals_send(struct commit *c, const struct arrivals *a)
{
	const struct lemonade_save *save;
	uint32_t uid;

	array_foreach(&c->txn->saves, save) {
		if (save->type != a->type)
			continue;
		if (!save_uid(c, save, &uid))
			uid = 0;
		T_BEGIN {
			arrival_send(c, a, save, uid);
		} T_END;
	}
}

static void change_send(struct commit *c, const struct lemonade_change *change,
			const struct lemonade_verdicts *verdicts);

/* Nobody asks for appended messages here: one line will do. */
static void arrivals_send_set(struct commit *c, const struct arrivals *a)
{
	struct lemonade_change change = { .type = a->type };

	if (array_is_empty(&a->uids))
		return;
	t_array_init(&change.uids, array_count(&a->uids));
	array_append_array(&change.uids, &a->uids);
	change_send(c, &change, &a->verdicts);
}

static void commit_arrivals(struct commit *c, enum lemo_event_type type)
{
	struct arrivals a = { .type = type };
	bool wanted;

	arrivals_get_uids(c, &a);
	lemonade_match_event(&c->txn->devices, type, NULL, &a.verdicts);
	if (type == LEMO_EVENT_MESSAGE_NEW)
		a.ring = lemonade_ring_find(c->luser->user->username);
	arrivals_ask_script(c, &a, &a.verdicts);
	wanted = lemonade_match_any(&a.verdicts) || feed_wants(c, type);
	commit_look(c, type, &a.verdicts);
	if (!wanted && type == LEMO_EVENT_MESSAGE_APPEND) {
		arrivals_send_set(c, &a);
		return;
	}
	if (lemonade_match_any(&a.verdicts))
		arrivals_filter(c, &a);
	else
		arrivals_look_for_trace(c, &a);
	arrivals_send(c, &a);
}

static void commit_saves(struct commit *c)
{
	const struct lemonade_save *save;
	lemo_event_mask_t types = 0;

	if (!array_is_created(&c->txn->saves))
		return;
	array_foreach(&c->txn->saves, save)
		types |= LEMO_EVENT_MASK(save->type);
	T_BEGIN {
		if ((types & LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_NEW)) != 0)
			commit_arrivals(c, LEMO_EVENT_MESSAGE_NEW);
		if ((types & LEMO_EVENT_MASK(LEMO_EVENT_MESSAGE_APPEND)) != 0)
			commit_arrivals(c, LEMO_EVENT_MESSAGE_APPEND);
	} T_END;
}

/*
 * Changes to messages
 */

static bool type_is_flags(enum lemo_event_type type)
{
	return type == LEMO_EVENT_MESSAGE_READ ||
		type == LEMO_EVENT_MESSAGE_TRASH ||
		type == LEMO_EVENT_FLAGS_SET || type == LEMO_EVENT_FLAGS_CLEAR;
}

/* Is the event told from all others by mailbox, UIDs and modseq? A message
   comes and goes once; flags need a modseq that lasts. */
static bool change_is_stable(const struct commit *c,
			     enum lemo_event_type type)
{
	if (!type_is_flags(type))
		return TRUE;
	return c->view.state == LEMONADE_VIEW_OPEN &&
		!c->view.status.nonpermanent_modseqs &&
		c->view.status.highest_modseq != 0;
}

static void change_send_part(struct commit *c,
			     const struct lemonade_change *change,
			     const ARRAY_TYPE(seq_range) *uids,
			     const struct lemonade_verdicts *verdicts)
{
	const struct seq_range *first = array_front(uids);
	struct lemo_event event;

	lemonade_line_init(c->luser, change->type, &event);
	lemonade_line_set_mailbox(c->luser, c->txn->box,
				  c->changes->uid_validity, &c->view, &event);
	event.uidset = lemonade_text_uidset(uids);
	event.flag_names = lemonade_text_utf8(change->flag_names, SIZE_MAX);
	if (seq_range_count(uids) == 1) {
		event.uid = first->seq1;
		if (type_is_flags(change->type) &&
		    c->view.state == LEMONADE_VIEW_OPEN &&
		    mail_set_uid(c->view.mail, event.uid))
			event.modseq = mail_get_modseq(c->view.mail);
	}
	commit_send(c, &event, verdicts, change_is_stable(c, change->type),
		    NULL);
}

static void change_send(struct commit *c, const struct lemonade_change *change,
			const struct lemonade_verdicts *verdicts)
{
	unsigned int i, n, count = array_count(&change->uids);

	for (i = 0; i < count; i += n) T_BEGIN {
		ARRAY_TYPE(seq_range) part;

		n = I_MIN(count - i, RANGES_PER_LINE);
		t_array_init(&part, n);
		array_append(&part, array_idx(&change->uids, i), n);
		change_send_part(c, change, &part, verdicts);
	} T_END;
}

static void commit_change(struct commit *c,
			  const struct lemonade_change *change)
{
	struct lemonade_verdicts verdicts;

	lemonade_match_event(&c->txn->devices, change->type,
			     change->flag_names, &verdicts);
	commit_look(c, change->type, &verdicts);
	if (!type_is_flags(change->type))
		lemonade_view_forget(&c->view, &change->uids);
	change_send(c, change, &verdicts);
}

static void commit_flags(struct commit *c)
{
	ARRAY_TYPE(lemonade_change) changes;
	const struct lemonade_change *change;

	t_array_init(&changes, 4);
	lemonade_txn_get_flag_changes(c->txn,
		c->luser->set->lemonade_simple_flag_events, &changes);
	array_foreach(&changes, change) {
		if ((c->luser->events & LEMO_EVENT_MASK(change->type)) != 0)
			commit_change(c, change);
	}
}

static void commit_expunges(struct commit *c)
{
	const struct lemonade_change *change;

	if (!array_is_created(&c->txn->expunges))
		return;
	array_foreach(&c->txn->expunges, change)
		commit_change(c, change);
}

/*
 * Devices
 */

static void commit_device(struct commit *c,
			  const struct lemonade_device_change *change)
{
	struct lemo_event event;

	lemonade_line_init(c->luser, change->json != NULL ?
			   LEMO_EVENT_DEVICE_SET : LEMO_EVENT_DEVICE_UNSET,
			   &event);
	event.devices[0].name = change->name;
	event.devices[0].verdict = LEMO_VERDICT_MATCH;
	event.devices[0].subscription = change->json;
	event.devices_count = 1;
	lemonade_line_finish(c->luser, FALSE, &event);
	if (c->handoff == NULL)
		c->handoff = lemonade_handoff_begin(c->luser);
	lemonade_handoff_add(c->handoff, &event, TRUE);
	if (change->json != NULL && c->luser->device_written != NULL) {
		c->luser->device_written(change->name,
					 c->luser->device_written_context);
	}
}

static void commit_devices(struct commit *c)
{
	const struct lemonade_device_change *change;

	if (!array_is_created(&c->txn->device_changes))
		return;
	array_foreach(&c->txn->device_changes, change) T_BEGIN {
		commit_device(c, change);
	} T_END;
}

void lemonade_commit(struct lemonade_txn *txn,
		     const struct mail_transaction_commit_changes *changes)
{
	struct commit c = {
		.txn = txn, .luser = txn->luser, .changes = changes
	};

	T_BEGIN {
		if (array_is_created(&txn->devices) && !txn->ignored) {
			commit_saves(&c);
			commit_flags(&c);
			commit_expunges(&c);
			lemonade_quota_look(txn->luser, &txn->devices);
		}
		lemonade_view_close(&c.view);
		commit_devices(&c);
	} T_END;
	if (c.handoff != NULL)
		lemonade_handoff_end(&c.handoff);
}
