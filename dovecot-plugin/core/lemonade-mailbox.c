/* Mailboxes that come, go and change their names. */

#include "lib.h"
#include "array.h"
#include "mail-storage-private.h"
#include "lemonade-line.h"
#include "lemonade-mailbox.h"
#include "lemonade-raise.h"
#include "lemonade-user.h"
#include "lemonade-view.h"

struct lemonade_deletion {
	struct lemonade_raise *raise;
	const char *vname, *guid;
	uint32_t uidvalidity;
};

static bool raises(const struct lemonade_user *luser, enum lemo_event_type type)
{
	return (luser->events & LEMO_EVENT_MASK(type)) != 0;
}

/* False also if that cannot be told. */
static bool exists_as(struct mailbox *box, enum mailbox_existence wanted)
{
	enum mailbox_existence existence;
	bool ret;

	if (lemonade_view_is_remote(box))
		return FALSE;
	mail_storage_last_error_push(box->storage);
	ret = mailbox_exists(box, FALSE, &existence) == 0 &&
		existence == wanted;
	mail_storage_last_error_pop(box->storage);
	return ret;
}

static bool is_directory(struct mailbox *box)
{
	return exists_as(box, MAILBOX_EXISTENCE_NOSELECT);
}

/* To open such a mailbox would be to make it. */
static bool is_yet_to_come(struct mailbox *box)
{
	return mailbox_is_autocreated(box) &&
		!exists_as(box, MAILBOX_EXISTENCE_SELECT);
}

/* The caller's handle is in the middle of something, so a second one is
   opened to look at the mailbox. */
static void line_set_mailbox(struct lemonade_user *luser, struct mailbox *box,
			     struct lemonade_view *view,
			     struct lemo_event *event)
{
	if (view->state == LEMONADE_VIEW_OPEN)
		box = view->box;
	lemonade_line_set_mailbox(luser, box, 0, view, event);
}

static const char *view_refusal(const struct lemonade_view *view)
{
	return view->state == LEMONADE_VIEW_NO_ACCESS ? LEMO_VERDICT_ACL :
		NULL;
}

static void sync_once(struct mailbox *box)
{
	box = mailbox_alloc(box->list, mailbox_get_vname(box), 0);
	(void)mailbox_sync(box, 0);
	mailbox_free(&box);
}

/* A new maildir has no UIDVALIDITY before its first sync. */
static void look_at(struct mailbox *box, struct lemonade_view *view)
{
	if (is_yet_to_come(box) ||
	    lemonade_view_open(view, box) != LEMONADE_VIEW_OPEN ||
	    view->status.uidvalidity != 0)
		return;
	lemonade_view_close(view);
	mail_storage_last_error_push(box->storage);
	sync_once(box);
	mail_storage_last_error_pop(box->storage);
	(void)lemonade_view_open(view, box);
}

static void raise_mailbox(struct lemonade_user *luser,
			  enum lemo_event_type type, struct mailbox *box)
{
	struct lemonade_view view = { .state = LEMONADE_VIEW_CLOSED };
	struct lemonade_raise *raise = lemonade_raise_begin(luser, box);
	struct lemo_event event;

	if (raise == NULL)
		return;
	look_at(box, &view);
	if (view.state == LEMONADE_VIEW_OPEN || !is_directory(box)) {
		lemonade_line_init(luser, type, &event);
		line_set_mailbox(luser, box, &view, &event);
		lemonade_raise_send(raise, &event, view_refusal(&view));
	}
	lemonade_view_close(&view);
	lemonade_raise_end(&raise);
}

void lemonade_mailbox_created(struct lemonade_user *luser, struct mailbox *box)
{
	/* those have been in LIST all the time, and they come into being by
	   a delivery or a login rather than by somebody's wish */
	if (mailbox_is_autocreated(box))
		return;
	if (raises(luser, LEMO_EVENT_MAILBOX_CREATE)) T_BEGIN {
		raise_mailbox(luser, LEMO_EVENT_MAILBOX_CREATE, box);
	} T_END;
}

void lemonade_mailbox_subscribed(struct lemonade_user *luser,
				 struct mailbox *box, bool subscribed)
{
	enum lemo_event_type type = subscribed ?
		LEMO_EVENT_MAILBOX_SUBSCRIBE : LEMO_EVENT_MAILBOX_UNSUBSCRIBE;

	if (raises(luser, type)) T_BEGIN {
		raise_mailbox(luser, type, box);
	} T_END;
}

/* There is no access to look at it. */
static void raise_lost(struct lemonade_user *luser, struct mailbox *box)
{
	struct lemonade_raise *raise = lemonade_raise_begin(luser, box);
	struct lemo_event event;

	if (raise == NULL)
		return;
	lemonade_line_init(luser, LEMO_EVENT_MAILBOX_DELETE, &event);
	lemonade_line_set_mailbox(luser, box, 0, NULL, &event);
	lemonade_raise_send(raise, &event, NULL);
	lemonade_raise_end(&raise);
}

void lemonade_mailbox_access_changed(struct lemonade_user *luser,
				     struct mailbox *box, bool granted)
{
	if (granted && raises(luser, LEMO_EVENT_MAILBOX_CREATE))
		raise_mailbox(luser, LEMO_EVENT_MAILBOX_CREATE, box);
	else if (!granted && raises(luser, LEMO_EVENT_MAILBOX_DELETE))
		raise_lost(luser, box);
}

/*
 * Renaming
 */

/* A device that asks for one of the two names is told (RFC 5465 5.4). */
static void want_either(struct lemonade_raise *raise, struct mailbox *src)
{
	const struct lemonade_device *same;
	struct lemonade_device *device;
	struct lemonade_raise *other;
	unsigned int i = 0;

	other = lemonade_raise_begin(raise->luser, src);
	if (other == NULL)
		return;
	array_foreach_modifiable(&raise->devices, device) {
		if (i == array_count(&other->devices))
			break;
		same = array_idx(&other->devices, i++);
		device->wants |= same->wants;
	}
	lemonade_raise_end(&other);
}

static void raise_rename(struct lemonade_user *luser, struct mailbox *src,
			 struct mailbox *dest)
{
	struct lemonade_view view = { .state = LEMONADE_VIEW_CLOSED };
	struct lemonade_raise *raise = lemonade_raise_begin(luser, dest);
	struct lemo_event event;

	if (raise == NULL)
		return;
	want_either(raise, src);
	look_at(dest, &view);
	lemonade_line_init(luser, LEMO_EVENT_MAILBOX_RENAME, &event);
	line_set_mailbox(luser, dest, &view, &event);
	lemonade_line_set_old_mailbox(luser, mailbox_get_vname(src), &event);
	lemonade_raise_send(raise, &event, view_refusal(&view));
	lemonade_view_close(&view);
	lemonade_raise_end(&raise);
}

void lemonade_mailbox_renamed(struct lemonade_user *luser,
			      struct mailbox *src, struct mailbox *dest)
{
	if (raises(luser, LEMO_EVENT_MAILBOX_RENAME)) T_BEGIN {
		raise_rename(luser, src, dest);
	} T_END;
}

/*
 * Deletion
 */

static struct lemonade_deletion *
deletion_new(struct lemonade_raise *raise, struct mailbox *box)
{
	struct lemonade_deletion *deletion;
	struct lemo_event event;

	i_zero(&event);
	lemonade_line_set_mailbox(raise->luser, box, 0, NULL, &event);
	deletion = p_new(raise->pool, struct lemonade_deletion, 1);
	deletion->raise = raise;
	deletion->vname = p_strdup(raise->pool, mailbox_get_vname(box));
	deletion->guid = p_strdup(raise->pool, event.mailbox_guid);
	deletion->uidvalidity = event.uidvalidity;
	return deletion;
}

struct lemonade_deletion *
lemonade_mailbox_delete_begin(struct lemonade_user *luser, struct mailbox *box)
{
	struct lemonade_deletion *deletion = NULL;
	struct lemonade_raise *raise;

	/* a directory is not opened */
	if (!raises(luser, LEMO_EVENT_MAILBOX_DELETE) || !box->opened)
		return NULL;
	T_BEGIN {
		raise = lemonade_raise_begin(luser, box);
		if (raise != NULL)
			deletion = deletion_new(raise, box);
	} T_END;
	return deletion;
}

void lemonade_mailbox_delete_commit(struct lemonade_deletion **_deletion)
{
	struct lemonade_deletion *deletion = *_deletion;
	struct lemonade_user *luser = deletion->raise->luser;
	struct lemo_event event;

	T_BEGIN {
		lemonade_line_init(luser, LEMO_EVENT_MAILBOX_DELETE, &event);
		lemonade_line_name_mailbox(luser, deletion->vname,
					   deletion->guid,
					   deletion->uidvalidity, &event);
		lemonade_raise_send(deletion->raise, &event, NULL);
	} T_END;
	lemonade_mailbox_delete_rollback(_deletion);
}

void lemonade_mailbox_delete_rollback(struct lemonade_deletion **_deletion)
{
	struct lemonade_raise *raise = (*_deletion)->raise;

	/* the deletion is of its pool */
	*_deletion = NULL;
	lemonade_raise_end(&raise);
}
