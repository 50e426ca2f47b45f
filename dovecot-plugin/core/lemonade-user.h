#ifndef LEMONADE_USER_H
#define LEMONADE_USER_H

/*
 * What the plugin keeps for one mail user.
 */

#include "mail-storage-private.h"
#include "lemo-event.h"
#include "lemonade-settings.h"

struct lemonade_quota;
struct lemonade_txn;

struct lemonade_user {
	struct lemonade_user *prev, *next;
	union mail_user_module_context module_ctx;
	struct mail_user *user;
	struct event *event;

	/* NULL if the settings are wrong: then nothing is raised. */
	const struct lemonade_settings *set;
	/* Event types to raise at all, and those the admin's feed gets. */
	lemo_event_mask_t events, feed;
	/* Host name in IMAP URLs; not "" */
	const char *hostname;
	/* The user may have come by imap, pop3, ...: a client address is that
	   of the user. */
	bool access_protocol;
	/* doveadm has a word in what an event means: see lemonade-events.c */
	bool doveadm;

	/* Called after one of the user's devices was written; NULL if nobody
	   asks. */
	void (*device_written)(const char *name, void *context);
	void *device_written_context;
	/* NULL: no quota plugin, or none for this user */
	struct lemonade_quota *quota;

	/* Makes ids of events that have no stable facts. */
	unsigned int event_counter;
	/* Open transactions, for attribute_set to find its own. */
	struct lemonade_txn *txns;
};

/* The user's context; NULL if the plugin is not loaded for him or the user
   is only a helper (shared namespaces' owners, lmtp's raw storage). */
struct lemonade_user *lemonade_user_get(struct mail_user *user);

/* The same for the name of a user that is there. */
struct lemonade_user *lemonade_user_find(const char *username);

/* The hook of mail-storage-hooks.h. */
void lemonade_user_created(struct mail_user *user);

/* The running doveadm command, e.g. "expunge"; NULL outside doveadm. Valid
   in the data stack frame. */
const char *lemonade_user_doveadm_cmd(const struct lemonade_user *luser);

/* True while all changes only repeat what happened elsewhere: dsync in all
   its forms and doveadm import. */
bool lemonade_user_replicates(const struct lemonade_user *luser);

/* True at most once a minute for each *last (0 at first), so that a broken
   peer does not fill the log. */
bool lemonade_log_now(time_t *last);

#endif
