#ifndef LEMO_CHECK_H
#define LEMO_CHECK_H

/*
 * What a LEMONADE server has to support: the tables of RFC 5550 3.1 to 3.3
 * row by row, and what our own plugins need of the Dovecot they run in. For
 * each row which setting mends it, in the words of Dovecot 2.3 and 2.4. Pure;
 * who asks the server is doveadm.
 */

#include <stdbool.h>
#include <stddef.h>

enum lemo_check_table {
	/* RFC 5550 3.1: submission */
	LEMO_CHECK_SUBMIT,
	/* RFC 5550 3.2: IMAP */
	LEMO_CHECK_STORE,
	/* RFC 5550 3.3: Sieve, by ManageSieve */
	LEMO_CHECK_SIEVE,
	/* not of the RFC: this host's configuration and notifier */
	LEMO_CHECK_HERE
};
#define LEMO_CHECK_TABLES 4

enum lemo_check_dovecot {
	LEMO_CHECK_DOVECOT_23,
	LEMO_CHECK_DOVECOT_24
};

struct lemo_check_row {
	const char *name;
	/* As the server advertises it: in CAPABILITY, EHLO or SIEVE. NULL: it
	   is seen otherwise, or not at all. */
	const char *keyword;
	/* It may work without being advertised. */
	bool silent;
	/* What to change, by enum lemo_check_dovecot; never NULL. */
	const char *setting[2];
};

/* "3.1", "3.2", "3.3", "here". */
const char *lemo_check_table_name(enum lemo_check_table table);
/* The rows of a table in the order of the RFC, those that it does not have
   (how far one got with the server) before them. */
const struct lemo_check_row *
lemo_check_rows(enum lemo_check_table table, size_t *count_r);
/* The index of a row by its name; the number of rows if there is none. */
size_t lemo_check_row_find(enum lemo_check_table table, const char *name);

/* Names of rows that no RFC table has. */
#define LEMO_CHECK_CONNECTION "connection"
#define LEMO_CHECK_LOGIN "login"
#define LEMO_CHECK_SCRATCH "scratch mailbox"
#define LEMO_CHECK_GREETING "CAPABILITY in the greeting"
#define LEMO_CHECK_AFTER_LOGIN "CAPABILITY after login"

#define LEMO_CHECK_CONF "configuration"
#define LEMO_CHECK_PROTOCOL "protocol lemonade"
#define LEMO_CHECK_NOTIFY "plugin notify"
#define LEMO_CHECK_PLUGIN "plugin lemonade"
#define LEMO_CHECK_IMAP_PLUGIN "plugin imap_lemonade"
#define LEMO_CHECK_METADATA "imap_metadata"
#define LEMO_CHECK_DICT "attribute dict"
#define LEMO_CHECK_LIST_INDEX "list index"
#define LEMO_CHECK_CONTACT "contact"
#define LEMO_CHECK_MODULES "module versions"
#define LEMO_CHECK_NOTIFIER "notifier"
#define LEMO_CHECK_VAPID "VAPID keys"
#define LEMO_CHECK_RELAY "relay port"

#endif
