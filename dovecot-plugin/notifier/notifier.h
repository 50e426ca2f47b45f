#ifndef NOTIFIER_H
#define NOTIFIER_H

/*
 * The parts of the one process, made and unmade by lemonade-notify.c. A part
 * that is NULL does not exist yet, or not any more.
 */

#include "lemo-event.h"
#include "lemo-webhook-sign.h"

struct notifier {
	struct event *event;
	const struct lemonade_settings *set;
	/* the server's own secret: codes and webhook keys come from it */
	struct lemo_keyring secret;
	/* RFC 5423 types the admin's feed gets */
	lemo_event_mask_t feed_events;
	time_t started; /* wall clock */

	struct clock_watch *clock_watch;
	struct feeds *feeds;
	struct vapid *vapid;
	struct outbox *outbox;
	struct accounts *accounts;
	struct rang *rang;
	struct users *users;
	struct http_sender *http;
	/* NULL if libcrypto cannot do it */
	struct lemo_webpush *webpush;
	struct sms_cap *sms_cap;
	struct scheduler *scheduler;
	struct quiet *quiet;
	struct held *held;
	struct trace *trace;
	struct ingest *ingest;
	struct spool *spool;
	struct presence *presence;
	struct notify_clients *clients;
	struct admin_clients *admins;
};

/* Version of the line protocols, major and minor. */
#define NOTIFY_PROTOCOL_NAME "lemonade-notify"
#define NOTIFY_PROTOCOL_MAJOR 1
#define NOTIFY_VERSION_LINE "VERSION\tlemonade-notify\t1\t0\n"

#endif
