#ifndef LEMO_CHECK_IMAP_H
#define LEMO_CHECK_IMAP_H

/*
 * Reading of what an IMAP server says (RFC 3501 7), as much of it as a check
 * needs. A response is one line without its CRLF, with literals in it as they
 * were sent ("... {3}\r\nabc)"). Any octets may be in it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lemo-buf.h"

/* Does a literal follow this line (RFC 3501 {n}, RFC 7888 {n+}, RFC 3516
   ~{n})? Returns false too if n is beyond 32 bits. */
bool lemo_check_imap_literal(const char *line, size_t len, uint32_t *size_r);

/* Is the word one of those in a list that spaces separate? Not case
   sensitive. */
bool lemo_check_imap_has_word(const char *list, size_t len, const char *word);
/* Is the text anywhere in the response? Not case sensitive. */
bool lemo_check_imap_has(const char *resp, size_t len, const char *text);

/* The arguments of a response code "[NAME args]" right behind the status of
   an OK, NO, BAD, PREAUTH or BYE response ("* OK [", "tag OK ["). */
bool lemo_check_imap_code(const char *resp, size_t len, const char *name,
			  const char **args_r, size_t *args_len_r);
/* The number behind the first "NAME " of a response; before[] may end with "("
   or not at all. */
bool lemo_check_imap_number(const char *resp, size_t len, const char *name,
			    uint64_t *num_r);
/* The value of a FETCH item: a quoted string, literal or literal8 behind
   "NAME ". Quoted strings are unescaped into value; NIL gives false. */
bool lemo_check_imap_value(const char *resp, size_t len, const char *name,
			   struct lemo_buf *value);
/* Prefix of the first personal namespace of a NAMESPACE response
   (RFC 2342 5), and its separator or '\0'. False too if the prefix is not of
   printable ASCII. */
bool lemo_check_imap_namespace(const char *resp, size_t len,
			       struct lemo_buf *prefix, char *separator_r);
/* The first position and UID that an ESEARCH response adds (RFC 5267 4.3.1):
   "ADDTO (position uid". */
bool lemo_check_imap_addto(const char *resp, size_t len, uint64_t *position_r,
			   uint64_t *uid_r);

/* Appends a mailbox name as the path of a relative IMAP URL (RFC 5092 6). */
void lemo_check_imap_url_mailbox(const char *mailbox, struct lemo_buf *buf);

#endif
