#ifndef LEMO_SMS_H
#define LEMO_SMS_H

/*
 * A text message: whom to (tel: of RFC 3966, sms: of RFC 5724), what goes
 * into one of 140 octets, 160 characters of GSM-7 or 70 of UCS-2 (3GPP TS
 * 23.038), never two: each costs money; and what Kannel's sendsms answers.
 */

#include "lemo-gateway.h"
#include "lemo-payload.h"

/* E.164 */
#define LEMO_SMS_DIGITS_MIN 5
#define LEMO_SMS_DIGITS_MAX 15
#define LEMO_SMS_SEPTETS_MAX 160
#define LEMO_SMS_UCS2_MAX 70
#define LEMO_SMS_OCTETS_MAX 140
/* The gateway's answer, octets; more is not looked at. */
#define LEMO_SMS_ANSWER_MAX 1024
/* The operator and whoever holds the phone can read it. */
#define LEMO_SMS_PAYLOAD_MAX LEMO_PAYLOAD_STATE

/* "+" and digits */
struct lemo_sms_number {
	char digits[LEMO_SMS_DIGITS_MAX + 2];
};

/* A global number alone: "tel:+49-30-1234567", "sms:+49301234567", and for
   devices that get an EMN "emn:+49301234567". No local numbers, parameters,
   bodies or second recipients. Returns 0, or -1 with *error_r (constant, words
   to follow "url") and *number_r untouched. */
int lemo_sms_parse_url(const char *url, struct lemo_sms_number *number_r,
		       const char **error_r);

/* May users have messages sent there? allow: prefixes of numbers, "+49 +43",
   separated by spaces or commas. NULL, or a constant that says why not, words
   to follow "url". */
const char *lemo_sms_refusal(const char *url, const char *allow);
/* Checks the list: -1 with *error_r (constant) and *pos_r. */
int lemo_sms_allow_check(const char *allow, const char **error_r,
			 size_t *pos_r);

/* text: valid UTF-8. Returns the octets of it that go into one message,
   without cutting a character; *ucs2_r: whether that is written in UCS-2,
   because GSM-7 lacks one of the characters. */
size_t lemo_sms_fit(const char *text, size_t len, bool *ucs2_r);

/* Appends the words for a person, cut to the level in args and to
   LEMO_SMS_PAYLOAD_MAX and to one message; *ucs2_r as above. */
void lemo_sms_text_add(struct lemo_buf *buf, const struct lemo_event *event,
		       const struct lemo_payload_args *args, bool *ucs2_r);

/* The answer to a POST to sendsms: its HTTP status and, as text of whatever
   kind, its body. */
enum lemo_gateway lemo_sms_answer(unsigned int status, const char *body,
				  size_t len);

#endif
