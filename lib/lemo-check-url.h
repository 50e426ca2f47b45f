#ifndef LEMO_CHECK_URL_H
#define LEMO_CHECK_URL_H

/*
 * Where a server to be checked is: SCHEME://[USER@]HOST[:PORT], as in
 * RFC 5092 and RFC 5804 3, with smtp: and smtps: in their likeness. USER is
 * percent-encoded; its ";AUTH=..." is passed over.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEMO_CHECK_HOST_MAX 253
#define LEMO_CHECK_USER_MAX 255

enum lemo_check_scheme {
	LEMO_CHECK_IMAP,
	LEMO_CHECK_SIEVE_SCHEME,
	LEMO_CHECK_SMTP
};

struct lemo_check_url {
	enum lemo_check_scheme scheme;
	/* imaps, smtps: TLS from the first octet on */
	bool tls;
	char host[LEMO_CHECK_HOST_MAX + 1]; /* lower case, without [] */
	uint16_t port;
	char user[LEMO_CHECK_USER_MAX + 1]; /* "": none is named */
};

/* 0, or -1 with *error_r (constant): what is wrong and what to write. *url_r
   is then untouched. A path, a query or a password is refused. */
int lemo_check_url_parse(const char *str, enum lemo_check_scheme scheme,
			 struct lemo_check_url *url_r, const char **error_r);

#endif
