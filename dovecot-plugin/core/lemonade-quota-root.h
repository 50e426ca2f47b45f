#ifndef LEMONADE_QUOTA_ROOT_H
#define LEMONADE_QUOTA_ROOT_H

/*
 * Quota roots, read through the functions of the quota plugin. It is no
 * dependency: they are looked up in its module.
 */

#include "lemonade-quota-compat.h"

struct lemonade_quota_api {
	__typeof__(&quota_get_mail_user_quota) user_quota;
	__typeof__(&quota_root_iter_init_user) iter_init;
	__typeof__(&quota_root_iter_next) iter_next;
	__typeof__(&quota_root_iter_deinit) iter_deinit;
	__typeof__(&quota_root_get_name) get_name;
	__typeof__(&quota_root_is_hidden) is_hidden;
	__typeof__(&quota_get_resource) get_resource;
};

/* 0: no limit */
struct lemonade_usage {
	uint64_t bytes, bytes_limit;
	uint64_t count, count_limit;
};

/* False if the quota plugin is not loaded, or not as we know it. */
bool lemonade_quota_api_find(struct lemonade_quota_api *api_r);

ARRAY_DEFINE_TYPE(lemonade_quota_root, struct quota_root *);

/* The visible roots of a user, in the data stack. */
void lemonade_quota_roots(const struct lemonade_quota_api *api,
			  struct mail_user *user,
			  ARRAY_TYPE(lemonade_quota_root) *roots_r);
/* False if the usage is not to be had by a look into local files, or not at
   all. Without any limit that is no failure. */
bool lemonade_quota_usage(const struct lemonade_quota_api *api,
			  struct quota_root *root,
			  struct lemonade_usage *usage_r);

/* As the quota plugin sees it: nothing more can be saved. */
bool lemonade_usage_is_full(const struct lemonade_usage *usage);
/* A mail of that size has no room, or has taken more than there was (0). */
bool lemonade_usage_is_over(const struct lemonade_usage *usage, uoff_t size);

#endif
