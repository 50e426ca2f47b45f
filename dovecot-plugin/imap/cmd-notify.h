#ifndef CMD_NOTIFY_H
#define CMD_NOTIFY_H

/*
 * The NOTIFY command (RFC 5465 section 3.1), in place of Dovecot's own.
 */

void imap_lemonade_cmd_notify_init(void);
void imap_lemonade_cmd_notify_deinit(void);

#endif
