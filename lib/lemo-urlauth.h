#ifndef LEMO_URLAUTH_H
#define LEMO_URLAUTH_H

/*
 * Access identifiers of URLAUTH (RFC 4467 section 2.3, RFC 5593 section 3):
 * who may use a URL that somebody has authorised.
 */

#include <stdbool.h>
#include <stddef.h>

/* Each is a bit of a set. */
enum lemo_urlauth_access {
	/* submit+u: a submission server, for its user u */
	LEMO_URLAUTH_SUBMIT	= 0x01,
	/* user+u: the user u */
	LEMO_URLAUTH_USER	= 0x02,
	/* stream, stream+u: a streaming server */
	LEMO_URLAUTH_STREAM	= 0x04,
	/* authuser: all users but anonymous ones */
	LEMO_URLAUTH_AUTHUSER	= 0x08,
	/* anonymous: everybody */
	LEMO_URLAUTH_ANONYMOUS	= 0x10
};

/* A URL that is longer, octets, is neither made nor fetched: Dovecot's
   imap-urlauth reads lines of 2048 octets, in which it may double some. */
#define LEMO_URLAUTH_URL_MAX 1500

/* application: what stands before "+", user: what stands behind it, decoded,
   or NULL without "+". -1: *error_r is what is wrong, *access_r untouched. */
int lemo_urlauth_access_parse(const char *application, const char *user,
			      enum lemo_urlauth_access *access_r,
			      const char **error_r);

/* A list of identifiers without users, separated by spaces, "submit user", as
   a set of enum lemo_urlauth_access. -1: *error_r and, if it is not the list
   as a whole, where: *pos_r; *set_r untouched. */
int lemo_urlauth_list_parse(const char *list, unsigned int *set_r,
			    const char **error_r, size_t *pos_r);

/* May a session of the user session_user use a URL of this identifier, as far
   as that is a question of who it is? Whether it is a submission or streaming
   server's is not judged: then true. */
bool lemo_urlauth_is_entitled(enum lemo_urlauth_access access,
			      const char *url_user, const char *session_user,
			      bool session_is_anonymous);

#endif
