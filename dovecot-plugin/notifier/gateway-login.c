#include "lib.h"
#include "array.h"
#include "istream.h"
#include "safe-memset.h"
#include "gateway-login.h"

#include <fcntl.h>

#define LINE_MAX_SIZE 1024

static ARRAY(struct gateway_login *) logins;

static bool login_parse(const char *line, struct gateway_login *login)
{
	const char *const *args = t_strsplit_spaces(line, " \t");

	if (str_array_length(args) != 3)
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

static void logins_add(struct event *event, const char *path,
		       unsigned int number, const char *line)
{
	struct gateway_login *login;

	line = t_str_trim(line, " \t\r");
	if (*line == '\0' || *line == '#')
		return;
	login = i_new(struct gateway_login, 1);
	if (login_parse(line, login)) {
		array_push_back(&logins, &login);
		return;
	}
	login_free(login);
	e_error(event, "lemonade_gateway_file: %s line %u: is not "
		"\"CHANNEL USER PASSWORD\"; it is left out", path, number);
}

static void logins_read(struct event *event, const char *path)
{
	struct istream *input;
	unsigned int number = 0;
	const char *line;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1) {
		e_error(event, "lemonade_gateway_file: %s cannot be opened: "
			"%m; gateways are asked without a password", path);
		return;
	}
	input = i_stream_create_fd_autoclose(&fd, LINE_MAX_SIZE);
	while ((line = i_stream_read_next_line(input)) != NULL) T_BEGIN {
		logins_add(event, path, ++number, line);
	} T_END;
	i_stream_unref(&input);
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
