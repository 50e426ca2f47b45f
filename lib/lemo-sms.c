#include "lemo-sms.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define MUST_BE "must be tel:, sms: or emn: and then + and an international " \
	"number"
#define SEPARATORS " ,"

/* Above ASCII, the alphabet of 3GPP TS 23.038 6.2.1 */
static const uint16_t gsm7_wide[] = {
	0x00a1, 0x00a3, 0x00a4, 0x00a5, 0x00a7, 0x00bf, 0x00c4, 0x00c5,
	0x00c6, 0x00c7, 0x00c9, 0x00d1, 0x00d6, 0x00d8, 0x00dc, 0x00df,
	0x00e0, 0x00e4, 0x00e5, 0x00e6, 0x00e8, 0x00e9, 0x00ec, 0x00f1,
	0x00f2, 0x00f6, 0x00f8, 0x00f9, 0x00fc, 0x0393, 0x0394, 0x0398,
	0x039b, 0x039e, 0x03a0, 0x03a3, 0x03a6, 0x03a8, 0x03a9
};

static bool has_scheme(const char *url)
{
	return strncasecmp(url, "tel:", 4) == 0 ||
		strncasecmp(url, "sms:", 4) == 0 ||
		strncasecmp(url, "emn:", 4) == 0;
}

int lemo_sms_parse_url(const char *url, struct lemo_sms_number *number_r,
		       const char **error_r)
{
	struct lemo_sms_number number = { .digits = "+" };
	size_t len = 1;

	*error_r = MUST_BE;
	if (!has_scheme(url) || url[4] != '+')
		return -1;
	for (url += 5; *url != '\0'; url++) {
		/* visual-separator of RFC 3966 */
		if (strchr("-.()", *url) != NULL)
			continue;
		if (*url < '0' || *url > '9' || len > LEMO_SMS_DIGITS_MAX) {
			*error_r = "must have at most 15 digits and nothing "
				"else after the +";
			return -1;
		}
		number.digits[len++] = *url;
	}
	if (len - 1 < LEMO_SMS_DIGITS_MIN || number.digits[1] == '0')
		return -1;
	*number_r = number;
	return 0;
}

const char *lemo_sms_refusal(const char *url, const char *allow)
{
	struct lemo_sms_number number;
	const char *error;
	size_t len;

	if (lemo_sms_parse_url(url, &number, &error) < 0)
		return error;
	for (; *allow != '\0'; allow += len) {
		allow += strspn(allow, SEPARATORS);
		len = strcspn(allow, SEPARATORS);
		if (len > 0 && strncmp(number.digits, allow, len) == 0)
			return NULL;
	}
	return "is a number that is not served here";
}

int lemo_sms_allow_check(const char *allow, const char **error_r,
			 size_t *pos_r)
{
	const char *start = allow;
	size_t len, digits;

	for (; *allow != '\0'; allow += len) {
		allow += strspn(allow, SEPARATORS);
		len = strcspn(allow, SEPARATORS);
		if (len == 0)
			break;
		digits = strspn(allow + 1, "0123456789");
		if (*allow != '+' || digits == 0 || allow[1] == '0' ||
		    digits > LEMO_SMS_DIGITS_MAX || digits + 1 != len) {
			*error_r = "no prefix of international numbers";
			*pos_r = allow - start;
			return -1;
		}
	}
	return 0;
}

/* The character at text, which is valid UTF-8, and its octets. */
static uint32_t get_char(const char *text, size_t *size_r)
{
	const unsigned char *p = (const unsigned char *)text;

	if (p[0] < 0x80) {
		*size_r = 1;
		return p[0];
	}
	if (p[0] < 0xe0) {
		*size_r = 2;
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3f);
	}
	if (p[0] < 0xf0) {
		*size_r = 3;
		return (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 |
			(p[2] & 0x3f);
	}
	*size_r = 4;
	return (p[0] & 0x07U) << 18 | (p[1] & 0x3fU) << 12 |
		(p[2] & 0x3fU) << 6 | (p[3] & 0x3f);
}

/* Septets, 0 if GSM-7 has no such character. */
static unsigned int gsm7_cost(uint32_t c)
{
	unsigned int i;

	if (c == 0x20ac || (c < 0x80 && c != 0 &&
			    strchr("^{}\\[~]|", (int)c) != NULL))
		return 2;
	if (c < 0x80)
		return (c >= ' ' && c != '`' && c != 0x7f) || c == '\n';
	for (i = 0; i < sizeof(gsm7_wide) / sizeof(gsm7_wide[0]); i++) {
		if (gsm7_wide[i] == c)
			return 1;
	}
	return 0;
}

/* A pair of surrogates counts as two. */
static unsigned int ucs2_cost(uint32_t c)
{
	return c > 0xffff ? 2 : 1;
}

/* What goes into max units; *lacks_r: a character has no cost. */
static size_t fit(const char *text, size_t len, unsigned int max,
		  unsigned int (*cost)(uint32_t c), bool *lacks_r)
{
	unsigned int used = 0, more;
	size_t pos, size;

	*lacks_r = false;
	for (pos = 0; pos < len; pos += size) {
		more = cost(get_char(text + pos, &size));
		*lacks_r = more == 0;
		used += more;
		if (*lacks_r || used > max)
			break;
	}
	return pos;
}

size_t lemo_sms_fit(const char *text, size_t len, bool *ucs2_r)
{
	bool lacks;
	size_t pos;

	pos = fit(text, len, LEMO_SMS_SEPTETS_MAX, gsm7_cost, ucs2_r);
	return !*ucs2_r ? pos :
		fit(text, len, LEMO_SMS_UCS2_MAX, ucs2_cost, &lacks);
}

static bool begins_with(const char *body, size_t len, const char *str)
{
	return len >= strlen(str) && memcmp(body, str, strlen(str)) == 0;
}

/* Kannel has 403 for us and for numbers that no SMSC takes. */
static enum lemo_gateway answer_4xx(unsigned int status, const char *body,
				    size_t len)
{
	switch (status) {
	case 401: /* Unauthorized */
	case 404: /* Not Found: no sendsms there */
	case 405: /* Method Not Allowed */
	case 407: /* Proxy Authentication Required */
	case 415: /* Unsupported Media Type */
		return LEMO_GATEWAY_MISSET;
	case 403: /* Forbidden */
		return begins_with(body, len, "Authorization") ?
			LEMO_GATEWAY_MISSET : LEMO_GATEWAY_REFUSED;
	case 408: /* Request Timeout */
	case 429: /* Too Many Requests */
		return LEMO_GATEWAY_BUSY;
	default:
		return LEMO_GATEWAY_REFUSED;
	}
}

enum lemo_gateway lemo_sms_answer(unsigned int status, const char *body,
				  size_t len)
{
	if (status >= 200 && status < 300) {
		/* accepted; queued, for want of an SMSC */
		return begins_with(body, len, "0: ") ||
			begins_with(body, len, "3: ") ?
			LEMO_GATEWAY_TAKEN : LEMO_GATEWAY_UNKNOWN;
	}
	if (status >= 400 && status < 500)
		return answer_4xx(status, body, len);
	if (status == 503)
		return LEMO_GATEWAY_BUSY;
	return status >= 300 && status < 400 ? LEMO_GATEWAY_MISSET :
		LEMO_GATEWAY_UNKNOWN;
}
