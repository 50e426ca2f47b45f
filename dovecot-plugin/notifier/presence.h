#ifndef PRESENCE_H
#define PRESENCE_H

/*
 * Which sessions of a user are connected, and to which devices they belong
 * (RFC 5551 5.3). A session is there as long as its connection to us is; an
 * imap process makes one for each client, if the user has a device. A session
 * that hibernates says so before its process closes the connection; from then
 * on anvil is asked whether it still lives. After a restart of ours the
 * others come back by themselves, and those that hibernate when they wake up.
 *
 * Everything is keyed by the peer's uid: what another uid says of a user
 * concerns nobody. When in doubt, push.
 */

#include <stdbool.h>
#include <stddef.h>

struct account;
struct anvil;
struct device;
struct event_line;
struct notifier;
struct presence_conn;

/* limit: connections at most. Takes the anvil. */
struct presence *presence_init(struct notifier *notifier, struct anvil *anvil,
			       unsigned int limit);
void presence_deinit(struct presence **presence);

/* Takes over a connection of the hand-off listener that has said PRESENCE, as
   the first of its lines; the descriptor is closed if that is no good. Returns
   NULL then. */
struct presence_conn *
presence_accept(struct presence *presence, struct account *account, int fd,
		const char *line, size_t len);
/* Octets of it that were read before. May close it. */
void presence_conn_data(struct presence_conn *conn, const char *data,
			size_t size);

/* True if a session of the user belongs to the device; one that hibernates
   is taken at its word. */
bool presence_is_connected(struct presence *presence, struct account *account,
			   const char *user, const char *device);

/* True if the device sees the event in-band. A message is remembered, and
   rings nevertheless if it turns out that the connection was dead. */
bool presence_holds_back(struct presence *presence,
			 const struct device *device,
			 struct event_line *line);

#endif
