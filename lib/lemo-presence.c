#include "lemo-presence.h"
#include "lemo-event-wire.h"
#include "lemo-event.h"

#include <string.h>

#include "lemo-banned.h"

/* user, session, client-ip */
#define FIELDS_COUNT 3

static int fail(const char **error_r, const char *error)
{
	*error_r = error;
	return -1;
}

/* Unescapes the value from str to the next TAB or to end. NULL if it is
   escaped wrongly. *next_r: where the one behind it begins, NULL if none. */
static char *next_value(char *str, char *end, char **next_r)
{
	char *tab = memchr(str, '\t', end - str);
	ptrdiff_t len;

	*next_r = tab == NULL ? NULL : tab + 1;
	len = lemo_tabunescape(str, (tab == NULL ? end : tab) - str);
	if (len < 0)
		return NULL;
	str[len] = '\0';
	return str;
}

static int set_fields(struct lemo_presence *presence,
		      char *const values[FIELDS_COUNT], const char **error_r)
{
	presence->user = values[0];
	presence->session = values[1];
	presence->client_ip = values[2];
	if (*presence->user == '\0' ||
	    strlen(presence->user) > LEMO_USER_MAX)
		return fail(error_r, "bad user");
	if (*presence->session == '\0' ||
	    strlen(presence->session) > LEMO_SESSION_MAX)
		return fail(error_r, "bad session");
	if (strlen(presence->client_ip) > LEMO_CLIENT_IP_MAX)
		return fail(error_r, "bad client address");
	return 0;
}

static int decode_fields(struct lemo_presence *presence, char **next,
			 char *end, const char **error_r)
{
	char *values[FIELDS_COUNT];
	unsigned int i;

	for (i = 0; i < FIELDS_COUNT; i++) {
		if (*next == NULL)
			return fail(error_r, "too few values");
		values[i] = next_value(*next, end, next);
		if (values[i] == NULL)
			return fail(error_r, "bad escape");
	}
	return set_fields(presence, values, error_r);
}

static int decode_devices(struct lemo_presence *presence, char *next,
			  char *end, const char **error_r)
{
	char *device;

	while (next != NULL) {
		device = next_value(next, end, &next);
		if (device == NULL || !lemo_device_name_is_valid(device))
			return fail(error_r, "bad device");
		if (!lemo_presence_add_device(presence, device))
			return fail(error_r, "doubled device or too many");
	}
	return 0;
}

int lemo_presence_decode(char *line, size_t len,
			 struct lemo_presence *presence_r,
			 const char **error_r)
{
	const size_t command_len = strlen(LEMO_PRESENCE_COMMAND);
	struct lemo_presence presence = { .devices_count = 0 };
	char *end = line + len, *next;

	if (len > LEMO_PRESENCE_LINE_MAX)
		return fail(error_r, "too long");
	if (len <= command_len ||
	    memcmp(line, LEMO_PRESENCE_COMMAND, command_len) != 0 ||
	    line[command_len] != '\t')
		return fail(error_r, "not a PRESENCE line");
	next = line + command_len + 1;
	if (decode_fields(&presence, &next, end, error_r) < 0 ||
	    decode_devices(&presence, next, end, error_r) < 0)
		return -1;
	*presence_r = presence;
	return 0;
}

static void add_value(struct lemo_buf *buf, const char *value)
{
	lemo_buf_addc(buf, '\t');
	lemo_tabescape(buf, value, strlen(value));
}

void lemo_presence_encode(const struct lemo_presence *presence,
			  struct lemo_buf *buf)
{
	unsigned int i;

	lemo_buf_adds(buf, LEMO_PRESENCE_COMMAND);
	add_value(buf, presence->user);
	add_value(buf, presence->session);
	add_value(buf, presence->client_ip);
	for (i = 0; i < presence->devices_count; i++)
		add_value(buf, presence->devices[i]);
	lemo_buf_addc(buf, '\n');
}

bool lemo_presence_has_device(const struct lemo_presence *presence,
			      const char *device)
{
	unsigned int i;

	for (i = 0; i < presence->devices_count; i++) {
		if (strcmp(presence->devices[i], device) == 0)
			return true;
	}
	return false;
}

bool lemo_presence_add_device(struct lemo_presence *presence,
			      const char *device)
{
	if (presence->devices_count == LEMO_DEVICES_MAX ||
	    lemo_presence_has_device(presence, device))
		return false;
	presence->devices[presence->devices_count++] = device;
	return true;
}
