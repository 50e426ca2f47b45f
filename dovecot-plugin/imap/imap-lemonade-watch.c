#include "lib.h"
#include "ioloop.h"
#include "module-context.h"
#include "mail-index-private.h"
#include "mail-transaction-log-private.h"
#include "mail-storage-private.h"
#include "mail-storage-hooks.h"
#include "imap-lemonade-watch.h"

#include <sys/stat.h>

/* As long as Dovecot gathers changes (its NOTIFY_DELAY_MSECS). */
#define QUIET_MSECS 500
/* A deliverer lets go of its locks after it wrote the log. */
#define LOOK_MSECS 2

#define WATCH_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_watch_module)

struct imap_lemonade_watch {
	union mailbox_module_context module_ctx;
	struct mailbox *box;
	/* the transaction log of the index when last seen */
	struct stat log_st;
	/* there in quiet times: the directory of the index, so that a log
	   that is made anew is seen, too, and since a second watch of
	   Dovecot's own files would take theirs away */
	struct io *io;
	/* there between a change and the look at it */
	struct timeout *to_look;
	/* there until there was no change for a while */
	struct timeout *to_quiet;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_watch_module,
				  &mail_storage_module_register);

static bool watch_log_changed(struct imap_lemonade_watch *watch)
{
	struct stat st;
	bool changed;

	/* deleted with the mailbox: a change, once */
	if (stat(watch->box->index->log->filepath, &st) < 0)
		i_zero(&st);
	changed = ST_CHANGED(st, watch->log_st);
	watch->log_st = st;
	return changed;
}

static void watch_look(struct imap_lemonade_watch *watch)
{
	struct mailbox *box = watch->box;

	timeout_remove(&watch->to_look);
	/* what Dovecot gathered so far is told with it */
	timeout_remove(&box->to_notify_delay);
	/* may close the mailbox */
	box->notify_callback(box, box->notify_context);
}

static void watch_quiet(struct imap_lemonade_watch *watch);

static void watch_event(struct imap_lemonade_watch *watch)
{
	if (!watch_log_changed(watch))
		return;
	io_remove(&watch->io);
	watch->to_quiet = timeout_add_short(QUIET_MSECS, watch_quiet, watch);
	watch->to_look = timeout_add_short(LOOK_MSECS, watch_look, watch);
}

static void watch_begin(struct imap_lemonade_watch *watch)
{
	(void)watch_log_changed(watch);
	(void)io_add_notify(watch->box->index->dir, watch_event, watch,
			    &watch->io);
}

static void watch_quiet(struct imap_lemonade_watch *watch)
{
	if (!watch_log_changed(watch)) {
		timeout_remove(&watch->to_quiet);
		watch_begin(watch);
	} else if (watch->box->to_notify_delay == NULL) {
		/* Dovecot watches a log that was replaced */
		watch_look(watch);
	}
}

static void watch_end(struct imap_lemonade_watch *watch)
{
	io_remove(&watch->io);
	timeout_remove(&watch->to_look);
	timeout_remove(&watch->to_quiet);
}

/*
 * Hooks
 */

static void watch_notify_changes(struct mailbox *box)
{
	struct imap_lemonade_watch *watch = WATCH_CONTEXT(box);

	watch_end(watch);
	watch->module_ctx.super.notify_changes(box);
	/* a virtual mailbox has others watched instead, a remote one none */
	if (box->to_notify != NULL && box->index->dir != NULL)
		watch_begin(watch);
}

static void watch_mailbox_close(struct mailbox *box)
{
	struct imap_lemonade_watch *watch = WATCH_CONTEXT(box);

	watch_end(watch);
	watch->module_ctx.super.close(box);
}

static void watch_mailbox_allocated(struct mailbox *box)
{
	struct mailbox_vfuncs *v = box->vlast;
	struct imap_lemonade_watch *watch;

	watch = p_new(box->pool, struct imap_lemonade_watch, 1);
	watch->module_ctx.super = *v;
	watch->box = box;
	box->vlast = &watch->module_ctx.super;
	v->notify_changes = watch_notify_changes;
	v->close = watch_mailbox_close;
	MODULE_CONTEXT_SET(box, imap_lemonade_watch_module, watch);
}

static struct mail_storage_hooks watch_hooks = {
	.mailbox_allocated = watch_mailbox_allocated,
};

void imap_lemonade_watch_init(struct module *module)
{
	mail_storage_hooks_add(module, &watch_hooks);
}

void imap_lemonade_watch_deinit(void)
{
	mail_storage_hooks_remove(&watch_hooks);
}
