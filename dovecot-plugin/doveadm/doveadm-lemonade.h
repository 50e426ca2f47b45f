#ifndef DOVEADM_LEMONADE_H
#define DOVEADM_LEMONADE_H

#include "doveadm.h"
#include "doveadm-mail.h"
#include "doveadm-print.h"
#include "lemonade-admin.h"
#include "lemonade-device-store.h"
#include "lemonade-doveadm-compat.h"

struct module;

extern const char *doveadm_lemonade_plugin_version;
void doveadm_lemonade_plugin_init(struct module *module);
void doveadm_lemonade_plugin_deinit(void);

/* doveadm-lemonade-check.c */
void lemonade_register_check(void);
/* doveadm-lemonade-sieve.c */
void lemonade_register_sieve(void);
/* doveadm-lemonade-vapid.c */
void lemonade_register_vapid(void);
/* doveadm-lemonade-operating.c: trace, revoke, export */
void lemonade_register_operating(void);

/* doveadm-lemonade-print.c: one column of an answer. */
struct lemonade_column {
	/* key of the notifier's row */
	const char *key;
	const char *title;
	enum doveadm_print_header_flags flags;
};
#define LEMONADE_COLUMN_NUMBER \
	(DOVEADM_PRINT_HEADER_FLAG_NUMBER | \
	 DOVEADM_PRINT_HEADER_FLAG_RIGHT_JUSTIFY)

/* columns ends with a NULL key */
void lemonade_print_headers(const struct lemonade_column *columns);
void lemonade_print_row(const struct lemonade_column *columns,
			const char *const *fields);

/* The path of -a, or lemonade-notify-admin in base_dir. */
const char *lemonade_admin_socket(const struct doveadm_cmd_context *cctx);

/* doveadm-lemonade-notifier.c, -status.c: what the notifier alone answers. */
void cmd_lemonade_status(struct doveadm_cmd_context *cctx);
/* Connects and asks; what goes wrong is said, and sets the exit code.
   callback: NULL if there are no rows. */
void lemonade_ask(struct doveadm_cmd_context *cctx, const char *const *args,
		  lemonade_admin_row_t *callback, void *context);
void cmd_lemonade_queue(struct doveadm_cmd_context *cctx);
void cmd_lemonade_retry(struct doveadm_cmd_context *cctx);
void cmd_lemonade_purge(struct doveadm_cmd_context *cctx);

/* doveadm-lemonade-trace.c */
struct lemo_trace_record;
void cmd_lemonade_trace(struct doveadm_cmd_context *cctx);
/* The directory of the trace, from the notifier; data stack. */
int lemonade_trace_dir(struct lemonade_admin *admin, const char **dir_r,
		       struct lemonade_admin_error *error_r);
/* Local time with milliseconds; plain words; data stack. */
const char *lemonade_trace_time(int64_t msecs);
const char *lemonade_trace_words(const struct lemo_trace_record *record);

/* doveadm-lemonade-user.c: what all commands for a user share. */
struct lemonade_mail_cmd {
	struct doveadm_mail_cmd_context ctx;

	/* from the command line; device in lower case, NULL if absent */
	const char *device;
	const char *const *definition;
	bool verified, dry_run, feed;

	bool need_admin;
	/* NULL if not asked for or not reachable; connected as root, before
	   the privileges of the user are taken. */
	struct lemonade_admin *admin;
	struct lemonade_admin_error admin_error;
};

struct lemonade_mail_cmd *lemonade_mail_cmd_alloc(void);
/* The same for one that is part of a larger struct. */
void lemonade_mail_cmd_setup(struct lemonade_mail_cmd *cmd);
/* Connects; for a prerun() that has more to do. */
int lemonade_mail_cmd_prerun(struct doveadm_mail_cmd_context *ctx,
			     struct mail_storage_service_user *service_user,
			     const char **error_r);
/* From init(): connect to the notifier before each run. need: the command
   cannot do without. */
void lemonade_mail_cmd_want_admin(struct lemonade_mail_cmd *cmd, bool need);
struct lemonade_mail_cmd *
lemonade_mail_cmd_get(struct doveadm_mail_cmd_context *ctx);
/* Takes device and definition; prints the help and exits if the device is
   missing or no name. With --feed there is no device. */
void lemonade_mail_cmd_params(struct lemonade_mail_cmd *cmd);
/* Logs the error and sets the exit code. Always returns -1. */
int lemonade_mail_cmd_fail(struct lemonade_mail_cmd *cmd, int exit_code,
			   const char *error);
/* For the beginning of each run: -1 with everything said if the lemonade
   plugin is not loaded for the user or a needed notifier was not reached. */
int lemonade_mail_cmd_begin(struct lemonade_mail_cmd *cmd,
			    struct mail_user *user);
/* Like lemonade_mail_cmd_fail(), for a device that can't be `what'. */
int lemonade_mail_cmd_store_fail(struct lemonade_mail_cmd *cmd,
				 const char *what,
				 const struct lemonade_store_error *error);
/* Calls back with each device of the user. -1 with everything said. */
int lemonade_mail_cmd_each(struct lemonade_mail_cmd *cmd,
			   struct mail_user *user, lemonade_device_t *callback,
			   void *context);
/* For a device that is not there. */
int lemonade_mail_cmd_not_found(struct lemonade_mail_cmd *cmd);
/* Begins and reads cmd->device. Returns 1, 0 if there is none, -1 with
   everything said. */
int lemonade_mail_cmd_find(struct lemonade_mail_cmd *cmd,
			   struct mail_user *user, const char **json_r);
/* The same for a device that has to exist: 0 or -1. */
int lemonade_mail_cmd_lookup(struct lemonade_mail_cmd *cmd,
			     struct mail_user *user, const char **json_r);

/* doveadm-lemonade-device.c, -export.c, -list.c, -revoke.c, -test.c */
struct doveadm_mail_cmd_context *cmd_lemonade_export_alloc(void);
struct doveadm_mail_cmd_context *cmd_lemonade_revoke_alloc(void);
struct doveadm_mail_cmd_context *cmd_lemonade_device_list_alloc(void);
struct doveadm_mail_cmd_context *cmd_lemonade_device_add_alloc(void);
struct doveadm_mail_cmd_context *cmd_lemonade_device_set_alloc(void);
struct doveadm_mail_cmd_context *cmd_lemonade_device_disable_alloc(void);
struct doveadm_mail_cmd_context *cmd_lemonade_device_remove_alloc(void);
struct doveadm_mail_cmd_context *cmd_lemonade_test_alloc(void);

#endif
