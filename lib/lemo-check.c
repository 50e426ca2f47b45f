#include "lemo-check.h"

#include <string.h>

#include "lemo-banned.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BOTH(setting) { setting, setting }

/* Dovecot has it whatever is set, as long as nobody hides it. */
#define BUILT_IN BOTH("imap_capability: leave it unset; a proxy in front " \
	"must not hide it")
#define RELAY BOTH("submission_relay_host: that server has to offer it, or " \
	"submission_backend_capabilities says so")
#define SIEVE(name) { "plugin { sieve_extensions = +" name " }", \
	"sieve_extensions { " name " = yes }" }
#define URLAUTH_23 "mail_attribute_dict = file:%h/dovecot-attributes, " \
	"imap_urlauth_host = the name in the URL of --imap"
/* 2.4 has it, and does not say so: our plugin does */
#define URLAUTH_24 "mail_attribute { dict file { path = " \
	"%{home}/dovecot-attributes } }, imap_urlauth_host = the name in " \
	"the URL of --imap, plugin imap_lemonade"
#define TLS { "ssl = yes, ssl_cert, ssl_key", "ssl = yes, " \
	"ssl_server_cert_file, ssl_server_key_file" }
#define LOGIN { "passdb; auth_mechanisms = plain", \
	"passdb; auth_mechanisms { plain = yes }" }
#define IMAP_LEMONADE { "protocol imap { mail_plugins = $mail_plugins " \
	"imap_lemonade }", "protocol imap { mail_plugins { imap_lemonade = " \
	"yes } }" }
#define KEYWORD BOTH("the user's rights in his mailboxes: w of ACL")

static const struct lemo_check_row submit_rows[] = {
	{ LEMO_CHECK_CONNECTION, NULL, true,
	  BOTH("protocols: add submission; service submission-login") },
	{ LEMO_CHECK_LOGIN, NULL, true, LOGIN },
	{ "8BITMIME", "8BITMIME", false, RELAY },
	{ "AUTH", "AUTH", false, LOGIN },
	{ "BINARYMIME", "BINARYMIME", false, RELAY },
	{ "BURL imap", "BURL", false, { URLAUTH_23, URLAUTH_24 } },
	{ "CHUNKING", "CHUNKING", false, RELAY },
	{ "DSN", "DSN", false, RELAY },
	{ "ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES", false, RELAY },
	{ "PIPELINING", "PIPELINING", false, RELAY },
	{ "SIZE", "SIZE", false, BOTH("submission_max_mail_size") },
	{ "STARTTLS", "STARTTLS", false, TLS },
};

static const struct lemo_check_row store_rows[] = {
	{ LEMO_CHECK_CONNECTION, NULL, true,
	  BOTH("protocols: add imap; service imap-login") },
	{ LEMO_CHECK_LOGIN, NULL, true, LOGIN },
	{ LEMO_CHECK_SCRATCH, NULL, true,
	  BOTH("the user's rights and quota: he may create no mailbox") },
	{ "BINARY", "BINARY", false, BUILT_IN },
	{ "CATENATE", "CATENATE", false, BUILT_IN },
	{ "COMPRESS=DEFLATE", "COMPRESS=DEFLATE", false,
	  { "protocol imap { mail_plugins = $mail_plugins imap_zlib }",
	    "imap_capability: leave it unset; "
	    "a proxy in front must not hide it" } },
	{ "CONDSTORE", "CONDSTORE", false, BUILT_IN },
	{ "CONTEXT=SEARCH", "CONTEXT=SEARCH", false, BUILT_IN },
	{ "CONTEXT=SORT", "CONTEXT=SORT", false, IMAP_LEMONADE },
	{ "CONVERT", "CONVERT", false,
	  BOTH("none: this version of Lemonade does not have it yet") },
	{ "ENABLE", "ENABLE", false, BUILT_IN },
	{ "ESEARCH", "ESEARCH", false, BUILT_IN },
	{ "ESORT", "ESORT", false, BUILT_IN },
	{ "I18NLEVEL=1", "I18NLEVEL=1", false, BUILT_IN },
	{ "IDLE", "IDLE", false, BUILT_IN },
	{ "LITERAL+", "LITERAL+", false, BUILT_IN },
	{ "NAMESPACE", "NAMESPACE", false, BUILT_IN },
	{ "NOTIFY", "NOTIFY", false, BOTH("mailbox_list_index = yes") },
	{ "QRESYNC", "QRESYNC", false, BUILT_IN },
	{ "SASL-IR", "SASL-IR", false, BUILT_IN },
	{ "SORT", "SORT", false, BUILT_IN },
	{ "STARTTLS", "STARTTLS", false, TLS },
	{ "UIDPLUS", "UIDPLUS", false, BUILT_IN },
	{ "URLAUTH", "URLAUTH", false, { URLAUTH_23, URLAUTH_24 } },
	{ "URL-PARTIAL", "URL-PARTIAL", false, BUILT_IN },
	{ "$Forwarded", NULL, false, KEYWORD },
	{ "$SubmitPending", NULL, false, KEYWORD },
	{ "$Submitted", NULL, false, KEYWORD },
	{ LEMO_CHECK_GREETING, NULL, true, BUILT_IN },
	{ LEMO_CHECK_AFTER_LOGIN, NULL, true, BUILT_IN },
};

static const struct lemo_check_row sieve_rows[] = {
	{ LEMO_CHECK_CONNECTION, NULL, true,
	  BOTH("protocols: add sieve; service managesieve-login") },
	{ LEMO_CHECK_LOGIN, NULL, true, LOGIN },
	{ "ENOTIFY", "enotify", false, SIEVE("enotify") },
	{ "IMAP4FLAGS", "imap4flags", false, SIEVE("imap4flags") },
	{ "RELATIONAL", "relational", false, SIEVE("relational") },
	{ "VACATION", "vacation", false, SIEVE("vacation") },
	{ "VARIABLES", "variables", false, SIEVE("variables") },
	/* RFC 5804 1.7 lists extensions; a comparator need not be one */
	{ "comparator-i;unicode-casemap", "comparator-i;unicode-casemap",
	  true, { "plugin { sieve_plugins = sieve_lemonade }",
		  "none: Dovecot 2.4 has it" } },
};

#define PLUGIN(name) { "mail_plugins = $mail_plugins " name \
	", outside of any protocol block; a protocol's own mail_plugins " \
	"begins with $mail_plugins", "mail_plugins { " name " = yes }, " \
	"outside of any protocol block" }

static const struct lemo_check_row here_rows[] = {
	{ LEMO_CHECK_CONF, NULL, true,
	  BOTH("the file that doveconf complains of") },
	{ LEMO_CHECK_PROTOCOL, NULL, true,
	  { "protocols = $protocols lemonade",
	    "protocols { lemonade = yes }" } },
	{ LEMO_CHECK_NOTIFY, NULL, true, PLUGIN("notify") },
	{ LEMO_CHECK_PLUGIN, NULL, true, PLUGIN("lemonade") },
	{ LEMO_CHECK_IMAP_PLUGIN, NULL, true, IMAP_LEMONADE },
	{ LEMO_CHECK_METADATA, NULL, true,
	  BOTH("protocol imap { imap_metadata = yes }") },
	{ LEMO_CHECK_DICT, NULL, true,
	  { "mail_attribute_dict = file:%h/dovecot-attributes",
	    "mail_attribute { dict file { path = "
	    "%{home}/dovecot-attributes } }" } },
	{ LEMO_CHECK_LIST_INDEX, NULL, true,
	  BOTH("mailbox_list_index = yes") },
	{ LEMO_CHECK_CONTACT, NULL, true,
	  { "plugin { lemonade_contact = mailto:postmaster@example.org }",
	    "lemonade_contact = mailto:postmaster@example.org" } },
	{ LEMO_CHECK_MODULES, NULL, true,
	  BOTH("install the package made for this Dovecot, then restart "
	       "Dovecot") },
	{ LEMO_CHECK_NOTIFIER, NULL, true,
	  BOTH("none: see the log lines of lemonade-notify; restart "
	       "Dovecot") },
	{ LEMO_CHECK_VAPID, NULL, true,
	  BOTH("none: vapid.pem in lemonade_state_dir, from your backup or "
	       "made anew by deleting it; restart Dovecot") },
	{ LEMO_CHECK_RELAY, NULL, true,
	  BOTH("submission_relay_host, submission_relay_port") },
};

static const struct {
	const char *name;
	const struct lemo_check_row *rows;
	size_t count;
} tables[LEMO_CHECK_TABLES] = {
	[LEMO_CHECK_SUBMIT] = { "3.1", submit_rows, N_ROWS(submit_rows) },
	[LEMO_CHECK_STORE] = { "3.2", store_rows, N_ROWS(store_rows) },
	[LEMO_CHECK_SIEVE] = { "3.3", sieve_rows, N_ROWS(sieve_rows) },
	[LEMO_CHECK_HERE] = { "here", here_rows, N_ROWS(here_rows) },
};

const char *lemo_check_table_name(enum lemo_check_table table)
{
	return tables[table].name;
}

const struct lemo_check_row *
lemo_check_rows(enum lemo_check_table table, size_t *count_r)
{
	*count_r = tables[table].count;
	return tables[table].rows;
}

size_t lemo_check_row_find(enum lemo_check_table table, const char *name)
{
	size_t i;

	for (i = 0; i < tables[table].count; i++) {
		if (strcmp(tables[table].rows[i].name, name) == 0)
			break;
	}
	return i;
}
