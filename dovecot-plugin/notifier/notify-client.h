#ifndef NOTIFY_CLIENT_H
#define NOTIFY_CLIENT_H

/*
 * Mail processes' connections: lines in, acknowledgements out. Anybody on
 * this host may connect, so every one is held to a share: of lines a turn,
 * of unfinished lines in memory and of connections, by peer uid.
 */

struct notifier;

struct notify_clients *notify_clients_init(struct notifier *notifier,
					   unsigned int client_limit);
/* Closes all; what waits for an answer is answered before, by
   ingest_flush(). */
void notify_clients_deinit(struct notify_clients **clients);
/* Takes the descriptor. */
void notify_client_create(struct notify_clients *clients, int fd);

#endif
