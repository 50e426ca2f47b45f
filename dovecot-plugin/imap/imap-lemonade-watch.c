#include "lib.h"
#include "ioloop.h"
#include "module-context.h"
#include "imap-common.h"
#include "imap-notify.h"
#include "mail-index-private.h"
#include "mail-transaction-log-private.h"
#include "mail-storage-private.h"
#include "mail-storage-hooks.h"
#include "lemonade-imap-compat.h"
#include "imap-lemonade-watch.h"

#include <sys/stat.h>

/* As long as Dovecot gathers changes (its NOTIFY_DELAY_MSECS). */
#define QUIET_MSECS 500
/* A deliverer lets go of its locks after it wrote the log. */
#define LOOK_MSECS 2

#define WATCH_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_watch_module)
#define WATCH_CLIENT_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_watch_client_module)

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

	/* whom Dovecot tells between commands (NOTIFY, RFC 5465), and how;
	   NULL: IDLE, or nobody */
	struct client *client;
	mailbox_notify_callback_t *callback;
	/* Dovecot stops watching, but only for its own look */
	bool looking:1;
	/* a change that could not be told when it was seen */
	bool missed:1;
};

struct imap_lemonade_watch_client {
	union imap_module_context module_ctx;
};

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_watch_module,
				  &mail_storage_module_register);
static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_watch_client_module,
				  &imap_module_register);

/*
 * The log
 */

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

static void watch_look_soon(struct imap_lemonade_watch *watch)
{
	if (watch->to_look == NULL) {
		watch->to_look = timeout_add_short(LOOK_MSECS, watch_look,
						   watch);
	}
}

static void watch_event(struct imap_lemonade_watch *watch)
{
	if (!watch_log_changed(watch))
		return;
	io_remove(&watch->io);
	watch->to_quiet = timeout_add_short(QUIET_MSECS, watch_quiet, watch);
	watch_look_soon(watch);
}

static void watch_log(struct imap_lemonade_watch *watch)
{
	(void)watch_log_changed(watch);
	(void)io_add_notify(watch->box->index->dir, watch_event, watch,
			    &watch->io);
}

static void watch_quiet(struct imap_lemonade_watch *watch)
{
	if (!watch_log_changed(watch)) {
		timeout_remove(&watch->to_quiet);
		watch_log(watch);
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
	watch->client = NULL;
}

/* Is there something to tell soon? */
static bool watch_is_due(struct imap_lemonade_watch *watch)
{
	/* its event may wait behind the timer that asks */
	if (watch->io != NULL)
		watch_event(watch);
	return watch->to_look != NULL || watch->box->to_notify_delay != NULL;
}

static void watch_begin(struct imap_lemonade_watch *watch)
{
	struct mailbox *box = watch->box;

	watch->module_ctx.super.notify_changes(box);
	/* a virtual mailbox has others watched instead, a remote one none */
	if (box->to_notify != NULL && box->index->dir != NULL)
		watch_log(watch);
}

static void watch_stop(struct imap_lemonade_watch *watch)
{
	watch_end(watch);
	watch->module_ctx.super.notify_changes(watch->box);
}

/*
 * Between commands. Dovecot looks by a command of its own, for which it stops
 * watching, and begins again a second after: what comes meanwhile is late, and
 * lost in 2.3. Here the watch stands until a client's command.
 */

static void watch_told(struct mailbox *box, struct imap_lemonade_watch *watch)
{
	struct imap_notify_context *ctx = watch->client->notify_ctx;

	if (watch->client->command_queue_size > 0 ||
	    ctx == NULL || !ctx->selected_set) {
		watch->missed = TRUE;
		return;
	}
	watch->looking = ctx->watching_mailbox;
	watch->callback(box, watch->client);
}

static void watch_tell(struct imap_lemonade_watch *watch)
{
	watch->box->notify_callback = (mailbox_notify_callback_t *)watch_told;
	watch->box->notify_context = watch;
}

static void
watch_between_commands(struct imap_lemonade_watch *watch, struct client *client)
{
	if (watch->client == NULL) {
		watch->client = client;
		watch->callback = watch->box->notify_callback;
		watch_tell(watch);
		watch_begin(watch);
		watch->missed = TRUE;
	} else {
		watch_tell(watch);
	}
	if (!LEMONADE_IMAP_NOTIFY_STARTS_LATE)
		watch->looking = TRUE;
	else if (watch->missed)
		watch_look_soon(watch);
	watch->missed = FALSE;
}

static struct client *client_between_commands(struct mailbox *box)
{
	struct client *client;

	for (client = imap_clients; client != NULL; client = client->next) {
		if (client->mailbox == box && client->notify_ctx != NULL &&
		    client->command_queue_size == 0)
			return client;
	}
	return NULL;
}

/*
 * Hooks
 */

static void watch_notify_changes(struct mailbox *box)
{
	struct imap_lemonade_watch *watch = WATCH_CONTEXT(box);
	mailbox_notify_callback_t *callback = box->notify_callback;
	struct client *client = client_between_commands(box);

	if (callback == NULL && watch->looking) {
		watch->looking = FALSE;
		watch_tell(watch);
	} else if (callback == NULL) {
		watch_stop(watch);
	} else if (client != NULL) {
		watch_between_commands(watch, client);
	} else {
		/* IDLE; may follow before Dovecot knows of our watch */
		box->notify_callback = NULL;
		watch_stop(watch);
		box->notify_callback = callback;
		watch_begin(watch);
	}
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

/* A hibernated session hears of later changes only. */
static int watch_state_export(struct client *client, bool internal,
			      buffer_t *dest, const char **error_r)
{
	struct imap_lemonade_watch_client *wclient =
		WATCH_CLIENT_CONTEXT(client);

	if (internal && client->mailbox != NULL &&
	    watch_is_due(WATCH_CONTEXT(client->mailbox))) {
		*error_r = "Mailbox changes are about to be told";
		return 0;
	}
	return wclient->module_ctx.super.state_export(client, internal, dest,
						      error_r);
}

void imap_lemonade_watch_client_created(struct client *client)
{
	struct imap_lemonade_watch_client *wclient;

	wclient = p_new(client->pool, struct imap_lemonade_watch_client, 1);
	wclient->module_ctx.super = client->v;
	client->v.state_export = watch_state_export;
	MODULE_CONTEXT_SET(client, imap_lemonade_watch_client_module, wclient);
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
