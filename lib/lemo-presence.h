#ifndef LEMO_PRESENCE_H
#define LEMO_PRESENCE_H

/*
 * What an IMAP session tells the notifier about itself, one line:
 *
 *   PRESENCE TAB user TAB session TAB client-ip [TAB device]...
 *
 * Values are escaped as by lemo_tabescape(). The devices are those the
 * session belongs to: those whose user holds it in hand. A later line of the
 * same connection replaces an earlier one.
 */

#include "lemo-buf.h"
#include "lemo-limits.h"

#define LEMO_PRESENCE_COMMAND "PRESENCE"
/* Octets. */
#define LEMO_PRESENCE_LINE_MAX 2048
#define LEMO_SESSION_MAX 128
/* An IPv6 address with its zone. */
#define LEMO_CLIENT_IP_MAX 64

/* Owns nothing. */
struct lemo_presence {
	const char *user;
	/* the same again when a hibernated session wakes up */
	const char *session;
	/* "" if it is not known */
	const char *client_ip;
	/* lemo_device_name_is_valid(); none twice */
	const char *devices[LEMO_DEVICES_MAX];
	unsigned int devices_count;
};

/* Takes a line without its LF to pieces, in place: the strings of *presence_r
   point into it. It need not end in a NUL, but line[len] is written. Returns
   0, or -1 with *error_r (constant) and *presence_r untouched. */
int lemo_presence_decode(char *line, size_t len,
			 struct lemo_presence *presence_r,
			 const char **error_r);
/* Appends the line with its LF. */
void lemo_presence_encode(const struct lemo_presence *presence,
			  struct lemo_buf *buf);
/* Adds a device. False if it is there, or LEMO_DEVICES_MAX others are. */
bool lemo_presence_add_device(struct lemo_presence *presence,
			      const char *device);
bool lemo_presence_has_device(const struct lemo_presence *presence,
			      const char *device);

#endif
