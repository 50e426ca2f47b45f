#ifndef ACCOUNT_H
#define ACCOUNT_H

/*
 * What one system uid, i.e. one peer whom we cannot tell from itself, uses
 * of us: so that a flood from one leaves room for others.
 */

struct notifier;

struct account {
	uint32_t uid;
	/* mixed into the event ids of this uid: nobody can claim another's */
	uint64_t salt;
	/* rows in the outbox; those of them that are pushes to devices, of
	   which each has one at most, the others are the feed's; devices */
	unsigned int rows, device_rows, devices;
	/* rows of what quiet hours hold back */
	unsigned int held;
	/* it has lines that wait for being written: its spool goes first */
	bool waiting;
	/* its part of the trace, NULL until it has one */
	struct trace_log *trace;
	/* when its spool was refused for want of room */
	time_t spool_full;
	/* when too few silent devices were found to make room */
	time_t none_silent;

	/* connections of sessions, and sessions that hibernate */
	unsigned int presences, hibernated;
	/* hand-off connections and their unfinished lines, octets */
	unsigned int clients;
	size_t partial;
	/* octets taken in this turn of the event loop */
	uint64_t turn;
	size_t turn_octets;
	/* when it was last logged that it is over its limit */
	time_t last_logged;
	/* when it was last logged that it may not speak for a user */
	time_t last_denied;
	/* when it was last logged that a user's Sieve scripts do too much */
	time_t last_sieve;
};

struct accounts *accounts_init(const struct notifier *notifier);
void accounts_deinit(struct accounts **accounts);
/* Counts the rows anew from the outbox. */
int accounts_load(struct accounts *accounts);

/* Never NULL; lives as long as the process. */
struct account *account_get(struct accounts *accounts, uint32_t uid);
unsigned int accounts_rows(const struct accounts *accounts);
unsigned int accounts_devices(const struct accounts *accounts);
/* False if it has had its share of this turn of the event loop; else add what
   was read to turn_octets. */
bool account_takes_turn(struct account *account);
/* A push to a device waits in the outbox, or does not any more. */
void account_add_device_row(struct account *account);
void account_remove_device_row(struct account *account);
/* False if one more row of the feed would be over lemonade_outbox_limit;
   logged once a minute. The feed's rows do not count against devices: an
   endpoint of the admin's that is dead shall not silence phones. */
bool account_feed_has_room(struct accounts *accounts, struct account *account);
/* The same for one more device. Pushes need no count of their own, there is
   one a device. */
bool account_devices_have_room(const struct accounts *accounts,
			       const struct account *account);
/* Says in the log that it is over its limit, once a minute. */
void account_log_full(struct accounts *accounts, struct account *account);

#endif
