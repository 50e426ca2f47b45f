#ifndef ADMIN_PRIVATE_H
#define ADMIN_PRIVATE_H

/* For admin.c and admin-*.c. */

#include "admin.h"

struct admin_client {
	struct admin_client *prev, *next;
	struct admin_clients *admins;
	struct notifier *notifier;
	int refcount;
	int fd; /* -1 once closed */
	struct io *io;
	struct istream *input;
	struct ostream *output;
	bool handshaked;
	/* a test is under way: its answer comes before the next command */
	bool busy;
};

/* Fields are "key=value", not yet escaped; ends with NULL. */
void admin_row(struct admin_client *client, const char *field, ...)
	ATTR_SENTINEL;
/* error: NULL = OK. */
void admin_end(struct admin_client *client, const char *error);
void admin_client_unref(struct admin_client **client);
/* The test is answered: goes on with what has arrived meanwhile. */
void admin_client_go_on(struct admin_client *client);

/* A command: NULL, or what is wrong. args[0] is the command. */
typedef const char *admin_command_t(struct admin_client *client,
				    const char *const *args);

admin_command_t admin_cmd_status, admin_cmd_queue, admin_cmd_devices;
admin_command_t admin_cmd_retry, admin_cmd_purge, admin_cmd_trace;
admin_command_t admin_cmd_export;
/* Ends the answer itself, perhaps later. */
admin_command_t admin_cmd_test, admin_cmd_test_feed;
admin_command_t admin_cmd_code;
admin_command_t admin_cmd_sieve_secret;
admin_command_t admin_cmd_vapid_show, admin_cmd_vapid_export;
admin_command_t admin_cmd_vapid_import, admin_cmd_vapid_rotate;

#endif
