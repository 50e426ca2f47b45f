/* Devices as written on the command line. */

#include "lib.h"
#include "lemonade-definition.h"

#include <jansson.h>

static int merge_object(json_t **object, const char *arg,
			const char **error_r)
{
	json_error_t error;
	json_t *new_object = json_loads(arg, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(new_object)) {
		*error_r = t_strdup_printf("this is no JSON object: %s",
			new_object == NULL ? error.text : "it is an array");
		json_decref(new_object);
		return -1;
	}
	json_decref(*object);
	*object = new_object;
	return 0;
}

static int merge_pair(json_t *object, const char *arg, const char **error_r)
{
	const char *value = strchr(arg, '='), *field;
	json_t *json;

	if (value == NULL || value == arg) {
		*error_r = t_strdup_printf("'%s' is neither a JSON object "
					   "nor FIELD=VALUE", arg);
		return -1;
	}
	field = t_strdup_until(arg, value++);
	if (*value == '\0') {
		(void)json_object_del(object, field);
		return 0;
	}
	json = json_loads(value, JSON_DECODE_ANY, NULL);
	/* no field is null, but there is a channel of that name */
	if (json == NULL || json_is_null(json))
		json = json_string(value);
	if (json_object_set_new(object, field, json) < 0) {
		*error_r = t_strdup_printf("'%s' is not UTF-8", arg);
		return -1;
	}
	return 0;
}

static int merge_all(json_t **object, const char *const *args,
		     const char **error_r)
{
	int ret = 0;

	for (; *args != NULL && ret == 0; args++) {
		ret = **args == '{' ? merge_object(object, *args, error_r) :
			merge_pair(*object, *args, error_r);
	}
	return ret;
}

static const char *to_text(const json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	const char *copy = t_strdup(text);

	free(text);
	return copy;
}

const char *lemonade_definition_merge(const char *old,
				      const char *const *args,
				      const char **error_r)
{
	json_t *object = json_object();
	const char *text = NULL;

	if ((old == NULL || (*args != NULL && **args == '{') ||
	     merge_object(&object, old, error_r) == 0) &&
	    merge_all(&object, args, error_r) == 0)
		text = to_text(object);
	json_decref(object);
	return text;
}
