#include "lemo-urlauth.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

enum user_rule { WITHOUT, WITH, EITHER };

static const struct identifier {
	const char *name;
	enum lemo_urlauth_access access;
	enum user_rule user;
} identifiers[] = {
	{ "submit", LEMO_URLAUTH_SUBMIT, WITH },
	{ "user", LEMO_URLAUTH_USER, WITH },
	{ "stream", LEMO_URLAUTH_STREAM, EITHER },
	{ "authuser", LEMO_URLAUTH_AUTHUSER, WITHOUT },
	{ "anonymous", LEMO_URLAUTH_ANONYMOUS, WITHOUT }
};

#define IDENTIFIERS (sizeof(identifiers) / sizeof(identifiers[0]))

static const struct identifier *find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < IDENTIFIERS; i++) {
		if (strlen(identifiers[i].name) == len &&
		    strncasecmp(identifiers[i].name, name, len) == 0)
			return &identifiers[i];
	}
	return NULL;
}

int lemo_urlauth_access_parse(const char *application, const char *user,
			      enum lemo_urlauth_access *access_r,
			      const char **error_r)
{
	const struct identifier *id = find(application, strlen(application));

	if (id == NULL) {
		*error_r = "access identifier is not known";
		return -1;
	}
	if (id->user == WITH && (user == NULL || *user == '\0')) {
		*error_r = "access identifier needs a user";
		return -1;
	}
	if (id->user == WITHOUT && user != NULL) {
		*error_r = "access identifier takes no user";
		return -1;
	}
	*access_r = id->access;
	return 0;
}

int lemo_urlauth_list_parse(const char *list, unsigned int *set_r,
			    const char **error_r, size_t *pos_r)
{
	const char *word = list + strspn(list, " ");
	const struct identifier *id;
	unsigned int set = 0;
	size_t len;

	for (; *word != '\0'; word += strspn(word, " ")) {
		len = strcspn(word, " ");
		id = find(word, len);
		if (id == NULL) {
			*error_r = "no access identifier";
			*pos_r = word - list;
			return -1;
		}
		set |= id->access;
		word += len;
	}
	*set_r = set;
	return 0;
}

bool lemo_urlauth_is_entitled(enum lemo_urlauth_access access,
			      const char *url_user, const char *session_user,
			      bool session_is_anonymous)
{
	switch (access) {
	case LEMO_URLAUTH_USER:
		return !session_is_anonymous && url_user != NULL &&
			strcmp(url_user, session_user) == 0;
	case LEMO_URLAUTH_AUTHUSER:
		return !session_is_anonymous;
	case LEMO_URLAUTH_SUBMIT:
	case LEMO_URLAUTH_STREAM:
	case LEMO_URLAUTH_ANONYMOUS:
		break;
	}
	return true;
}
