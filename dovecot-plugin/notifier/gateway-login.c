#include "lib.h"
#include "array.h"
#include "safe-memset.h"
#include "gateway-login.h"
#include "setting-file.h"

static ARRAY(struct gateway_login *) logins;

static bool login_parse(const char *line, struct gateway_login *login)
{
	const char *const *args = t_strsplit_spaces(line, " \t");

	if (str_array_length(args) != 3 ||
	    (strcmp(args[0], "sms") != 0 && strcmp(args[0], "emn") != 0))
		return FALSE;
	login->channel = i_strdup(args[0]);
	login->user = i_strdup(args[1]);
	login->password = i_strdup(args[2]);
	return TRUE;
}

static void login_free(struct gateway_login *login)
{
	if (login->password != NULL)
		safe_memset(login->password, 0, strlen(login->password));
	i_free(login->password);
	i_free(login->user);
	i_free(login->channel);
	i_free(login);
}

static void logins_add(void *context, unsigned int number, const char *line)
{
	const struct setting_file *file = context;
	struct gateway_login *login = i_new(struct gateway_login, 1);

	if (login_parse(line, login)) {
		array_push_back(&logins, &login);
		return;
	}
	login_free(login);
	e_error(file->event, "lemonade_gateway_file: %s line %u: is not "
		"\"sms USER PASSWORD\" or \"emn USER PASSWORD\"; it is left "
		"out", file->path, number);
}

static void logins_read(struct event *event, const char *path)
{
	struct setting_file file = {
		.event = event, .setting = "lemonade_gateway_file",
		.path = path,
		.without = "gateways are asked without a password"
	};

	setting_file_read(&file, logins_add, &file);
}

void gateway_logins_init(struct event *event, const char *path)
{
	i_array_init(&logins, 2);
	if (*path != '\0')
		logins_read(event, path);
}

void gateway_logins_deinit(void)
{
	struct gateway_login *login;

	array_foreach_elem(&logins, login)
		login_free(login);
	array_free(&logins);
}

const struct gateway_login *gateway_login_find(const char *channel)
{
	struct gateway_login *login;

	array_foreach_elem(&logins, login) {
		if (strcmp(login->channel, channel) == 0)
			return login;
	}
	return NULL;
}
