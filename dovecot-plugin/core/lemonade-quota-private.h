#ifndef LEMONADE_QUOTA_PRIVATE_H
#define LEMONADE_QUOTA_PRIVATE_H

/* Shared by lemonade-quota.c and lemonade-quota-limits.c */

#include "lemo-event.h"
#include "lemonade-quota-root.h"

struct lemonade_quota {
	struct lemonade_quota_api api;
	lemonade_test_alloc_t *super_test_alloc;
	/* what is to be raised soon */
	struct timeout *to;

	/* Roots that were full before something went. */
	ARRAY_TYPE(lemonade_quota_root) full;
	/* The largest mail that was refused for quota; 1 if its size is not
	   known. */
	uoff_t refused_size;

	/* Mails that were accepted have gone into the grace. */
	bool crossed;
	/* QuotaExceed was raised in this session. */
	bool told;
	/* Limits are to be compared; they have been. */
	bool compare, compared;
};

struct lemonade_user;

/* usage NULL: not known. */
void lemonade_quota_raise(struct lemonade_user *luser,
			  enum lemo_event_type type, struct quota_root *root,
			  const struct lemonade_usage *usage);

/* QuotaChange: compares the limits with those that are remembered. */
void lemonade_quota_compare_limits(struct lemonade_user *luser);

#endif
