#ifndef CHANNEL_H
#define CHANNEL_H

/*
 * A way to reach a phone or a server: one file each, behind this table.
 * The scheduler decides when; a channel decides what and how.
 */

#include "lemo-event.h"
#include "lemo-payload.h"
#include "lemo-retry.h"
#include "lemo-webhook-sign.h"

struct feed;
struct http_sender;
struct lemonade_settings;
struct lemo_vapid_key;
struct lemo_webpush;
struct lemo_webpush_device;
struct vapid;

/* For Web Push alone: see webpush.h */
struct channel_webpush {
	struct lemo_webpush *crypto;
	const struct lemo_webpush_device *device;
	struct vapid *vapid;
	const struct lemo_vapid_key *key;
	/* not NULL: why it cannot be sent now */
	const char *error;
};

/* One push about to be made. Everything is owned by the caller and lives
   until the callback returned. */
struct channel_job {
	uint32_t uid;
	const char *user;
	/* NULL for a feed */
	const char *device;
	const struct lemo_subscription *sub;
	const struct lemo_event *event;
	/* where to: the device's URL or the feed's; NULL for exec, log and
	   null */
	const char *url;
	/* signs; first key first */
	const struct lemo_keyring *keyring;
	/* the same for every try of the same push: event id, or with a
	   generation for merged rows */
	const char *push_id;
	/* made of this push before */
	unsigned int tries;
	struct lemo_payload_args payload;
	/* NULL for a device */
	const struct feed *feed;
	/* the URL is the admin's own: no fence */
	bool trusted_url;
	/* channel emn: the latest time that the phone was told, 0 = none */
	int64_t emn_told;
	/* for channels with a gateway; NULL for a feed */
	const struct lemonade_settings *set;
	struct channel_webpush webpush;
};

/* What came of it. text: a few words for status and log ("200", "connect
   timed out", "address 10.0.0.1 is private"); never a URL path, a token or
   what the peer said. */
struct channel_result {
	enum lemo_answer answer;
	unsigned int status;         /* HTTP status, 0 if none */
	unsigned int retry_after;    /* seconds, 0 if none */
	const char *text;
	/* true: the origin itself is to blame (no connection, time-out,
	   5xx): the breaker counts it */
	bool origin_failed;
	/* the connection stood and the request began to go out */
	bool sent;
	/* of a channel that costs money: the gateway took it, or may have */
	bool spent;
	/* what the request wants kept of the answer, NULL if there was none;
	   for the channel alone */
	const char *body;
};

typedef void channel_callback_t(const struct channel_result *result,
				void *context);

/* A request as it would go out; test --dry-run prints it. */
struct channel_request {
	const char *method;
	ARRAY_TYPE(const_string) headers; /* "Name: value" */
	struct lemo_buf body;
	const char *url;
	/* octets of the answer's body to be kept at most; what is longer is
	   cut one octet later */
	size_t keep_body;
};

/* Builds the request: into pool memory, but for the body, which the caller
   frees (lemo_buf_free), also after -1. No I/O. *error_r: a few words without
   secrets. */
typedef int channel_build_t(pool_t pool, const struct channel_job *job,
			    struct channel_request *req_r,
			    const char **error_r);

struct channel_vfuncs {
	const char *name;
	/* the device must have a URL, and its verification code must have
	   come back, before the first push */
	bool needs_url, needs_verification;
	/* the answers 410 and 404 may end the device */
	bool ends_when_gone;
	/* the body and the header Authorization are not for the admin's eyes
	   either */
	bool secret_body;
	/* each push is paid for: lemonade_sms_daily_user and _total */
	bool costs_money;
	/* The URL of the administrator's server that gets the pushes for all
	   devices; NULL: they go to the device's URL. */
	const char *(*gateway)(const struct lemonade_settings *set);
	/* The name of that server, in the data stack, if it is no web server:
	   breaker, budget and queue are its. NULL: the URL's host is asked. */
	const char *(*origin)(const struct lemonade_settings *set);
	/* Not for those without a request: NULL. */
	channel_build_t *build;
	/* Sends; the callback is called exactly once, perhaps before this
	   returns. */
	void (*send)(struct http_sender *http, const struct channel_job *job,
		     channel_callback_t *callback, void *context);
};

/* NULL if there is none. */
const struct channel_vfuncs *channel_find(const char *name);
/* For send(): builds the request and sends it. fault: what it means that it
   cannot be built. */
void channel_send_built(struct http_sender *http,
			const struct channel_job *job, channel_build_t *build,
			bool trusted_url, enum lemo_answer fault,
			channel_callback_t *callback, void *context);

/* for feeds only: channel_find() does not know them */
extern const struct channel_vfuncs channel_redis;
extern const struct channel_vfuncs channel_webhook_batch;

extern const struct channel_vfuncs channel_webhook;
extern const struct channel_vfuncs channel_webpush;
extern const struct channel_vfuncs channel_emn;
extern const struct channel_vfuncs channel_exec;
extern const struct channel_vfuncs channel_mailto;
extern const struct channel_vfuncs channel_sip;
extern const struct channel_vfuncs channel_sms;
extern const struct channel_vfuncs channel_token;
extern const struct channel_vfuncs channel_log;
extern const struct channel_vfuncs channel_null;
extern const struct channel_vfuncs channel_xmpp;

#endif
