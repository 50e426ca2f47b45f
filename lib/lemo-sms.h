#ifndef LEMO_SMS_H
#define LEMO_SMS_H

/*
 * A text message: whom to (tel: of RFC 3966, sms: of RFC 5724), and what
 * goes into one of 140 octets: 160 characters of GSM-7 or 70 of UCS-2
 * (3GPP TS 23.038). Never two: each costs money.
 */

#include "lemo-buf.h"

/* E.164 */
#define LEMO_SMS_DIGITS_MIN 5
#define LEMO_SMS_DIGITS_MAX 15
#define LEMO_SMS_SEPTETS_MAX 160
#define LEMO_SMS_UCS2_MAX 70

/* "+" and digits */
struct lemo_sms_number {
	char digits[LEMO_SMS_DIGITS_MAX + 2];
};

/* A global number alone: "tel:+49-30-1234567", "sms:+49301234567". No local
   numbers, parameters, bodies or second recipients. Returns 0, or -1 with
   *error_r (constant) and *number_r untouched. */
int lemo_sms_parse_url(const char *url, struct lemo_sms_number *number_r,
		       const char **error_r);

/* text: valid UTF-8. Returns the octets of it that go into one message,
   without cutting a character; *ucs2_r: whether that is written in UCS-2,
   because GSM-7 lacks one of the characters. */
size_t lemo_sms_fit(const char *text, size_t len, bool *ucs2_r);

/* Appends "to=..&charset=UTF-8&coding=..&text=..", as Kannel's sendsms wants
   it: the number, and what of the text fits. */
void lemo_sms_add_query(struct lemo_buf *buf,
			const struct lemo_sms_number *number,
			const char *text, size_t len);

#endif
