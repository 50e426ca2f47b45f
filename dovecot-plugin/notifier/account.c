#include "lib.h"
#include "hash.h"
#include "ioloop.h"
#include "sha2.h"
#include "account.h"
#include "lemonade-settings.h"
#include "notifier.h"
#include "outbox.h"

#define LOG_INTERVAL_SECS 60
/* Octets read from all connections of one uid in one turn of the event
   loop. */
#define TURN_MAX (256 * 1024)

struct accounts {
	const struct notifier *notifier;
	HASH_TABLE(void *, struct account *) table;
};

struct accounts *accounts_init(const struct notifier *notifier)
{
	struct accounts *accounts = i_new(struct accounts, 1);

	accounts->notifier = notifier;
	hash_table_create_direct(&accounts->table, default_pool, 0);
	return accounts;
}

void accounts_deinit(struct accounts **_accounts)
{
	struct accounts *accounts = *_accounts;
	struct hash_iterate_context *iter;
	struct account *account;
	void *key;

	*_accounts = NULL;
	iter = hash_table_iterate_init(accounts->table);
	while (hash_table_iterate(iter, accounts->table, &key, &account))
		i_free(account);
	hash_table_iterate_deinit(&iter);
	hash_table_destroy(&accounts->table);
	i_free(accounts);
}

static uint64_t account_salt(const struct accounts *accounts, uint32_t uid)
{
	const struct lemo_key *key = &accounts->notifier->secret.keys[0];
	unsigned char digest[SHA256_RESULTLEN];
	struct sha256_ctx ctx;
	uint64_t salt;

	sha256_init(&ctx);
	sha256_loop(&ctx, key->octets, key->len);
	sha256_loop(&ctx, &uid, sizeof(uid));
	sha256_result(&ctx, digest);
	memcpy(&salt, digest, sizeof(salt));
	return salt;
}

/* uid 0 is no key of a hash table of pointers */
static void *account_key(uint32_t uid)
{
	return POINTER_CAST((uintptr_t)uid + 1);
}

struct account *account_get(struct accounts *accounts, uint32_t uid)
{
	struct account *account;

	account = hash_table_lookup(accounts->table, account_key(uid));
	if (account == NULL) {
		account = i_new(struct account, 1);
		account->uid = uid;
		account->salt = account_salt(accounts, uid);
		hash_table_insert(accounts->table, account_key(uid), account);
	}
	return account;
}

unsigned int accounts_rows(const struct accounts *accounts)
{
	struct hash_iterate_context *iter;
	struct account *account;
	unsigned int rows = 0;
	void *key;

	iter = hash_table_iterate_init(accounts->table);
	while (hash_table_iterate(iter, accounts->table, &key, &account))
		rows += account->rows;
	hash_table_iterate_deinit(&iter);
	return rows;
}

unsigned int accounts_devices(const struct accounts *accounts)
{
	struct hash_iterate_context *iter;
	struct account *account;
	unsigned int devices = 0;
	void *key;

	iter = hash_table_iterate_init(accounts->table);
	while (hash_table_iterate(iter, accounts->table, &key, &account))
		devices += account->devices;
	hash_table_iterate_deinit(&iter);
	return devices;
}

static int accounts_count(struct accounts *accounts, enum outbox_sql sql)
{
	struct outbox *outbox = accounts->notifier->outbox;
	sqlite3_stmt *stmt = outbox_query(outbox, sql, "");
	struct account *account;
	unsigned int count;
	int ret;

	while ((ret = outbox_row(outbox, stmt)) > 0) {
		account = account_get(accounts, sqlite3_column_int64(stmt, 0));
		count = sqlite3_column_int(stmt, 1);
		if (sql == OUTBOX_DEVICE_COUNTS)
			account->devices += count;
		else if (sql == OUTBOX_HELD_COUNTS)
			account->held += count;
		else
			account->rows += count;
		if (sql == OUTBOX_PENDING_COUNTS)
			account->device_rows += count;
	}
	outbox_done(stmt);
	return ret;
}

int accounts_load(struct accounts *accounts)
{
	struct hash_iterate_context *iter;
	struct account *account;
	void *key;

	iter = hash_table_iterate_init(accounts->table);
	while (hash_table_iterate(iter, accounts->table, &key, &account)) {
		account->rows = account->device_rows = account->devices = 0;
		account->held = 0;
	}
	hash_table_iterate_deinit(&iter);

	if (accounts_count(accounts, OUTBOX_PENDING_COUNTS) < 0 ||
	    accounts_count(accounts, OUTBOX_FEED_COUNTS) < 0 ||
	    accounts_count(accounts, OUTBOX_HELD_COUNTS) < 0 ||
	    accounts_count(accounts, OUTBOX_DEVICE_COUNTS) < 0)
		return -1;
	return 0;
}

bool account_takes_turn(struct account *account)
{
	uint64_t turn = (uint64_t)ioloop_timeval.tv_sec * 1000000 +
		ioloop_timeval.tv_usec;

	if (account->turn != turn) {
		account->turn = turn;
		account->turn_octets = 0;
	}
	return account->turn_octets < TURN_MAX;
}

void account_add_device_row(struct account *account)
{
	account->rows++;
	account->device_rows++;
}

void account_remove_device_row(struct account *account)
{
	account->rows--;
	account->device_rows--;
}

void account_log_full(struct accounts *accounts, struct account *account)
{
	const struct notifier *notifier = accounts->notifier;

	if (ioloop_time < account->last_logged + LOG_INTERVAL_SECS &&
	    ioloop_time >= account->last_logged)
		return;
	account->last_logged = ioloop_time;
	e_warning(notifier->event, "uid %u has %u rows of the feed, %u of "
		"devices and %u devices in the outbox: refusing more "
		"(lemonade_outbox_limit = %u)", account->uid,
		account->rows - account->device_rows, account->device_rows,
		account->devices, notifier->set->lemonade_outbox_limit);
}

bool account_feed_has_room(struct accounts *accounts, struct account *account)
{
	if (account->rows - account->device_rows <
	    accounts->notifier->set->lemonade_outbox_limit)
		return TRUE;
	account_log_full(accounts, account);
	return FALSE;
}

bool account_devices_have_room(const struct accounts *accounts,
			       const struct account *account)
{
	return account->devices <
		accounts->notifier->set->lemonade_outbox_limit;
}
