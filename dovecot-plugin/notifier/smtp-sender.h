#ifndef SMTP_SENDER_H
#define SMTP_SENDER_H

/*
 * Mail to one server of the administrator's, by Dovecot's SMTP client: a
 * connection for each mail, no sender ("<>"), one recipient. It never blocks;
 * names are resolved by Dovecot's dns-client. libcurl would not do: it waits
 * for the answer to QUIT.
 */

#include "net.h"
#include "channel.h"

struct smtp_sender;

enum smtp_sender_tls {
	SMTP_SENDER_TLS_NONE = 0,
	SMTP_SENDER_TLS_IMMEDIATE,
	/* not without STARTTLS */
	SMTP_SENDER_TLS_STARTTLS
};

struct smtp_sender_settings {
	/* that the server is from, for the log */
	const char *setting;
	const char *host;
	in_port_t port;
	enum smtp_sender_tls tls;
	/* certificates that are trusted instead of the system's, "" = none */
	const char *ca_file;
	/* name said in EHLO */
	const char *hostname;
	const char *dns_client_socket_path;
	/* for all of a mail, from the lookup of the name on */
	unsigned int timeout_msecs;
};

/* Strings are copied. -1 with a few words in *error_r: the certificates cannot
   be read. */
int smtp_sender_init(struct event *event,
		     const struct smtp_sender_settings *set,
		     struct smtp_sender **sender_r, const char **error_r);
/* Cancels what is open (callbacks are called with LEMO_ANSWER_RETRY). */
void smtp_sender_deinit(struct smtp_sender **sender);

/* Sends the mail, which is copied. The callback is called exactly once, after
   this returned. */
void smtp_sender_send(struct smtp_sender *sender, const char *localpart,
		      const char *domain, const struct lemo_buf *mail,
		      channel_callback_t *callback, void *context);

#endif
