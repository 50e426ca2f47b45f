#ifndef DOVEADM_LEMONADE_PARAMS_H
#define DOVEADM_LEMONADE_PARAMS_H

/* Parameters and usage that commands share. Each option has a letter: 2.3
   refuses those of mail commands that have none. */

#define ADMIN_PARAMS \
DOVEADM_CMD_PARAM('a', "socket", CMD_PARAM_STR, 0)
#define DEVICE_PARAM \
DOVEADM_CMD_PARAM('\0', "device", CMD_PARAM_STR, CMD_PARAM_FLAG_POSITIONAL)
#define ADMIN_USAGE "[-a <admin socket path>]"
#define NOTIFIER_PARAMS \
DOVEADM_CMD_PARAM('u', "user", CMD_PARAM_STR, 0) \
ADMIN_PARAMS
#define DEVICE_PARAMS \
DOVEADM_CMD_MAIL_COMMON \
ADMIN_PARAMS \
DEVICE_PARAM
#define DEFINE_PARAMS \
DOVEADM_CMD_PARAM('V', "verified", CMD_PARAM_BOOL, 0) \
DEVICE_PARAMS \
DOVEADM_CMD_PARAM('\0', "definition", CMD_PARAM_ARRAY, \
		  CMD_PARAM_FLAG_POSITIONAL)
#define NOTIFIER_USAGE "[-u <user>] "ADMIN_USAGE
#define STATUS_USAGE ADMIN_USAGE" [-f openmetrics] [--max-age <seconds>]" \
	" [--max-rows <rows>]"
#define TRACE_USAGE NOTIFIER_USAGE" [--device <device>] [--last <events>]" \
	" [<Message-ID>]"
#define CHECK_USAGE "-u <user> [--password-file <file>] [--imap <URL>]" \
	" [--submit <URL>] [--sieve <URL>] "ADMIN_USAGE
#define DEVICE_USAGE DOVEADM_CMD_MAIL_USAGE_PREFIX"<device>"
#define DEFINE_USAGE DOVEADM_CMD_MAIL_USAGE_PREFIX ADMIN_USAGE \
	" [--verified] <device> <field>=<value>...|<JSON object>"

#endif
