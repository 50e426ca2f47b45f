#define _GNU_SOURCE /* memmem() */
#include "lemo-pap.h"
#include "lemo-emn.h"

#include <stdio.h>
#include <string.h>

#include "lemo-banned.h"

#define CRLF "\r\n"
#define DIGITS "0123456789"
#define ALNUM "abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS
#define XML_BEGIN "<?xml version=\"1.0\"?>" CRLF \
	"<!DOCTYPE pap PUBLIC \"-//WAPFORUM//DTD PAP 1.0//EN\"" CRLF \
	" \"http://www.wapforum.org/DTD/pap_1.0.dtd\">" CRLF
#define DUPLICATE_PUSH_ID 2007

/* None of these means anything in XML. */
static bool is_made_of(const char *str, const char *chars)
{
	return *str != '\0' && str[strspn(str, chars)] == '\0';
}

static bool push_is_valid(const struct lemo_pap_push *push)
{
	return is_made_of(push->push_id, ALNUM "-._:@") &&
		push->number[0] == '+' &&
		is_made_of(push->number + 1, DIGITS) &&
		is_made_of(push->ppg, ALNUM "-._:[]");
}

/* The control entity has a push-id that nobody chose for this. */
static void choose_boundary(const struct lemo_pap_push *push,
			    char boundary_r[LEMO_PAP_BOUNDARY_SIZE])
{
	unsigned int n = 0;

	do {
		(void)snprintf(boundary_r, LEMO_PAP_BOUNDARY_SIZE,
			       "lemonade-%u", n++);
	} while (memmem(push->emn, push->emn_len, boundary_r,
			strlen(boundary_r)) != NULL ||
		 strstr(push->push_id, boundary_r) != NULL ||
		 strstr(push->ppg, boundary_r) != NULL);
}

static void add_control(struct lemo_buf *buf, const struct lemo_pap_push *push)
{
	lemo_buf_adds(buf, "Content-Type: application/xml" CRLF CRLF
		      XML_BEGIN "<pap><push-message push-id=\"");
	lemo_buf_adds(buf, push->push_id);
	lemo_buf_adds(buf, "\"><address address-value=\"WAPPUSH=");
	lemo_buf_adds(buf, push->number);
	lemo_buf_adds(buf, "/TYPE=PLMN@");
	lemo_buf_adds(buf, push->ppg);
	lemo_buf_adds(buf, "\"/></push-message></pap>" CRLF);
}

int lemo_pap_add(struct lemo_buf *buf, const struct lemo_pap_push *push,
		 char boundary_r[LEMO_PAP_BOUNDARY_SIZE])
{
	if (!push_is_valid(push))
		return -1;
	choose_boundary(push, boundary_r);
	lemo_buf_addf(buf, "--%s" CRLF, boundary_r);
	add_control(buf, push);
	lemo_buf_addf(buf, "--%s" CRLF, boundary_r);
	lemo_buf_adds(buf, "Content-Type: " LEMO_EMN_CONTENT_TYPE CRLF
		      "X-Wap-Application-Id: " LEMO_EMN_APPLICATION_ID CRLF
		      CRLF);
	lemo_buf_add(buf, push->emn, push->emn_len);
	lemo_buf_addf(buf, CRLF "--%s--" CRLF, boundary_r);
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_spaces(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* At p: = "1001" */
static unsigned int read_value(const char *p, const char *end)
{
	unsigned int i, code = 0;

	p = skip_spaces(p, end);
	if (p == end || *p++ != '=')
		return 0;
	p = skip_spaces(p, end);
	if (end - p < 6 || (*p != '"' && *p != '\'') || p[5] != *p)
		return 0;
	for (i = 1; i <= 4; i++) {
		if (p[i] < '0' || p[i] > '9')
			return 0;
		code = code * 10 + (unsigned int)(p[i] - '0');
	}
	return code >= 1000 ? code : 0;
}

/* The attribute code of a tag whose name ends at p. */
static unsigned int read_tag(const char *p, const char *end)
{
	const char *stop = memchr(p, '>', (size_t)(end - p));

	if (stop != NULL)
		end = stop;
	for (; end - p > 5; p++) {
		if (is_space(*p) && memcmp(p + 1, "code", 4) == 0)
			return read_value(p + 5, end);
	}
	return 0;
}

unsigned int lemo_pap_code(const char *answer, size_t len)
{
	static const char *const tags[] = {
		"<response-result", "<badmessage-response"
	};
	unsigned int i;

	if (len > LEMO_PAP_ANSWER_MAX)
		return 0;
	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const char *tag = memmem(answer, len, tags[i],
					 strlen(tags[i]));

		if (tag != NULL)
			return read_tag(tag + strlen(tags[i]), answer + len);
	}
	return 0;
}

static enum lemo_gateway answer_of_status(unsigned int status)
{
	switch (status) {
	case 400: /* Bad Request */
	case 413: /* Content Too Large */
		return LEMO_GATEWAY_REFUSED;
	case 408: /* Request Timeout */
	case 429: /* Too Many Requests */
	case 503: /* Service Unavailable */
		return LEMO_GATEWAY_BUSY;
	default:
		return status >= 300 && status < 500 ? LEMO_GATEWAY_MISSET :
			LEMO_GATEWAY_UNKNOWN;
	}
}

enum lemo_gateway lemo_pap_answer(unsigned int status, unsigned int code)
{
	if (code == 0)
		return answer_of_status(status);
	if (code < 2000 || code == DUPLICATE_PUSH_ID)
		return LEMO_GATEWAY_TAKEN;
	return code < 3000 ? LEMO_GATEWAY_REFUSED : LEMO_GATEWAY_BUSY;
}
