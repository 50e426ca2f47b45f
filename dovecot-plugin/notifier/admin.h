#ifndef ADMIN_H
#define ADMIN_H

/*
 * doveadm lemonade's questions, on a listener of its own (0600). One command
 * a line, tab-escaped arguments; answers are "ROW key=value ..." lines, then
 * "OK" or "NO text".
 */

struct notifier;

struct admin_clients *admin_clients_init(struct notifier *notifier);
void admin_clients_deinit(struct admin_clients **admins);
/* Takes the descriptor. */
void admin_client_create(struct admin_clients *admins, int fd);

#endif
