#include "lemo-metadata-log.h"

#include <string.h>

#include "lemo-banned.h"

#define DOVECOT_PREFIX "vendor/vendor.dovecot/pvt/"
#define SERVER_PREFIX DOVECOT_PREFIX"server/"

void lemo_metadata_log_init(struct lemo_metadata_log *log,
			    const void *data, size_t size)
{
	log->pos = data;
	log->end = log->pos + size;
}

static bool begins_with(const char *str, const char *prefix)
{
	return strncmp(str, prefix, strlen(prefix)) == 0;
}

/* "+pNAME"; false: the list has ended. */
static bool next_update(struct lemo_metadata_log *log, const char **update_r)
{
	const char *update = log->pos;
	const char *nul = memchr(update, '\0', log->end - update);

	if (nul == NULL || nul - update < 3)
		return false;
	if ((update[0] != '+' && update[0] != '-') ||
	    (update[1] != 'p' && update[1] != 's'))
		return false;
	log->pos = nul + 1;
	*update_r = update;
	return true;
}

bool lemo_metadata_log_next(struct lemo_metadata_log *log,
			    struct lemo_metadata_change *change_r)
{
	const char *update, *name;
	bool is_server;

	while (next_update(log, &update)) {
		name = update + 2;
		is_server = begins_with(name, SERVER_PREFIX);
		if (is_server)
			name += strlen(SERVER_PREFIX);
		if (*name == '\0' || begins_with(name, DOVECOT_PREFIX))
			continue;
		change_r->is_private = update[1] == 'p';
		change_r->is_server = is_server;
		change_r->name = name;
		return true;
	}
	return false;
}

bool lemo_metadata_key_is_valid(const char *key)
{
	const char *token;

	if (begins_with(key, SERVER_PREFIX))
		key += strlen(SERVER_PREFIX);
	if (!begins_with(key, "vendor"))
		return *key != '\0';
	token = key + strlen("vendor");
	if (*token == '\0')
		return false;
	return *token != '/' || strchr(token + 1, '/') != NULL;
}
