/* JSON-RPC 2.0 with Kamailio's tm.t_uac_wait_block: what it sends, and waits
   for. Its parameters are method, request URI, next hop, socket ("." = the
   proxy decides), headers and body. */

#include "lemo-sip.h"
#include "lemo-payload-private.h"

#include <jansson.h>
#include <string.h>

#include "lemo-banned.h"

/* RFC 3428 8: octets of a MESSAGE, and what of them is headers, but for URIs
   and Subject, after some proxies have added their Via. */
#define MESSAGE_MAX 1300
#define HEADERS_MAX 600
#define TEXT_MIN 100

#define CRLF "\\r\\n" /* within a JSON string */

/* RFC 3261 20.26 */
static const char *priority(enum lemo_urgency urgency)
{
	if (urgency == LEMO_URGENCY_HIGH)
		return "urgent";
	return urgency == LEMO_URGENCY_NORMAL ? "normal" : "non-urgent";
}

static void add_headers(const struct lemo_out *out, const char *uri,
			const char *from, const struct lemo_event *event,
			const struct lemo_payload_args *args)
{
	lemo_out_add(out, "From: <");
	lemo_out_add(out, from);
	lemo_buf_adds(out->buf, ">" CRLF "To: <");
	lemo_out_add(out, uri);
	lemo_buf_adds(out->buf, ">" CRLF "Subject: ");
	lemo_payload_title(out, event, args);
	lemo_buf_adds(out->buf, CRLF "Priority: ");
	lemo_out_add(out, priority(args->urgency));
	lemo_buf_adds(out->buf, CRLF
		      "Content-Type: text/plain;charset=UTF-8" CRLF);
}

/* How much of a script's words there is room for. */
static size_t text_max(const char *uri, const char *from,
		       const struct lemo_event *event)
{
	size_t used = HEADERS_MAX + 2 * strlen(uri) + strlen(from) +
		strlen(" (Sieve filter of , for )") + strlen(event->user);

	if (event->notify_subject != NULL)
		used += strlen(event->notify_subject);
	if (event->notify_from != NULL)
		used += strlen(event->notify_from);
	return used + TEXT_MIN < MESSAGE_MAX ? MESSAGE_MAX - used : TEXT_MIN;
}

void lemo_sip_rpc_add(struct lemo_buf *buf, const char *uri, const char *from,
		      const struct lemo_event *event,
		      const struct lemo_payload_args *args)
{
	struct lemo_payload_args cut = *args;
	struct lemo_out out = { buf, true };

	if (cut.level > LEMO_SIP_PAYLOAD_MAX)
		cut.level = LEMO_SIP_PAYLOAD_MAX;
	cut.text_max = text_max(uri, from, event);
	lemo_buf_adds(buf, "{\"jsonrpc\":\"2.0\","
		      "\"method\":\"tm.t_uac_wait_block\","
		      "\"params\":[\"MESSAGE\",\"");
	lemo_out_add(&out, uri);
	lemo_buf_adds(buf, "\",\".\",\".\",\"");
	add_headers(&out, uri, from, event, &cut);
	lemo_buf_adds(buf, "\",\"");
	lemo_payload_message(&out, event, &cut);
	lemo_buf_adds(buf, "\"],\"id\":1}");
}

static enum lemo_sip_rpc get_code(json_t *answer, unsigned int *code_r)
{
	json_t *result = json_object_get(answer, "result");
	json_t *error = json_object_get(answer, "error");
	json_int_t code = json_integer_value(json_object_get(
		result != NULL ? result : error, "code"));
	bool in_range = code >= 100 && code < 700;

	*code_r = in_range ? code : 0;
	if (json_is_object(result) && in_range)
		return LEMO_SIP_RPC_STATUS;
	if (!json_is_object(error) || result != NULL) {
		*code_r = 0;
		return LEMO_SIP_RPC_UNKNOWN;
	}
	if (!in_range)
		*code_r = 500;
	return LEMO_SIP_RPC_ERROR;
}

enum lemo_sip_rpc lemo_sip_rpc_parse(const char *answer, size_t len,
				     unsigned int *code_r)
{
	enum lemo_sip_rpc ret;
	json_t *json;

	*code_r = 0;
	if (len > LEMO_SIP_ANSWER_MAX)
		return LEMO_SIP_RPC_UNKNOWN;
	json = json_loadb(answer, len, JSON_REJECT_DUPLICATES, NULL);
	ret = get_code(json, code_r);
	json_decref(json);
	return ret;
}
