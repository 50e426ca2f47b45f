/* Quota events. */

#include "lib.h"
#include "array.h"
#include "ioloop.h"
#include "lemonade-line.h"
#include "lemonade-quota.h"
#include "lemonade-quota-private.h"
#include "lemonade-raise.h"
#include "lemonade-text.h"
#include "lemonade-user.h"

#define ROOT_NAME_MAX 255
/* RFC 5423: units of 1024 octets */
#define KILOBYTES(octets) (((octets) + 1023) / 1024)

static void quota_run(struct lemonade_user *luser);

/* Numbers are right when the quota plugin is through with the command. A loop
   inside a command may end before, so it is the outermost that waits. What
   happens while the user is being closed is too late. */
static void quota_run_soon(struct lemonade_user *luser)
{
	if (luser->quota->to == NULL && !luser->user->deinitializing) {
		luser->quota->to = timeout_add_to(io_loop_get_root(), 0,
						  quota_run, luser);
	}
}

static bool wants(struct lemonade_user *luser,
		  const ARRAY_TYPE(lemonade_device) *devices,
		  enum lemo_event_type type)
{
	lemo_event_mask_t mask = LEMO_EVENT_MASK(type);
	const struct lemonade_device *device;

	if ((luser->events & mask) == 0)
		return FALSE;
	if ((luser->feed & mask) != 0)
		return TRUE;
	array_foreach(devices, device) {
		if ((device->wants_any & mask) != 0)
			return TRUE;
	}
	return FALSE;
}

/*
 * What is noticed
 */

/* Called for each mail that is saved, with everything in memory. */
static enum quota_alloc_result
lemonade_test_alloc(LEMONADE_TEST_ALLOC_PARAMS)
{
	struct lemonade_user *luser = lemonade_user_get(ctx->quota->user);
	struct lemonade_quota *quota = luser->quota;
	enum quota_alloc_result ret;

	ret = quota->super_test_alloc(LEMONADE_TEST_ALLOC_ARGS);
	if (ret == QUOTA_ALLOC_RESULT_OVER_QUOTA ||
	    ret == QUOTA_ALLOC_RESULT_OVER_QUOTA_LIMIT)
		quota->refused_size = I_MAX(quota->refused_size,
					    I_MAX(size, 1));
	else if (ret == QUOTA_ALLOC_RESULT_OK &&
		 ctx->bytes_ceil2 < ctx->bytes_ceil &&
		 ctx->bytes_used + (int64_t)size > (int64_t)ctx->bytes_ceil2)
		quota->crossed = TRUE;
	else
		return ret;
	if (!quota->told)
		quota_run_soon(luser);
	return ret;
}

static bool is_remembered(const struct lemonade_quota *quota,
			  struct quota_root *root)
{
	struct quota_root *const *found;

	array_foreach(&quota->full, found) {
		if (*found == root)
			return TRUE;
	}
	return FALSE;
}

static void remember_full(struct lemonade_user *luser)
{
	struct lemonade_quota *quota = luser->quota;
	ARRAY_TYPE(lemonade_quota_root) roots;
	struct lemonade_usage usage;
	struct quota_root *root;

	lemonade_quota_roots(&quota->api, luser->user, &roots);
	array_foreach_elem(&roots, root) {
		if (!is_remembered(quota, root) &&
		    lemonade_quota_usage(&quota->api, root, &usage) &&
		    lemonade_usage_is_full(&usage))
			array_push_back(&quota->full, &root);
	}
}

void lemonade_quota_shrink(struct lemonade_user *luser,
			   const ARRAY_TYPE(lemonade_device) *devices)
{
	if (luser->quota == NULL ||
	    !wants(luser, devices, LEMO_EVENT_QUOTA_WITHIN))
		return;
	T_BEGIN {
		remember_full(luser);
	} T_END;
	if (!array_is_empty(&luser->quota->full))
		quota_run_soon(luser);
}

void lemonade_quota_look(struct lemonade_user *luser,
			 const ARRAY_TYPE(lemonade_device) *devices)
{
	struct lemonade_quota *quota = luser->quota;

	if (quota == NULL || quota->compared ||
	    !wants(luser, devices, LEMO_EVENT_QUOTA_CHANGE))
		return;
	quota->compare = quota->compared = TRUE;
	quota_run_soon(luser);
}

/*
 * What is raised
 */

static void fill_event(struct lemonade_user *luser, struct quota_root *root,
		       const struct lemonade_usage *usage,
		       struct lemo_event *event)
{
	event->quota_root = lemonade_text_utf8(
		luser->quota->api.get_name(root), ROOT_NAME_MAX);
	if (usage == NULL)
		return;
	event->disk_quota = KILOBYTES(usage->bytes_limit);
	event->disk_used = KILOBYTES(usage->bytes);
	event->max_messages = usage->count_limit;
	event->messages = I_MIN(usage->count, UINT32_MAX);
}

void lemonade_quota_raise(struct lemonade_user *luser,
			  enum lemo_event_type type, struct quota_root *root,
			  const struct lemonade_usage *usage)
{
	struct lemonade_raise *raise;
	struct lemo_event event;

	if ((luser->events & LEMO_EVENT_MASK(type)) == 0)
		return;
	raise = lemonade_raise_begin(luser, NULL);
	if (raise == NULL)
		return;
	lemonade_line_init(luser, type, &event);
	fill_event(luser, root, usage, &event);
	lemonade_raise_send(raise, &event, NULL);
	lemonade_raise_end(&raise);
}

/* The root that has no room, as far as it can be told. */
static void raise_exceed(struct lemonade_user *luser)
{
	struct lemonade_quota *quota = luser->quota;
	ARRAY_TYPE(lemonade_quota_root) roots;
	struct quota_root *root, *unknown = NULL;
	struct lemonade_usage usage;

	lemonade_quota_roots(&quota->api, luser->user, &roots);
	array_foreach_elem(&roots, root) {
		if (!lemonade_quota_usage(&quota->api, root, &usage)) {
			if (unknown == NULL)
				unknown = root;
		} else if (lemonade_usage_is_over(&usage,
						  quota->refused_size)) {
			quota->told = TRUE;
			lemonade_quota_raise(luser, LEMO_EVENT_QUOTA_EXCEED,
					     root, &usage);
			return;
		}
	}
	if (unknown != NULL) {
		quota->told = TRUE;
		lemonade_quota_raise(luser, LEMO_EVENT_QUOTA_EXCEED, unknown,
				     NULL);
	}
}

static void raise_within(struct lemonade_user *luser)
{
	struct lemonade_quota *quota = luser->quota;
	struct lemonade_usage usage;
	struct quota_root *root;
	unsigned int i = 0;

	while (i < array_count(&quota->full)) {
		root = array_idx_elem(&quota->full, i);
		if (!lemonade_quota_usage(&quota->api, root, &usage) ||
		    lemonade_usage_is_full(&usage)) {
			i++;
			continue;
		}
		array_delete(&quota->full, i, 1);
		quota->told = FALSE;
		lemonade_quota_raise(luser, LEMO_EVENT_QUOTA_WITHIN, root,
				     &usage);
	}
}

static void quota_raise_all(struct lemonade_user *luser)
{
	struct lemonade_quota *quota = luser->quota;

	if (quota->compare)
		lemonade_quota_compare_limits(luser);
	if (!quota->told && (quota->refused_size > 0 || quota->crossed))
		raise_exceed(luser);
	raise_within(luser);
}

static void quota_run(struct lemonade_user *luser)
{
	struct lemonade_quota *quota = luser->quota;

	timeout_remove(&quota->to);
	T_BEGIN {
		if (!lemonade_user_replicates(luser))
			quota_raise_all(luser);
	} T_END;
	quota->compare = quota->crossed = FALSE;
	quota->refused_size = 0;
}

void lemonade_quota_init(struct lemonade_user *luser)
{
	struct lemonade_quota_api api;
	struct lemonade_quota *lquota;
	struct quota *quota;

	if (luser->set == NULL || !lemonade_quota_api_find(&api))
		return;
	quota = api.user_quota(luser->user);
	if (quota == NULL)
		return;
	lquota = p_new(luser->user->pool, struct lemonade_quota, 1);
	lquota->api = api;
	p_array_init(&lquota->full, luser->user->pool, 2);
	lquota->super_test_alloc = lemonade_quota_watch(quota,
							lemonade_test_alloc);
	luser->quota = lquota;
}

void lemonade_quota_deinit(struct lemonade_user *luser)
{
	if (luser->quota != NULL && luser->quota->to != NULL)
		quota_run(luser);
}
