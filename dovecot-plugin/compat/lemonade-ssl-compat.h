#ifndef LEMONADE_SSL_COMPAT_H
#define LEMONADE_SSL_COMPAT_H

/*
 * What differs between Dovecot 2.3 and 2.4 in TLS for clients: how the CA is
 * given, and the arguments of a stream.
 */

#include "iostream-ssl.h"

#define LEMONADE_SSL_MIN_PROTOCOL "TLSv1.2"

#if DOVECOT_PREREQ(2, 4, 0)

#include "str.h"

#include <fcntl.h>
#include <unistd.h>

#define LEMONADE_SSL_CA_MAX (4 * 1024 * 1024)

static inline int
lemonade_ssl_read_ca(const char *path, const char **ca_r, const char **error_r)
{
	string_t *str = t_str_new(8192);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t ret = -1;

	while (fd != -1 && str_len(str) < LEMONADE_SSL_CA_MAX &&
	       (ret = read(fd, buffer_append_space_unsafe(str, 4096),
			   4096)) > 0)
		str_truncate(str, str_len(str) - (4096 - ret));
	if (ret != 0) {
		*error_r = "lemonade_ca_file cannot be read";
		i_close_fd(&fd);
		return -1;
	}
	str_truncate(str, str_len(str) - 4096);
	i_close_fd(&fd);
	*ca_r = str_c(str);
	return 0;
}

#endif

/* A context that verifies by the CAs in this file; "": the system's. */
static inline int
lemonade_ssl_client_context(const char *ca_file,
			    struct ssl_iostream_context **ctx_r,
			    const char **error_r)
{
	struct ssl_iostream_settings set;

	i_zero(&set);
	set.min_protocol = LEMONADE_SSL_MIN_PROTOCOL;
	set.verify_remote_cert = TRUE;
	set.skip_crl_check = TRUE;
#if DOVECOT_PREREQ(2, 4, 0)
	set.pool = null_pool;
	if (*ca_file != '\0' &&
	    lemonade_ssl_read_ca(ca_file, &set.ca.content, error_r) < 0)
		return -1;
#else
	if (*ca_file != '\0')
		set.ca_file = ca_file;
#endif
	return ssl_iostream_context_init_client(&set, ctx_r, error_r);
}

/* Puts TLS between the streams and their peer, who must have a certificate for
   host. */
static inline int
lemonade_ssl_client_create(struct ssl_iostream_context *ctx, const char *host,
			   struct event *event, struct istream **input,
			   struct ostream **output,
			   struct ssl_iostream **ssl_r, const char **error_r)
{
#if DOVECOT_PREREQ(2, 4, 0)
	return io_stream_create_ssl_client(ctx, host, event, 0, input, output,
					   ssl_r, error_r);
#else
	struct ssl_iostream_settings set;

	(void)event;
	i_zero(&set);
	set.min_protocol = LEMONADE_SSL_MIN_PROTOCOL;
	set.verify_remote_cert = TRUE;
	return io_stream_create_ssl_client(ctx, host, &set, input, output,
					   ssl_r, error_r);
#endif
}

#endif
