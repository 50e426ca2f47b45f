#ifndef LEMONADE_COMMIT_H
#define LEMONADE_COMMIT_H

struct lemonade_txn;
struct mail_transaction_commit_changes;

/* Makes the lines of a committed transaction and hands them off. */
void lemonade_commit(struct lemonade_txn *txn,
		     const struct mail_transaction_commit_changes *changes);

#endif
