#include "lib.h"
#include "strescape.h"
#include "strnum.h"
#include "lemo-weburl.h"
#include "lemonade-admin.h"
#include "lemonade-export.h"

#include <jansson.h>

#define NOT_SHOWN "(not shown)"

struct lemonade_export {
	json_t *root, *devices, *feed, *trace; /* root owns them */
};

struct lemonade_export *lemonade_export_init(const char *user)
{
	struct lemonade_export *exp = i_new(struct lemonade_export, 1);

	exp->root = json_object();
	exp->devices = json_object();
	exp->feed = json_array();
	exp->trace = json_array();
	json_object_set_new(exp->root, "user", json_string(user));
	json_object_set_new(exp->root, "devices", exp->devices);
	json_object_set_new(exp->root, "feed", exp->feed);
	json_object_set_new(exp->root, "trace", exp->trace);
	return exp;
}

void lemonade_export_deinit(struct lemonade_export **_exp)
{
	struct lemonade_export *exp = *_exp;

	*_exp = NULL;
	json_decref(exp->root);
	i_free(exp);
}

static json_t *get_device(struct lemonade_export *exp, const char *name)
{
	json_t *device = json_object_get(exp->devices, name);

	if (device == NULL) {
		device = json_object();
		json_object_set_new(exp->devices, name, device);
	}
	return device;
}

static json_t *get_array(json_t *object, const char *name)
{
	json_t *array = json_object_get(object, name);

	if (array == NULL) {
		array = json_array();
		json_object_set_new(object, name, array);
	}
	return array;
}

static void hide(json_t *entry, const char *field)
{
	if (json_object_get(entry, field) != NULL)
		json_object_set_new(entry, field, json_string(NOT_SHOWN));
}

static void hide_path(json_t *entry)
{
	const char *url = json_string_value(json_object_get(entry, "url"));
	struct lemo_weburl weburl;
	const char *error;

	if (url == NULL || lemo_weburl_parse(url, &weburl, &error) < 0)
		hide(entry, "url");
	else {
		json_object_set_new(entry, "url", json_string(t_strconcat(
			weburl.origin, "/"NOT_SHOWN, NULL)));
	}
}

void lemonade_export_entry(struct lemonade_export *exp, const char *device,
			   const char *json)
{
	json_t *entry = json_loads(json, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(entry)) {
		json_decref(entry);
		entry = json_string("(cannot be parsed)");
	} else {
		hide_path(entry);
		hide(entry, "keys");
		hide(entry, "verificationCode");
	}
	json_object_set_new(get_device(exp, device), "entry", entry);
}

/* "EVENT key=value ...", escaped, as an object */
static json_t *parse_event(const char *line)
{
	const char *const *words = t_strsplit_tabescaped(line), *value;
	json_t *event = json_object();

	for (; *words != NULL; words++) {
		value = strchr(*words, '=');
		if (value != NULL) {
			json_object_set_new(event, t_strdup_until(*words,
				value), json_string(value + 1));
		}
	}
	return event;
}

static void add_waiting(json_t *array, const char *const *fields)
{
	const char *event = lemonade_admin_value(fields, "event");
	const char *tries = lemonade_admin_value(fields, "tries");
	json_t *row = json_object();
	unsigned int num;

	if (tries == NULL || str_to_uint(tries, &num) < 0)
		num = 0;
	json_object_set_new(row, "tries", json_integer(num));
	json_object_set_new(row, "event", parse_event(event == NULL ? "" :
						      event));
	json_array_append_new(array, row);
}

static void add_rang(json_t *device, const char *const *fields)
{
	static const char *const names[] = { "mailbox", "uid", "at" };
	json_t *row = json_object();
	const char *value;
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(names); i++) {
		value = lemonade_admin_value(fields, names[i]);
		if (value != NULL) {
			json_object_set_new(row, names[i],
					    json_string(value));
		}
	}
	json_array_append_new(get_array(device, "rang"), row);
}

static void add_status(json_t *device, const char *const *fields)
{
	const char *value = lemonade_admin_value(fields, "status");
	json_t *status = value == NULL ? NULL : json_loads(value, 0, NULL);

	if (status == NULL)
		return;
	hide(status, "secret");
	json_object_set_new(device, "status", status);
}

void lemonade_export_row(struct lemonade_export *exp,
			 const char *const *fields)
{
	const char *kind = lemonade_admin_value(fields, "kind");
	const char *name = lemonade_admin_value(fields, "device");

	if (kind == NULL || name == NULL)
		return;
	if (strcmp(name, LEMO_TRACE_FEED) == 0)
		add_waiting(exp->feed, fields);
	else if (strcmp(kind, "waiting") == 0)
		add_waiting(get_array(get_device(exp, name), "waiting"),
			    fields);
	else if (strcmp(kind, "rang") == 0)
		add_rang(get_device(exp, name), fields);
	else if (strcmp(kind, "device") == 0)
		add_status(get_device(exp, name), fields);
}

void lemonade_export_trace(struct lemonade_export *exp,
			   const struct lemo_trace_record *record,
			   const char *time, const char *words)
{
	json_t *row = json_object();

	json_object_set_new(row, "time", json_string(time));
	if (record->device != NULL) {
		json_object_set_new(row, "device",
				    json_string(record->device));
	}
	json_object_set_new(row, "what", json_string(words));
	if (record->event_id != NULL) {
		json_object_set_new(row, "event",
				    json_string(record->event_id));
	}
	json_array_append_new(exp->trace, row);
}

const char *lemonade_export_text(const struct lemonade_export *exp)
{
	char *text = json_dumps(exp->root, JSON_INDENT(2));
	const char *copy = t_strdup(text);

	free(text);
	return copy;
}
