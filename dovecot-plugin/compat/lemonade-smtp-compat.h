#ifndef LEMONADE_SMTP_COMPAT_H
#define LEMONADE_SMTP_COMPAT_H

/*
 * What Dovecot's SMTP client is told of TLS: 2.4 counts references to the
 * settings by their pool, and has certificates as a file's name and content.
 */

#include "iostream-ssl.h"

/* In the pool, whose reference stays the caller's. ca: certificates (PEM) that
   are trusted, or NULL: those of ca_dir. */
static inline struct ssl_iostream_settings *
lemonade_smtp_ssl_settings(pool_t pool, const char *ca, const char *ca_dir)
{
	struct ssl_iostream_settings *ssl =
		p_new(pool, struct ssl_iostream_settings, 1);

	ssl->min_protocol = "TLSv1.2";
	ssl->verify_remote_cert = TRUE;
	ssl->skip_crl_check = TRUE;
	ssl->tickets = TRUE;
	if (ca == NULL)
		ssl->ca_dir = p_strdup(pool, ca_dir);
#if DOVECOT_PREREQ(2, 4, 0)
	ssl->pool = pool;
	ssl->ca.path = ssl->cert.cert.path = ssl->cert.key.path = "";
	ssl->ca.content = ca == NULL ? "" : p_strdup(pool, ca);
	ssl->cert.cert.content = ssl->cert.key.content = "";
#else
	ssl->ca = p_strdup(pool, ca);
#endif
	return ssl;
}

#endif
