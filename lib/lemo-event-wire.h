#ifndef LEMO_EVENT_WIRE_H
#define LEMO_EVENT_WIRE_H

/*
 * The line between mail process and notifier, also the content of a spool
 * file. One line:
 *
 *   EVENT <TAB> key=value <TAB> key=value ... <LF>
 *
 * Keys are the parameter names of RFC 5423 section 5 where it has one, else
 * "vnd.lemonade.*" (table in lemo-event-wire.c; vnd.lemonade.event is the
 * type, vnd.lemonade.id the id). Each device comes as
 *   device=NAME\001tVERDICT[\001tJSON[\001tTEXT\001tSUBJECT\001tFROM\001tIMPORTANCE[\001tTTL]]]
 * i.e. name, verdict, subscription and a Sieve script's words tab-escaped once
 * as a list and then again as a value; importance is a digit, TTL seconds. No
 * TEXT: only TTL is said. The alphabet is that of Dovecot's str_tabescape():
 * \001 1, TAB t, CR r, LF n, NUL 0, each behind \001.
 */

#include "lemo-buf.h"
#include "lemo-event.h"

/* Longest line, LF included: ten devices of 4 KB, escaped, ten tokens of 4 KB
   that need no escape, a script's words for some of them, and the rest. */
#define LEMO_EVENT_LINE_MAX (224 * 1024)

/* Appends the line with its LF. On overflow buf->failed is set. */
void lemo_event_encode(const struct lemo_event *event, struct lemo_buf *buf);

/* Decodes one line of len octets without its LF. The line is unescaped in
   place and the event's strings point into it. Unknown keys are ignored (a
   newer plugin), doubled keys, bad numbers, a missing or malformed id, type,
   user, timestamp or uri, doubled devices and more than
   LEMO_EVENT_MAX_DEVICES of them are errors: -1, *error_r is a constant and
   *event_r untouched. The strings are NUL-free UTF-8; invalid UTF-8 is an
   error, and so is a URL that is not printable ASCII. Octets behind len are
   neither read nor written. */
int lemo_event_decode(char *line, size_t len, struct lemo_event *event_r,
		      const char **error_r);

/* Escape/unescape one value, Dovecot's alphabet. unescape works in place,
   returns the new length, or -1 for a dangling or unknown escape or a NUL. */
void lemo_tabescape(struct lemo_buf *buf, const char *str, size_t len);
ptrdiff_t lemo_tabunescape(char *str, size_t len);

#endif
