#ifndef LEMONADE_ADMIN_H
#define LEMONADE_ADMIN_H

/*
 * Questions to lemonade-notify over its admin socket (mode 0600, root). One
 * command a line, arguments tab-escaped; answers are lines
 * "ROW key=value ...", then "OK" or "NO text". Blocking, each command within
 * its time.
 */

/* Enough for all commands but TEST. */
#define LEMONADE_ADMIN_TIMEOUT_MSECS 5000
/* Longest answer line: a body of LEMO_PAYLOAD_MAX, escaped, and headers. */
#define LEMONADE_ADMIN_LINE_MAX (128 * 1024)

struct lemonade_admin;

/* What went wrong, for the admin's eyes and as exit code (sysexits.h). */
struct lemonade_admin_error {
	int exit_code;
	const char *text; /* in the data stack */
};

/* fields: "key=value" unescaped, NULL-terminated; valid during the call. */
typedef void lemonade_admin_row_t(const char *const *fields, void *context);

/* Returns NULL with *error_r filled. path: usually from
   lemonade_admin_socket(). */
struct lemonade_admin *
lemonade_admin_connect(const char *path, struct lemonade_admin_error *error_r);
void lemonade_admin_disconnect(struct lemonade_admin **admin);

/* Runs one command; args is NULL-terminated and begins with its name. The
   rows are handed over as they come, so on -1 some may have been. After -1
   the connection is of no use. */
int lemonade_admin_command(struct lemonade_admin *admin,
			   const char *const *args, unsigned int timeout_msecs,
			   lemonade_admin_row_t *callback, void *context,
			   struct lemonade_admin_error *error_r);

/* The value of a key, NULL if the row has none. */
const char *lemonade_admin_value(const char *const *fields, const char *key);

#endif
