#ifndef LEMONADE_QUOTA_COMPAT_H
#define LEMONADE_QUOTA_COMPAT_H

/*
 * What differs between the quota plugins of Dovecot 2.3 and 2.4.
 */

#include "quota-private.h"

#if DOVECOT_PREREQ(2, 4, 0)

#  define LEMONADE_TEST_ALLOC_PARAMS \
	struct quota_transaction_context *ctx, uoff_t size, \
	struct mailbox *expunged_box, uoff_t expunged_size, \
	const struct quota_overrun **overruns_r, const char **error_r
#  define LEMONADE_TEST_ALLOC_ARGS \
	ctx, size, expunged_box, expunged_size, overruns_r, error_r
#  define LEMONADE_QUOTA_NO_BOX NULL

#else

#  define LEMONADE_TEST_ALLOC_PARAMS \
	struct quota_transaction_context *ctx, uoff_t size, \
	const char **error_r
#  define LEMONADE_TEST_ALLOC_ARGS ctx, size, error_r
#  define LEMONADE_QUOTA_NO_BOX ""

#endif

typedef enum quota_alloc_result
lemonade_test_alloc_t(LEMONADE_TEST_ALLOC_PARAMS);

/* Lets the quota plugin ask test whether a mail may be saved. Returns whom it
   asked before. */
static inline lemonade_test_alloc_t *
lemonade_quota_watch(struct quota *quota, lemonade_test_alloc_t *test)
{
#if DOVECOT_PREREQ(2, 4, 0)
	lemonade_test_alloc_t *super = quota->test_alloc;

	quota->test_alloc = test;
#else
	lemonade_test_alloc_t *super = quota->set->test_alloc;

	quota->set->test_alloc = test;
#endif
	return super;
}

#endif
