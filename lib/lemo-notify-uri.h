#ifndef LEMO_NOTIFY_URI_H
#define LEMO_NOTIFY_URI_H

/*
 * Notification methods of Sieve (RFC 5435) that reach a device by a URI: what
 * of the URI is the device's "url", what of it is text; and whom users may
 * notify without having registered the device.
 */

#include "lemo-buf.h"
#include "lemo-limits.h"

/* A method's URI, octets. */
#define LEMO_NOTIFY_URI_MAX 4000
/* What a notification says, octets; more is cut. */
#define LEMO_NOTIFY_TEXT_MAX 1000
#define LEMO_NOTIFY_SUBJECT_MAX 120

/* The one option of our methods (RFC 5435 3.5): "ttl=SECONDS", how long the
   notification may wait, 1 to LEMO_DEVICE_TTL_MAX. */
#define LEMO_NOTIFY_OPTION_TTL "ttl"
/* Its value. False if it is none; *ttl_r is then untouched. */
bool lemo_notify_ttl_parse(const char *value, uint32_t *ttl_r);

struct lemo_notify_uri {
	/* normalised as lemo_notify_normalize() does */
	char url[LEMO_DEVICE_URL_MAX + 1];
	/* text in the URI, valid UTF-8 that lemo_notify_clean() has seen;
	   "" = none */
	char body[LEMO_NOTIFY_TEXT_MAX + 4];
	char subject[LEMO_NOTIFY_SUBJECT_MAX + 4];
};

/* The schemes, lower case, NULL-terminated. */
extern const char *const lemo_notify_schemes[];

/* https: all of it is the target. sip: and sips: with ";method=MESSAGE" (RFC
   6468 2.1; other parameters are ignored), "?body=" and "subject=". tel:, sms:
   and emn: a global number, from which visual separators and parameters go,
   but not ";ext=" and ";isub=", which mean another; sms: may have "?body=".
   xmpp: an address and "?message;body=;subject=" (RFC 5437 4); no authority
   and no fragment.
   Returns 0, or -1 with a constant in *error_r, words to follow "URI"; *uri_r
   is then undefined. */
int lemo_notify_uri_parse(const char *uri, struct lemo_notify_uri *uri_r,
			  const char **error_r);

/* A device's URL in one form: what is compared without regard to case in
   lower case, no port 443 of https, no query of xmpp, no visual separators in
   numbers, tel: for sms:. url_r: LEMO_DEVICE_URL_MAX + 1 octets.
   False, and url_r undefined, if it is longer. */
bool lemo_notify_normalize(const char *url, char *url_r);

/* Copies text (valid UTF-8) to str_r, which has max + 4 octets: CR LF becomes
   LF, other control characters a blank, of more than max octets is left what
   fits and an ellipsis; no white space at the end. */
void lemo_notify_clean(const char *text, size_t len, size_t max, char *str_r);

/* The administrator's list of targets, entries separated by spaces or commas:
   "SCHEME:user@host" that target, "SCHEME:host" all targets of that host,
   "tel:+49" (the same as sms:, but not emn:) numbers that begin so, "https://host/path/"
   URLs below it. Nothing else is on the list, so no entry is no target.
   url: normalised. NULL if it is not listed, else its entry, of *len_r
   octets. */
const char *lemo_notify_listed(const char *list, const char *url,
			       size_t *len_r);
/* Checks the list: -1 with *error_r (constant) and *pos_r. */
int lemo_notify_list_check(const char *list, const char **error_r,
			   size_t *pos_r);

/* A target that is no device of the user gets one for the time of its push,
   named so and followed by LEMO_NOTIFY_ID_LEN hex digits. No device of the
   user may be named like that. */
#define LEMO_NOTIFY_DEVICE_PREFIX "sieve."
#define LEMO_NOTIFY_ID_LEN 32
bool lemo_notify_is_device(const char *name);
/* Appends its subscription, see lemo-subscription.h. url: normalised. */
void lemo_notify_add_subscription(struct lemo_buf *buf, const char *url);

#endif
