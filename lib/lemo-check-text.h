#ifndef LEMO_CHECK_TEXT_H
#define LEMO_CHECK_TEXT_H

/*
 * Reading of what a ManageSieve (RFC 5804) and an SMTP server say, a line
 * without its CRLF at a time. Any octets may be in it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lemo_check_sieve_line {
	/* anything but the end of an answer: a capability, a literal */
	LEMO_CHECK_SIEVE_DATA,
	LEMO_CHECK_SIEVE_OK,
	LEMO_CHECK_SIEVE_NO,
	LEMO_CHECK_SIEVE_BYE
};

enum lemo_check_sieve_line
lemo_check_sieve_line(const char *line, size_t len);
/* Of a capability line '"NAME" "value"': is the value, which may be missing,
   that of this name? Not case sensitive. */
bool lemo_check_sieve_capability(const char *line, size_t len,
				 const char *name, const char **value_r,
				 size_t *value_len_r);

/* "250-text" or "250 text" (RFC 5321 4.2.1). */
struct lemo_check_smtp_line {
	unsigned int code; /* 200 to 599 */
	bool last;
	const char *text;  /* into the line */
	size_t text_len;
};
/* -1: it is none. */
int lemo_check_smtp_line(const char *line, size_t len,
			 struct lemo_check_smtp_line *line_r);
/* Does the text of an EHLO line begin with this keyword? With arg, is that
   among its arguments? Not case sensitive; arg may be NULL. */
bool lemo_check_smtp_keyword(const char *text, size_t len,
			     const char *keyword, const char *arg);
/* Does the text begin with a status code of RFC 3463 whose class is that of
   the reply (RFC 2034 4)? */
bool lemo_check_smtp_enhanced(const struct lemo_check_smtp_line *line);

#endif
