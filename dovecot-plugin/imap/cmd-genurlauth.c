#include "lib.h"
#include "str.h"
#include "imap-common.h"
#include "imap-commands.h"
#include "imap-quote.h"
#include "imap-urlauth.h"
#include "imap-lemonade-urlauth.h"

/* 1: the URL is in *url_r. Else the tagged answer was sent. */
static int generate(struct client_command_context *cmd,
		    const struct imap_lemonade_urlauth *urlauth,
		    const char *rump, const char *mechanism,
		    const char **url_r)
{
	enum lemo_urlauth_access access;
	struct imap_url *url;
	const char *error;
	int ret;

	if (imap_lemonade_urlauth_parse(urlauth, rump, &url, &access,
					&error) < 0) {
		client_send_command_error(cmd,
			t_strdup_printf("Invalid URL: %s.", error));
		return 0;
	}
	/* 2.4 would ask the userdb about any name */
	if (strcmp(url->userid, cmd->client->user->username) != 0) {
		client_send_command_error(cmd,
			"Invalid URL: its owner is another user.");
		return 0;
	}
	imap_lemonade_urlauth_refresh(cmd->client, url);
	ret = imap_urlauth_generate(cmd->client->urlauth_ctx, mechanism, rump,
				    url_r, &error);
	if (ret < 0)
		client_send_internal_error(cmd);
	else if (ret == 0)
		client_send_command_error(cmd, error);
	return ret;
}

/* URL mechanism [URL mechanism ...]. 1: the response is whole. Else the tagged
   answer was sent. */
static int generate_all(struct client_command_context *cmd,
			const struct imap_lemonade_urlauth *urlauth,
			const struct imap_arg *args, string_t *response)
{
	const char *rump, *mechanism, *url;
	int ret;

	do {
		/* behind an end of line there is nothing to read */
		if (!imap_arg_get_astring(&args[0], &rump) ||
		    !imap_arg_get_atom(&args[1], &mechanism)) {
			client_send_command_error(cmd, "Invalid arguments.");
			return 0;
		}
		ret = generate(cmd, urlauth, rump, mechanism, &url);
		if (ret <= 0)
			return ret;
		str_append_c(response, ' ');
		imap_append_astring(response, url);
		args += 2;
	} while (!IMAP_ARG_IS_EOL(args));
	return 1;
}

bool imap_lemonade_cmd_genurlauth(struct client_command_context *cmd)
{
	const struct imap_lemonade_urlauth *urlauth =
		imap_lemonade_urlauth_get(cmd->client);
	const struct imap_arg *args;
	string_t *response;

	if (urlauth == NULL)
		return cmd_genurlauth(cmd);
	if (!client_read_args(cmd, 0, 0, &args))
		return FALSE;
	if (urlauth->tls_missing) {
		client_send_tagline(cmd, "NO [PRIVACYREQUIRED] "
				    "URLs are authorised in TLS only.");
		return TRUE;
	}
	response = t_str_new(1024);
	str_append(response, "* GENURLAUTH");
	if (generate_all(cmd, urlauth, args, response) > 0) {
		client_send_line(cmd->client, str_c(response));
		client_send_tagline(cmd, "OK GENURLAUTH completed.");
	}
	return TRUE;
}
