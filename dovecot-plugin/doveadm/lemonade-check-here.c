/* What our plugins need: the configuration of this host, their modules and
   the notifier. */

#include "lib.h"
#include "istream.h"
#include "str.h"
#include "lemo-check-conf.h"
#include "doveadm-lemonade.h"
#include "lemonade-check-compat.h"
#include "lemonade-check.h"

#include <fcntl.h>
#include <unistd.h>

#define MODULE_SIZE_MAX (16 * 1024 * 1024)
#define VALUE_MAX 4096
/* What /proc says behind a program that is gone. */
#define DELETED " (deleted)"
#define CONTACT LEMONADE_CHECK_PLUGIN"lemonade_contact"

/* The protocols whose processes make events. */
static const char *const event_protocols[] = {
	"imap", "lmtp", "lda", "doveadm"
};

struct check_here {
	struct lemonade_check *check;
	/* of doveconf: outside of all protocols, and each of them */
	const char *conf, *of[N_ELEMENTS(event_protocols)];
};

static void set(struct check_here *here, const char *row, const char *why)
{
	lemonade_check_set(here->check, LEMO_CHECK_HERE, row, why == NULL,
			   why);
}

/* -- settings */

static int read_conf(struct check_here *here)
{
	static const char *const names[] = {
		"protocols", "mail_plugins", "imap_metadata",
		"mail_attribute_dict", "mail_attribute", "mailbox_list_index",
		"submission_relay_host", "submission_relay_port",
		"submission_relay_ssl", CONTACT, NULL
	};
	const char *error = NULL;
	unsigned int i;

	here->conf = lemonade_check_conf(NULL, names, &error);
	for (i = 0; i < N_ELEMENTS(event_protocols) && error == NULL; i++) {
		here->of[i] = lemonade_check_conf(event_protocols[i], names,
						  &error);
	}
	set(here, LEMO_CHECK_CONF, error);
	return error == NULL ? 0 : -1;
}

/* In the data stack; "" if it is not set. */
static const char *conf_value(const char *conf, const char *name)
{
	struct lemo_buf buf;
	const char *value;

	lemo_buf_init(&buf, VALUE_MAX);
	value = lemo_check_conf_value(conf, name, &buf) && buf.len > 0 ?
		t_strdup(buf.data) : "";
	lemo_buf_free(&buf);
	return value;
}

/* 2.4 shows only what the protocol adds or takes away. */
static bool
has_plugin(struct check_here *here, unsigned int protocol, const char *name)
{
	int ret = lemo_check_conf_has(here->of[protocol], "mail_plugins",
				      name);

	if (ret == 0 && LEMONADE_CHECK_DOVECOT == LEMO_CHECK_DOVECOT_24)
		ret = lemo_check_conf_has(here->conf, "mail_plugins", name);
	return ret > 0;
}

static void check_plugin(struct check_here *here, const char *row,
			 const char *name)
{
	string_t *missing = t_str_new(64);
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(event_protocols); i++) {
		if (!has_plugin(here, i, name)) {
			str_printfa(missing, "%s%s", str_len(missing) > 0 ?
				    ", " : "", event_protocols[i]);
		}
	}
	set(here, row, str_len(missing) == 0 ? NULL : t_strdup_printf(
		"mail_plugins does not have it for %s", str_c(missing)));
}

static bool has_dict(const char *conf)
{
	return *conf_value(conf, "mail_attribute_dict") != '\0' ||
		lemo_check_conf_has_block(conf, "mail_attribute");
}

static void check_settings(struct check_here *here)
{
	const char *imap = here->of[0];
	bool has;

	check_plugin(here, LEMO_CHECK_NOTIFY, "notify");
	check_plugin(here, LEMO_CHECK_PLUGIN, "lemonade");
	set(here, LEMO_CHECK_IMAP_PLUGIN,
	    has_plugin(here, 0, "imap_lemonade") ? NULL :
	    "mail_plugins of protocol imap does not have it");
	has = strcmp(conf_value(imap, "imap_metadata"), "yes") == 0;
	set(here, LEMO_CHECK_METADATA, has ? NULL :
	    "it is off, so clients cannot register devices");
	set(here, LEMO_CHECK_DICT, has_dict(imap) ? NULL :
	    "there is none, so METADATA and URLAUTH have no place");
	has = strcmp(conf_value(imap, "mailbox_list_index"), "yes") == 0;
	set(here, LEMO_CHECK_LIST_INDEX, has ? NULL :
	    "mailbox_list_index is off, and NOTIFY needs it");
	set(here, LEMO_CHECK_CONTACT,
	    *conf_value(here->conf, CONTACT) != '\0' ? NULL :
	    "lemonade_contact is not set, so there is no Web Push");
}

/* -- modules */

static int read_module(const char *path, string_t *data, const char **error_r)
{
	const unsigned char *block;
	struct istream *input;
	size_t size;

	input = i_stream_create_file(path, IO_BLOCK_SIZE);
	while (str_len(data) < MODULE_SIZE_MAX &&
	       i_stream_read_more(input, &block, &size) > 0) {
		str_append_data(data, block, size);
		i_stream_skip(input, size);
	}
	*error_r = input->stream_errno == 0 ? NULL :
		t_strdup_printf("%s: %s", path, i_stream_get_error(input));
	i_stream_destroy(&input);
	return *error_r == NULL ? 0 : -1;
}

static const char *module_trouble(const char *path)
{
	string_t *data = str_new(default_pool, IO_BLOCK_SIZE);
	const char *trouble = NULL;
	struct lemo_buf abi;

	lemo_buf_init(&abi, VALUE_MAX);
	if (read_module(path, data, &trouble) == 0 &&
	    !lemo_check_module_abi(str_c(data), str_len(data),
				   DOVECOT_ABI_VERSION, &abi)) {
		trouble = t_strdup_printf("%s is made for Dovecot %s, this "
			"is "DOVECOT_ABI_VERSION, path,
			abi.len == 0 ? "(unknown)" : abi.data);
	}
	lemo_buf_free(&abi);
	str_free(&data);
	return trouble;
}

/* Has the program that runs been replaced since? */
static bool was_upgraded(void)
{
	const char *path = t_strconcat(doveadm_settings->base_dir,
				       "/master.pid", NULL);
	char pid[32], exe[PATH_MAX];
	ssize_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return FALSE;
	len = read(fd, pid, sizeof(pid) - 1);
	i_close_fd(&fd);
	if (len <= 0)
		return FALSE;
	pid[len] = '\0';
	path = t_strdup_printf("/proc/%s/exe", t_strcut(pid, '\n'));
	len = readlink(path, exe, sizeof(exe) - 1);
	if (len <= 0)
		return FALSE;
	exe[len] = '\0';
	return (size_t)len > strlen(DELETED) &&
		strcmp(exe + len - strlen(DELETED), DELETED) == 0;
}

static void check_modules(struct check_here *here)
{
	static const char *const names[] = {
		"lib22_lemonade_plugin.so", "lib23_imap_lemonade_plugin.so",
		NULL
	};
	const char *const *name, *why = NULL;

	for (name = names; *name != NULL && why == NULL; name++) {
		why = module_trouble(t_strdup_printf("%s/%s",
			doveadm_settings->mail_plugin_dir, *name));
	}
	if (why == NULL && was_upgraded())
		why = "the Dovecot that runs is not the one that is installed";
	set(here, LEMO_CHECK_MODULES, why);
}

/* -- the notifier */

static void status_row(const char *const *fields, void *context)
{
	const char **why = context;
	const char *state = lemonade_admin_value(fields, "outbox_state");

	if (null_strcmp(state, "ok") != 0) {
		*why = t_strdup_printf("its outbox: %s",
				       state == NULL ? "unknown" : state);
	}
}

static void vapid_row(const char *const *fields ATTR_UNUSED, void *context)
{
	const char **why = context;

	*why = NULL;
}

/* *why is what is wrong, also after the callback. */
static void ask(struct lemonade_admin *admin, const char *command,
		lemonade_admin_row_t *callback, const char **why)
{
	const char *const args[] = { command, NULL };
	struct lemonade_admin_error error;

	if (lemonade_admin_command(admin, args, LEMONADE_ADMIN_TIMEOUT_MSECS,
				   callback, why, &error) < 0)
		*why = error.text;
}

static void not_tried(struct check_here *here, const char *row,
		      const char *why)
{
	lemonade_check_result(here->check, LEMO_CHECK_HERE, row)->why =
		p_strconcat(here->check->pool, "not tried: ", why, NULL);
}

static void ask_notifier(struct check_here *here, struct lemonade_admin *admin)
{
	const char *why = NULL;

	ask(admin, "STATUS", status_row, &why);
	set(here, LEMO_CHECK_NOTIFIER, why);
	if (why != NULL) {
		not_tried(here, LEMO_CHECK_VAPID, "the notifier is in "
			  "trouble");
		return;
	}
	why = "there are none";
	ask(admin, "VAPID-SHOW", vapid_row, &why);
	set(here, LEMO_CHECK_VAPID, why);
}

static void check_notifier(struct check_here *here, const char *admin_socket)
{
	struct lemonade_admin_error error;
	struct lemonade_admin *admin;
	bool on = lemo_check_conf_has(here->conf, "protocols",
				      "lemonade") > 0;

	set(here, LEMO_CHECK_PROTOCOL, on ? NULL :
	    "it is off, so there is no notifier");
	if (!on) {
		not_tried(here, LEMO_CHECK_NOTIFIER, "protocol lemonade is "
			  "off");
		not_tried(here, LEMO_CHECK_VAPID, "protocol lemonade is off");
		return;
	}
	admin = lemonade_admin_connect(admin_socket, &error);
	if (admin == NULL) {
		set(here, LEMO_CHECK_NOTIFIER, error.text);
		not_tried(here, LEMO_CHECK_VAPID, "the notifier is in "
			  "trouble");
		return;
	}
	ask_notifier(here, admin);
	lemonade_admin_disconnect(&admin);
}

/* -- the relay of the submission service */

static int relay_url(struct check_here *here, struct lemo_check_url *url_r,
		     const char **error_r)
{
	const char *host = conf_value(here->conf, "submission_relay_host");
	bool tls = strcmp(conf_value(here->conf, "submission_relay_ssl"),
			  "smtps") == 0;

	if (*host == '\0') {
		*error_r = "submission_relay_host is not set";
		return -1;
	}
	return lemo_check_url_parse(t_strdup_printf(
		strchr(host, ':') == NULL ? "%s://%s:%s" : "%s://[%s]:%s",
		tls ? "smtps" : "smtp", host,
		conf_value(here->conf, "submission_relay_port")),
		LEMO_CHECK_SMTP, url_r, error_r);
}

static void check_relay(struct check_here *here)
{
	struct lemo_check_url url;
	const char *error;

	if (lemo_check_conf_has(here->conf, "protocols", "submission") <= 0) {
		lemonade_check_result(here->check, LEMO_CHECK_HERE,
				      LEMO_CHECK_RELAY)->not_needed = TRUE;
	} else if (relay_url(here, &url, &error) < 0 ||
		   lemonade_check_relay(here->check, &url, &error) < 0) {
		set(here, LEMO_CHECK_RELAY, error);
	} else {
		set(here, LEMO_CHECK_RELAY, NULL);
	}
}

void lemonade_check_here(struct lemonade_check *check,
			 const char *admin_socket)
{
	struct check_here here = { .check = check };

	if (read_conf(&here) < 0) {
		lemonade_check_not_tried(check, LEMO_CHECK_HERE,
					 "the configuration has an error");
		return;
	}
	check_settings(&here);
	check_modules(&here);
	check_notifier(&here, admin_socket);
	check_relay(&here);
}
