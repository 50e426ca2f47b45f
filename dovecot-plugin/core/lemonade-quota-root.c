/* Quota roots and their usage. */

#include "lib.h"
#include "array.h"
#include "module-dir.h"
#include "mail-storage-service.h"
#include "lemonade-quota-root.h"

bool lemonade_quota_api_find(struct lemonade_quota_api *api_r)
{
	struct module *module;

	module = module_dir_find(mail_storage_service_modules, "quota");
	if (module == NULL)
		return FALSE;
	api_r->user_quota =
		module_get_symbol_quiet(module, "quota_get_mail_user_quota");
	api_r->iter_init =
		module_get_symbol_quiet(module, "quota_root_iter_init_user");
	api_r->iter_next =
		module_get_symbol_quiet(module, "quota_root_iter_next");
	api_r->iter_deinit =
		module_get_symbol_quiet(module, "quota_root_iter_deinit");
	api_r->get_name =
		module_get_symbol_quiet(module, "quota_root_get_name");
	api_r->is_hidden =
		module_get_symbol_quiet(module, "quota_root_is_hidden");
	api_r->get_resource =
		module_get_symbol_quiet(module, "quota_get_resource");
	return api_r->user_quota != NULL && api_r->iter_init != NULL &&
		api_r->iter_next != NULL && api_r->iter_deinit != NULL &&
		api_r->get_name != NULL && api_r->is_hidden != NULL &&
		api_r->get_resource != NULL;
}

void lemonade_quota_roots(const struct lemonade_quota_api *api,
			  struct mail_user *user,
			  ARRAY_TYPE(lemonade_quota_root) *roots_r)
{
	struct quota_root_iter *iter;
	struct quota_root *root;

	t_array_init(roots_r, 2);
	iter = api->iter_init(user);
	while ((root = api->iter_next(iter)) != NULL) {
		if (!api->is_hidden(root))
			array_push_back(roots_r, &root);
	}
	api->iter_deinit(&iter);
}

static bool root_is_local(const struct quota_root *root)
{
	static const char *const local[] = { "count", "maildir", NULL };

	return str_array_find(local, root->backend.name);
}

static bool get_resource(const struct lemonade_quota_api *api,
			 struct quota_root *root, const char *name,
			 uint64_t *value_r, uint64_t *limit_r)
{
	const char *error;
	enum quota_get_result ret;

	ret = api->get_resource(root, LEMONADE_QUOTA_NO_BOX, name, value_r,
				limit_r, &error);
	/* the quota plugin logs its own troubles */
	return ret == QUOTA_GET_RESULT_LIMITED ||
		ret == QUOTA_GET_RESULT_UNLIMITED;
}

bool lemonade_quota_usage(const struct lemonade_quota_api *api,
			  struct quota_root *root,
			  struct lemonade_usage *usage_r)
{
	i_zero(usage_r);
	return root_is_local(root) &&
		get_resource(api, root, QUOTA_NAME_STORAGE_BYTES,
			     &usage_r->bytes, &usage_r->bytes_limit) &&
		get_resource(api, root, QUOTA_NAME_MESSAGES,
			     &usage_r->count, &usage_r->count_limit);
}

bool lemonade_usage_is_full(const struct lemonade_usage *usage)
{
	return (usage->bytes_limit > 0 &&
		usage->bytes >= usage->bytes_limit) ||
		(usage->count_limit > 0 &&
		 usage->count >= usage->count_limit);
}

bool lemonade_usage_is_over(const struct lemonade_usage *usage, uoff_t size)
{
	return (usage->bytes_limit > 0 &&
		(usage->bytes > usage->bytes_limit ||
		 size > usage->bytes_limit - usage->bytes)) ||
		(usage->count_limit > 0 &&
		 (usage->count > usage->count_limit ||
		  (size > 0 && usage->count == usage->count_limit)));
}
