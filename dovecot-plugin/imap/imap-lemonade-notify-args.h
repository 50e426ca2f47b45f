#ifndef IMAP_LEMONADE_NOTIFY_ARGS_H
#define IMAP_LEMONADE_NOTIFY_ARGS_H

/*
 * The arguments of NOTIFY: RFC 5465 section 8.
 */

#include "imap-notify.h"

struct imap_arg;
struct imap_lemonade_notify;

struct imap_lemonade_notify_args {
	struct client *client;

	/* Of the selected mailbox; has a pool of its own. */
	struct imap_notify_context *ctx;
	/* Of all others, and of metadata; NULL: NOTIFY NONE */
	struct imap_lemonade_notify *notify;
	/* STATUS was asked for */
	bool status;

	/* BAD, NO: for an answer that says so; of the data stack */
	const char *bad, *no;
	/* An event that is not supported was named. */
	bool bad_event;
	/* It was said which events of the selected mailbox are wanted. */
	bool selected;
};

/* Reads args. Returns 0, or -1 with the whole answer, e.g. "NO [BADEVENT
   (...)] ...", on the data stack; then there is nothing to free. */
int imap_lemonade_notify_args_parse(struct client *client,
				    const struct imap_arg *args,
				    struct imap_lemonade_notify_args *args_r,
				    const char **answer_r);
/* What the client has not taken over. */
void imap_lemonade_notify_args_free(struct imap_lemonade_notify_args *args);

#endif
