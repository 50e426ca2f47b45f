#include "lib.h"
#include "str-sanitize.h"
#include "sieve-common.h"
#include "lemo-notify-uri.h"
#include "ntfy-option.h"

#define OPTION_LOG_LEN 80
#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool ntfy_option_has_name(const char *option)
{
	return strspn(option, LETTERS_DIGITS) > 0 &&
		option[strspn(option, LETTERS_DIGITS ".-_")] == '=';
}

static bool is_ttl(const char *option)
{
	return strcmp(option, LEMO_NOTIFY_OPTION_TTL) == 0;
}

/* Pigeonhole, up to 2.4.1 at least, gives the end of the value, which is that
   of the whole "option=value": it begins behind the name. */
static const char *value_begin(const char *option, const char *value)
{
	size_t len = strlen(option);

	if (*value != '\0')
		return value;
	while (value[-1] != '=' ||
	       strncmp(value - 1 - len, option, len) != 0)
		value--;
	return value;
}

static const char *bad_ttl(const char *value)
{
	return t_strdup_printf("the option '"LEMO_NOTIFY_OPTION_TTL"=%s' must "
			       "be seconds from 1 to %u",
			       str_sanitize(value, OPTION_LOG_LEN),
			       LEMO_DEVICE_TTL_MAX);
}

bool ntfy_option_check(const struct sieve_enotify_env *nenv,
		       const char *option, const char *value)
{
	uint32_t ttl;

	if (!is_ttl(option)) {
		sieve_enotify_warning(nenv, "the option '%s' is unknown: it is "
				      "ignored",
				      str_sanitize(option, OPTION_LOG_LEN));
		return TRUE;
	}
	if (value == NULL)
		return TRUE;
	value = value_begin(option, value);
	if (lemo_notify_ttl_parse(value, &ttl))
		return TRUE;
	sieve_enotify_error(nenv, "%s", bad_ttl(value));
	return FALSE;
}

bool ntfy_option_get(const struct sieve_enotify_env *nenv, const char *option,
		     const char *value, uint32_t *ttl_r)
{
	if (!is_ttl(option))
		return FALSE;
	value = value_begin(option, value);
	if (lemo_notify_ttl_parse(value, ttl_r))
		return TRUE;
	sieve_enotify_warning(nenv, "%s: it is ignored", bad_ttl(value));
	return FALSE;
}
