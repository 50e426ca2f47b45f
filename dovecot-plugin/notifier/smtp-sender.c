#include "lib.h"
#include "ioloop.h"
#include "istream.h"
#include "llist.h"
#include "iostream-ssl.h"
#include "smtp-address.h"
#include "smtp-client.h"
#include "smtp-client-connection.h"
#include "smtp-client-transaction.h"
#include "lemo-mailto.h"
#include "lemonade-smtp-compat.h"
#include "smtp-sender.h"

#include <openssl/x509.h>

#include <fcntl.h>
#include <unistd.h>

#include "lemo-banned.h"

/* Octets of all lines of a reply. */
#define REPLY_SIZE_MAX (16 * 1024)
#define CA_FILE_SIZE_MAX (4 * 1024 * 1024)

struct smtp_mail {
	struct smtp_mail *prev, *next;
	struct smtp_sender *sender;
	struct smtp_client_connection *conn;
	struct smtp_client_transaction *trans;
	struct timeout *to;

	/* what counts of the replies: the first that is no success, or the
	   last; 0: none yet */
	unsigned int status;
	bool remote, about_message, timed_out, stopping;

	channel_callback_t *callback;
	void *context;
};

struct smtp_sender {
	pool_t pool;
	struct event *event;
	struct smtp_client *client;
	/* what differs from the client's: all of TLS, since 2.4.1 frees the
	   client's with each connection */
	struct smtp_client_settings conn_set;
	const char *host;
	in_port_t port;
	enum smtp_client_connection_ssl_mode ssl_mode;
	unsigned int timeout_msecs;
	struct smtp_mail *mails;
};

/* Why there was no reply. */
static const char *local_text(unsigned int status)
{
	switch (status) {
	case SMTP_CLIENT_COMMAND_ERROR_HOST_LOOKUP_FAILED:
		return "mail server's name is not known";
	case SMTP_CLIENT_COMMAND_ERROR_CONNECT_FAILED:
		return "connect to the mail server failed";
	case SMTP_CLIENT_COMMAND_ERROR_CONNECTION_CLOSED:
	case SMTP_CLIENT_COMMAND_ERROR_CONNECTION_LOST:
		return "connection to the mail server lost";
	case SMTP_CLIENT_COMMAND_ERROR_BAD_REPLY:
		return "mail server's reply is not SMTP";
	case SMTP_CLIENT_COMMAND_ERROR_TIMED_OUT:
		return "mail server timed out";
	default:
		return "mail server failed";
	}
}

static void smtp_mail_result(const struct smtp_mail *mail,
			     struct channel_result *result_r)
{
	i_zero(result_r);
	result_r->answer = LEMO_ANSWER_RETRY;
	if (mail->stopping)
		result_r->text = "shutting down";
	else if (mail->timed_out || !mail->remote) {
		result_r->origin_failed = TRUE;
		result_r->text = local_text(mail->timed_out ?
			SMTP_CLIENT_COMMAND_ERROR_TIMED_OUT : mail->status);
	} else {
		result_r->status = mail->status;
		result_r->answer = lemo_mailto_answer(mail->status,
						      mail->about_message);
		/* 421: service not available (RFC 5321 4.2.3) */
		result_r->origin_failed = !mail->about_message ||
			mail->status == 421;
		result_r->text = t_strdup_printf("SMTP %u%s", mail->status,
			mail->about_message ? "" : " before the recipient");
	}
}

/* The transaction has ended, and frees itself. */
static void smtp_mail_finished(struct smtp_mail *mail)
{
	struct channel_result result;

	DLLIST_REMOVE(&mail->sender->mails, mail);
	timeout_remove(&mail->to);
	T_BEGIN {
		smtp_mail_result(mail, &result);
		mail->callback(&result, mail->context);
	} T_END;
	if (mail->conn != NULL)
		smtp_client_connection_unref(&mail->conn);
	i_free(mail);
}

static void smtp_mail_replied(struct smtp_mail *mail,
			      const struct smtp_reply *reply,
			      bool about_message)
{
	if (mail->status != 0 && mail->status / 100 != 2)
		return;
	mail->status = reply->status;
	/* 9.x.x is lib-smtp's own: the peer has said nothing */
	mail->remote = smtp_reply_is_remote(reply) &&
		reply->enhanced_code.x != 9;
	mail->about_message = about_message;
}

static void mail_from_replied(const struct smtp_reply *reply,
			      struct smtp_mail *mail)
{
	smtp_mail_replied(mail, reply, FALSE);
}

static void rcpt_to_replied(const struct smtp_reply *reply,
			    struct smtp_mail *mail)
{
	smtp_mail_replied(mail, reply, TRUE);
}

static void data_replied(const struct smtp_reply *reply,
			 struct smtp_mail *mail)
{
	smtp_mail_replied(mail, reply, TRUE);
}

/* What is said of the one recipient is said of the mail, too. */
static void rcpt_data_replied(const struct smtp_reply *reply ATTR_UNUSED,
			      struct smtp_mail *mail ATTR_UNUSED)
{
}

/* Ends in smtp_mail_finished(). The connection alone would do, but lib-smtp
   crashes when it closes one that waits for the answer to DATA. */
static void smtp_mail_abort(struct smtp_mail *mail)
{
	struct smtp_client_connection *conn = mail->conn;
	struct smtp_client_transaction *trans = mail->trans;

	mail->conn = NULL;
	smtp_client_transaction_destroy(&trans);
	smtp_client_connection_close(&conn);
}

static void smtp_mail_timeout(struct smtp_mail *mail)
{
	mail->timed_out = TRUE;
	smtp_mail_abort(mail);
}

static void smtp_mail_start(struct smtp_mail *mail,
			    const struct smtp_address *rcpt,
			    const struct lemo_buf *data)
{
	struct smtp_client_transaction *trans;
	struct istream *input;

	trans = mail->trans = smtp_client_transaction_create(mail->conn, NULL, NULL, 0,
					       smtp_mail_finished, mail);
	smtp_client_transaction_start(trans, mail_from_replied, mail);
	(void)smtp_client_transaction_add_rcpt(trans, rcpt, NULL,
		rcpt_to_replied, rcpt_data_replied, mail);
	input = i_stream_create_copy_from_data(data->data, data->len);
	smtp_client_transaction_send(trans, input, data_replied, mail);
	i_stream_unref(&input);
}

void smtp_sender_send(struct smtp_sender *sender, const char *localpart,
		      const char *domain, const struct lemo_buf *data,
		      channel_callback_t *callback, void *context)
{
	struct smtp_mail *mail = i_new(struct smtp_mail, 1);
	struct smtp_address rcpt = {
		.localpart = localpart, .domain = domain
	};

	mail->sender = sender;
	mail->callback = callback;
	mail->context = context;
	DLLIST_PREPEND(&sender->mails, mail);
	mail->to = timeout_add(sender->timeout_msecs, smtp_mail_timeout, mail);
	mail->conn = smtp_client_connection_create(sender->client,
		SMTP_PROTOCOL_SMTP, sender->host, sender->port,
		sender->ssl_mode, &sender->conn_set);
	smtp_mail_start(mail, &rcpt, data);
}

static char *read_ca_file(const char *path, const char **error_r)
{
	struct istream *input = i_stream_create_file(path, CA_FILE_SIZE_MAX);
	const unsigned char *data;
	char *ca = NULL;
	size_t size;

	while (i_stream_read(input) > 0) ;
	data = i_stream_get_data(input, &size);
	if (input->stream_errno != 0)
		*error_r = t_strdup_printf("%s", strerror(input->stream_errno));
	else if (!input->eof || size == 0 || memchr(data, '\0', size) != NULL)
		*error_r = "is no file of certificates";
	else
		ca = i_strndup(data, size);
	i_stream_unref(&input);
	return ca;
}

static int smtp_sender_init_tls(struct smtp_sender *sender,
				const char *ca_file, const char **error_r)
{
	char *ca = NULL;

	if (sender->ssl_mode == SMTP_CLIENT_SSL_MODE_NONE)
		return 0;
	if (*ca_file != '\0') {
		ca = read_ca_file(ca_file, error_r);
		if (ca == NULL) {
			*error_r = t_strdup_printf("lemonade_ca_file: %s",
						   *error_r);
			return -1;
		}
	}
	sender->conn_set.ssl = lemonade_smtp_ssl_settings(sender->pool, ca,
		X509_get_default_cert_dir());
	i_free(ca);
	return 0;
}

static void smtp_sender_init_client(struct smtp_sender *sender,
				    const struct smtp_sender_settings *set)
{
	const struct smtp_client_settings client_set = {
		.my_hostname = set->hostname,
		.dns_client_socket_path = set->dns_client_socket_path,
		/* ours comes first */
		.command_timeout_msecs = set->timeout_msecs + 1000,
		.connect_timeout_msecs = set->timeout_msecs + 1000,
		.max_reply_size = REPLY_SIZE_MAX,
		.event_parent = sender->event
	};

	sender->client = smtp_client_init(&client_set);
}

int smtp_sender_init(struct event *event,
		     const struct smtp_sender_settings *set,
		     struct smtp_sender **sender_r, const char **error_r)
{
	static const enum smtp_client_connection_ssl_mode modes[] = {
		[SMTP_SENDER_TLS_NONE] = SMTP_CLIENT_SSL_MODE_NONE,
		[SMTP_SENDER_TLS_IMMEDIATE] = SMTP_CLIENT_SSL_MODE_IMMEDIATE,
		[SMTP_SENDER_TLS_STARTTLS] = SMTP_CLIENT_SSL_MODE_STARTTLS
	};
	pool_t pool = pool_alloconly_create("smtp sender", 1024);
	struct smtp_sender *sender = p_new(pool, struct smtp_sender, 1);

	sender->pool = pool;
	sender->host = p_strdup(pool, set->host);
	sender->port = set->port;
	sender->ssl_mode = modes[set->tls];
	sender->timeout_msecs = set->timeout_msecs;
	if (smtp_sender_init_tls(sender, set->ca_file, error_r) < 0) {
		pool_unref(&pool);
		return -1;
	}
	sender->event = event_create(event);
	/* lib-smtp's errors name the server and no more */
	event_set_append_log_prefix(sender->event, t_strconcat(set->setting,
							       ": ", NULL));
	smtp_sender_init_client(sender, set);
	*sender_r = sender;
	return 0;
}

void smtp_sender_deinit(struct smtp_sender **_sender)
{
	struct smtp_sender *sender = *_sender;

	*_sender = NULL;
	while (sender->mails != NULL) {
		sender->mails->stopping = TRUE;
		smtp_mail_abort(sender->mails);
	}
	smtp_client_deinit(&sender->client);
	event_unref(&sender->event);
	pool_unref(&sender->pool);
}
