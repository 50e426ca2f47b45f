#ifndef IMAP_LEMONADE_TCP_H
#define IMAP_LEMONADE_TCP_H

/*
 * Is anybody at the other end of a client's TCP connection? With TLS the
 * socket is the login process's, so the kernel is asked by addresses and
 * ports (sock_diag(7)).
 */

struct mail_user_connection_data;

/* True if what was sent to the client has been sent again several times and
   is not acknowledged. False if it is, if nothing is to be acknowledged, or
   if the kernel knows no such connection, e.g. because a proxy has it.
   *msecs_r: since the last acknowledgement, if it is dead. */
bool imap_lemonade_tcp_is_dead(const struct mail_user_connection_data *conn,
			       unsigned int *msecs_r);

#endif
