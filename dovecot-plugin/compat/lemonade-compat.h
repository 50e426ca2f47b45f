#ifndef LEMONADE_COMPAT_H
#define LEMONADE_COMPAT_H

/*
 * What differs between Dovecot 2.3 and 2.4 for mail plugins, written to the
 * shape of 2.4. Settings are in the lemonade-settings-* files beside it.
 */

#include "imap-parser.h"
#include "mail-user.h"
#include "net.h"
#include "notify-plugin.h"

#if DOVECOT_PREREQ(2, 4, 0)

static inline const char *lemonade_user_protocol(const struct mail_user *user)
{
	return user->protocol;
}

/* The name that the client asked for in TLS (SNI), or NULL. */
static inline const char *lemonade_user_local_name(const struct mail_user *user)
{
	return user->conn.local_name;
}

static inline void lemonade_notify_unregister(struct notify_context **ctx)
{
	notify_unregister(ctx);
}

/* Nobody can listen between the user and us, as far as is known: TLS, or
   the same host (2.4 does not pass on what else its login thinks secured). */
static inline bool lemonade_user_is_secured(const struct mail_user *user)
{
	return user->conn.end_client_tls_secured ||
		(user->conn.local_ip != NULL && user->conn.remote_ip != NULL &&
		 net_ip_compare(user->conn.local_ip, user->conn.remote_ip));
}

#else

static inline const char *lemonade_user_protocol(const struct mail_user *user)
{
	return user->service;
}

/* not told to mail processes */
static inline const char *
lemonade_user_local_name(const struct mail_user *user ATTR_UNUSED)
{
	return NULL;
}

static inline void lemonade_notify_unregister(struct notify_context **_ctx)
{
	struct notify_context *ctx = *_ctx;

	*_ctx = NULL;
	notify_unregister(ctx);
}

static inline bool lemonade_user_is_secured(const struct mail_user *user)
{
	return user->conn.secured;
}

#  define str_begins_with(haystack, needle) str_begins(haystack, needle)

#endif

/* Not a matter of the version: distributions' security updates have given
   imap_parser_create() a fourth argument inside both series. The compiler
   knows which of the two the header declares. */
typedef struct imap_parser *
lemonade_parser_create3_t(struct istream *input, struct ostream *output,
			  size_t max_line_size);
typedef struct imap_parser *
lemonade_parser_create4_t(struct istream *input, struct ostream *output,
			  size_t max_line_size, const void *params);

static inline struct imap_parser *
lemonade_imap_parser_create(struct istream *input, size_t max_line_size)
{
	void (*create)(void) = (void (*)(void))imap_parser_create;

	if (__builtin_types_compatible_p(__typeof__(&imap_parser_create),
					 lemonade_parser_create3_t *)) {
		return ((lemonade_parser_create3_t *)create)
			(input, NULL, max_line_size);
	}
	return ((lemonade_parser_create4_t *)create)
		(input, NULL, max_line_size, NULL);
}

#endif
