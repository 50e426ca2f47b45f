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
	/* rows in the outbox: pushes and feed; and devices */
	unsigned int rows, devices;

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
};

struct accounts *accounts_init(const struct notifier *notifier);
void accounts_deinit(struct accounts **accounts);
/* Counts the rows anew from the outbox. */
int accounts_load(struct accounts *accounts);

/* Never NULL; lives as long as the process. */
struct account *account_get(struct accounts *accounts, uint32_t uid);
unsigned int accounts_rows(const struct accounts *accounts);
/* False if one more row would be over lemonade_outbox_limit; logged once a
   minute. */
bool account_has_room(struct accounts *accounts, struct account *account);

#endif
