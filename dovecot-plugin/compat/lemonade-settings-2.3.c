/* Settings in 2.3: plugin { lemonade_*=... }, for mail processes and for the
   service alike. */

#include "lib.h"

#if !DOVECOT_PREREQ(2, 4, 0)

#include "array.h"
#include "settings-parser.h"
#include "master-service.h"
#include "master-service-settings.h"
#include "mail-storage-settings.h"
#include "mail-user.h"
#include "lemonade-settings-private.h"

#define SETTING_PREFIX "lemonade_"
/* A list is made of settings whose names begin with its own. */
#define LIST_SEPARATOR '_'

static const struct lemonade_setting {
	enum setting_type type;
	const char *name;
	size_t offset;
} settings[] = {
#define SETTING(type, name, value) \
	{ SET_##type, #name, offsetof(struct lemonade_settings, name) },
	LEMONADE_SETTINGS(SETTING)
};

/* What the service asks the config process for: the plugin section as the
   mail processes see it ("mail" is the module that owns it). */
struct service_plugin_settings {
	ARRAY(const char *) plugin_envs;
};
static const struct setting_define service_plugin_defines[] = {
	{ .type = SET_STRLIST, .key = "plugin",
	  .offset = offsetof(struct service_plugin_settings, plugin_envs) },
	SETTING_DEFINE_LIST_END
};
static const struct service_plugin_settings service_plugin_defaults = {
	.plugin_envs = ARRAY_INIT
};
static const struct setting_parser_info service_plugin_info = {
	.module_name = "mail",
	.defines = service_plugin_defines,
	.defaults = &service_plugin_defaults,
	.type_offset = SIZE_MAX,
	.struct_size = sizeof(struct service_plugin_settings),
	.parent_offset = SIZE_MAX
};

bool lemonade_setting_is_known(const char *str ATTR_UNUSED)
{
	return TRUE;
}

/* NULL: the setting is no part of that list */
static const char *list_key(const struct lemonade_setting *list,
			    const char *name)
{
	size_t len = strlen(list->name);

	if (strncmp(name, list->name, len) != 0 ||
	    name[len] != LIST_SEPARATOR || name[len + 1] == '\0')
		return NULL;
	return name + len + 1;
}

static const struct lemonade_setting *setting_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(settings); i++) {
		if (settings[i].type == SET_STRLIST ?
		    list_key(&settings[i], name) != NULL :
		    strcmp(settings[i].name, name) == 0)
			return &settings[i];
	}
	return NULL;
}

static int parse_bool(const char *value, bool *bool_r, const char **error_r)
{
	if (strcasecmp(value, "yes") == 0)
		*bool_r = TRUE;
	else if (strcasecmp(value, "no") == 0)
		*bool_r = FALSE;
	else {
		*error_r = "set it to yes or no";
		return -1;
	}
	return 0;
}

static int parse_uint(const char *value, unsigned int *uint_r,
		      const char **error_r)
{
	if (str_to_uint(value, uint_r) == 0)
		return 0;
	*error_r = "set it to a number";
	return -1;
}

static void list_add(ARRAY_TYPE(const_string) *list, pool_t pool,
		     const char *key, const char *value)
{
	if (!array_is_created(list))
		p_array_init(list, pool, 4);
	key = p_strdup(pool, key);
	value = p_strdup(pool, value);
	array_push_back(list, &key);
	array_push_back(list, &value);
}

static int setting_parse(const struct lemonade_setting *setting,
			 const char *name, const char *value, struct lemonade_settings *set,
			 const char **error_r)
{
	void *field = PTR_OFFSET(set, setting->offset);

	switch (setting->type) {
	case SET_BOOL:
		return parse_bool(value, field, error_r);
	case SET_UINT:
		return parse_uint(value, field, error_r);
	case SET_TIME:
		return settings_get_time(value, field, error_r);
	case SET_TIME_MSECS:
		return settings_get_time_msecs(value, field, error_r);
	case SET_SIZE:
		return settings_get_size(value, field, error_r);
	case SET_STRLIST:
		list_add(field, set->pool, list_key(setting, name), value);
		return 0;
	default:
		*(const char **)field = p_strdup(set->pool, value);
		return 0;
	}
}

static int setting_apply(const char *name, const char *value,
			 struct lemonade_settings *set, const char **error_r)
{
	const struct lemonade_setting *setting = setting_find(name);
	const char *error;

	if (setting == NULL) {
		*error_r = t_strdup_printf("plugin { %s }: there is no such "
			"setting; see lemonade(7) for the names", name);
		return -1;
	}
	if (setting_parse(setting, name, value, set, &error) < 0) {
		*error_r = t_strdup_printf("%s: '%s' is wrong: %s",
					   name, value, error);
		return -1;
	}
	return 0;
}

static int settings_fill(const char *const *envs, unsigned int count,
			 struct lemonade_settings *set, const char **error_r)
{
	unsigned int i;

	for (i = 0; i + 1 < count; i += 2) {
		if (str_begins(envs[i], SETTING_PREFIX) &&
		    setting_apply(envs[i], envs[i + 1], set, error_r) < 0)
			return -1;
	}
	if (lemonade_settings_check(set, error_r) < 0)
		return -1;
	return lemonade_settings_check_together(set, error_r);
}

static int settings_parse(const char *const *envs, unsigned int count,
			  const struct lemonade_settings **set_r,
			  const char **error_r)
{
	pool_t pool = pool_alloconly_create("lemonade settings", 1024);
	struct lemonade_settings *set =
		p_new(pool, struct lemonade_settings, 1);

	*set = lemonade_default_settings;
	set->pool = pool;
	if (settings_fill(envs, count, set, error_r) < 0) {
		pool_unref(&pool);
		return -1;
	}
	*set_r = set;
	return 0;
}

int lemonade_settings_get_user(struct mail_user *user,
			       const struct lemonade_settings **set_r,
			       const char **error_r)
{
	const char *const *envs = NULL;
	unsigned int count = 0;

	if (array_is_created(&user->set->plugin_envs))
		envs = array_get(&user->set->plugin_envs, &count);
	return settings_parse(envs, count, set_r, error_r);
}

int lemonade_settings_get_service(struct event *event ATTR_UNUSED,
				  const struct lemonade_settings **set_r,
				  const char **error_r)
{
	const struct setting_parser_info *roots[] = {
		&service_plugin_info, NULL
	};
	struct master_service_settings_input input = {
		.roots = roots,
		.module = "mail",
		.service = master_service_get_name(master_service),
	};
	struct master_service_settings_output output;
	const struct service_plugin_settings *set;
	const char *const *envs = NULL;
	unsigned int count = 0;

	if (master_service_settings_read(master_service, &input, &output,
					 error_r) < 0)
		return -1;
	set = master_service_settings_get_others(master_service)[0];
	if (array_is_created(&set->plugin_envs))
		envs = array_get(&set->plugin_envs, &count);
	return settings_parse(envs, count, set_r, error_r);
}

void lemonade_settings_free(const struct lemonade_settings **_set)
{
	pool_t pool;

	if (*_set == NULL)
		return;
	pool = (*_set)->pool;
	*_set = NULL;
	pool_unref(&pool);
}

#endif
