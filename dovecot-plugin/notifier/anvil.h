#ifndef ANVIL_H
#define ANVIL_H

/*
 * Dovecot's anvil knows all sessions, also those that imap-hibernate keeps
 * for us not to see. Its socket is root's, so that the connection is made
 * before privileges are dropped and cannot be made again: once it is gone,
 * nothing is known until the next reload.
 */

#include <stdbool.h>

struct event;

/* One line of the dump: so many sessions of the user, from that address, are
   hibernated in one process. */
typedef void anvil_hibernated_t(const char *user, const char *client_ip,
				unsigned int count, void *context);
/* False: the line is of no interest. */
typedef bool anvil_wants_t(const char *user, const char *client_ip,
			   void *context);

/* path: relative to base_dir, which is where services run. */
struct anvil *anvil_init(struct event *event, const char *path);
void anvil_deinit(struct anvil **anvil);

/* False: it will never answer again. */
bool anvil_is_there(struct anvil *anvil);
/* Asks for all sessions and waits for the answer, a fraction of a millisecond
   for a few and some 30 for 10,000. -1: there is none within ANVIL_WAIT_MSECS,
   nor was there one shortly before. */
int anvil_dump(struct anvil *anvil, anvil_wants_t *wants,
	       anvil_hibernated_t *hibernated, void *context);

#endif
