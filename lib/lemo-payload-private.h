#ifndef LEMO_PAYLOAD_PRIVATE_H
#define LEMO_PAYLOAD_PRIVATE_H

/* Shared by the lemo-payload*.c: writing JSON and sentences. */

#include "lemo-payload.h"

/* Octets. Free text comes from whoever sends mail, so even if all of it needs
   escaping a body stays far below LEMO_PAYLOAD_MAX. */
#define LEMO_TEXT_MAX 500
#define LEMO_TITLE_MAX 120

/* Where text goes: plain, or between the quotes of a JSON string. */
struct lemo_out {
	struct lemo_buf *buf;
	bool json;
};

/* lemo-payload-json.c */

/* Octets of the control character at str: C0 and DEL 1, C1 2, none 0. */
size_t lemo_control_len(const char *str, size_t len);
void lemo_out_add(const struct lemo_out *out, const char *str);
void lemo_out_addu(const struct lemo_out *out, uint64_t num);
/* Adds what others wrote: at most max octets and an ellipsis, with blanks for
   control characters. */
void lemo_out_add_text(const struct lemo_out *out, const char *str,
		       size_t max);

/* The same for a Sieve script's words, which keep their line breaks. */
void lemo_out_add_words(const struct lemo_out *out, const char *str,
			size_t max);

/* "name": with a comma before it if it is not the first of its object */
void lemo_json_name(struct lemo_buf *buf, const char *name);
void lemo_json_chars(struct lemo_buf *buf, const char *str, size_t len);
/* Members of an object; nothing is added for NULL and 0. */
void lemo_json_string(struct lemo_buf *buf, const char *name,
		      const char *value);
void lemo_json_number(struct lemo_buf *buf, const char *name, uint64_t num);
void lemo_json_text(struct lemo_buf *buf, const char *name, const char *text);
void lemo_json_words(struct lemo_buf *buf, const char *name,
		     const char *words);

/* lemo-payload.c: the members of "data" */
void lemo_payload_add_fields(struct lemo_buf *buf,
			     const struct lemo_event *event,
			     const struct lemo_payload_args *args);
/* lemo-payload-jmap.c: the body of LEMO_FORMAT_JMAP, for a device */
void lemo_payload_jmap(struct lemo_buf *buf, const struct lemo_event *event,
		       const struct lemo_payload_args *args);

/* lemo-payload-text.c: what a person reads, in formats made for people */

typedef void lemo_sentence_t(const struct lemo_out *out,
			     const struct lemo_event *event,
			     const struct lemo_payload_args *args);
lemo_sentence_t lemo_payload_title, lemo_payload_message;
/* " (Sieve filter of ...)": ends all that a script says. */
void lemo_payload_add_owner(const struct lemo_out *out,
			    const struct lemo_event *event);
bool lemo_payload_tells_mailbox(const struct lemo_event *event,
				const struct lemo_payload_args *args);

#endif
