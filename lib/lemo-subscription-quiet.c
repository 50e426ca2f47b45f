#include "lemo-subscription-private.h"
#include "lemo-limits.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lemo-banned.h"

static bool fail(struct lemo_subscription_error *error, const char *field,
		 const char *reason)
{
	(void)snprintf(error->field, sizeof(error->field), "quiet%s", field);
	error->reason = reason;
	return false;
}

static bool fail_in_time(struct lemo_subscription_error *error, size_t i,
			 const char *field, const char *reason)
{
	char part[40];

	(void)snprintf(part, sizeof(part), ".times[%u]%s", (unsigned int)i,
		       field);
	return fail(error, part, reason);
}

/* False if the object has other keys than these. */
static bool has_only(json_t *object, const char *const keys[])
{
	const char *key;
	json_t *value;
	unsigned int i;

	json_object_foreach(object, key, value) {
		for (i = 0; keys[i] != NULL && strcmp(keys[i], key) != 0;)
			i++;
		if (keys[i] == NULL)
			return false;
	}
	return true;
}

static bool get_zone(struct lemo_quiet *quiet, json_t *value,
		     struct lemo_subscription_error *error)
{
	const char *zone = json_string_value(value);

	if (zone == NULL || !lemo_zone_name_is_valid(zone)) {
		return fail(error, ".zone", "must be the name of a time zone "
			    "such as Europe/Berlin");
	}
	memcpy(quiet->zone, zone, strlen(zone) + 1);
	return true;
}

static bool get_days(json_t *value, unsigned int *days_r)
{
	const char *str = json_string_value(value);

	*days_r = 0x7f;
	return value == NULL ||
		(str != NULL && lemo_quiet_parse_days(str, days_r));
}

static bool get_clock(json_t *value, unsigned int max, unsigned int *minutes_r)
{
	const char *str = json_string_value(value);

	return str != NULL && lemo_quiet_parse_clock(str, minutes_r) &&
		*minutes_r <= max;
}

static bool get_time(struct lemo_quiet *quiet, json_t *value, size_t i,
		     struct lemo_subscription_error *error)
{
	static const char *const keys[] = { "days", "from", "to", NULL };
	unsigned int days, from, to;

	if (!json_is_object(value) || !has_only(value, keys))
		return fail_in_time(error, i, "", "must be an object of "
				    "from, to and perhaps days");
	if (!get_days(json_object_get(value, "days"), &days))
		return fail_in_time(error, i, ".days", "must be days such as "
				    "mo-fr or sa,su");
	if (!get_clock(json_object_get(value, "from"), LEMO_QUIET_DAY - 1,
		       &from))
		return fail_in_time(error, i, ".from", "must be a time from "
				    "00:00 to 23:59");
	if (!get_clock(json_object_get(value, "to"), LEMO_QUIET_DAY, &to))
		return fail_in_time(error, i, ".to", "must be a time from "
				    "00:00 to 24:00");
	if (from == to)
		return fail_in_time(error, i, ".to", "must not be the same as "
				    "from; a whole day is 00:00 to 24:00");
	lemo_quiet_add(quiet, days, from, to);
	return true;
}

static bool get_times(struct lemo_quiet *quiet, json_t *value,
		      struct lemo_subscription_error *error)
{
	size_t i, count = json_array_size(value);

	/* the size of what is no array is 0 */
	if (count == 0 || count > LEMO_DEVICE_QUIET_TIMES_MAX) {
		return fail(error, ".times", "must be an array of 1 to 16 "
			    "times");
	}
	for (i = 0; i < count; i++) {
		if (!get_time(quiet, json_array_get(value, i), i, error))
			return false;
	}
	return !lemo_quiet_is_endless(quiet) ||
		fail(error, ".times", "leave no time at which to ring");
}

static bool get_urgent(struct lemo_quiet *quiet, json_t *value,
		       struct lemo_subscription_error *error)
{
	if (value != NULL && !json_is_boolean(value))
		return fail(error, ".urgent", "must be true or false");
	quiet->hold_urgent = json_is_false(value);
	return true;
}

static bool parse(struct lemo_quiet *quiet, json_t *value,
		  struct lemo_subscription_error *error)
{
	static const char *const keys[] = { "zone", "times", "urgent", NULL };

	if (!json_is_object(value) || !has_only(value, keys))
		return fail(error, "", "must be an object of zone, times and "
			    "perhaps urgent");
	return get_zone(quiet, json_object_get(value, "zone"), error) &&
		get_times(quiet, json_object_get(value, "times"), error) &&
		get_urgent(quiet, json_object_get(value, "urgent"), error);
}

struct lemo_quiet *
lemo_subscription_parse_quiet(void *json,
			      struct lemo_subscription_error *error_r)
{
	struct lemo_quiet *quiet = calloc(1, sizeof(*quiet));

	if (quiet == NULL) {
		(void)fail(error_r, "", "out of memory");
	} else if (!parse(quiet, json, error_r)) {
		free(quiet);
		quiet = NULL;
	}
	return quiet;
}
