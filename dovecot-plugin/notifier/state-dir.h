#ifndef STATE_DIR_H
#define STATE_DIR_H

/*
 * What is on disk before anything else: the directories, the lock, the
 * server's secret. Modes are set by chmod, since Dovecot's services run with
 * umask 077.
 */

#include "lemo-webhook-sign.h"

#define STATE_SPOOL_NAME "spool"
#define STATE_LOCK_NAME "lock"
#define STATE_SECRET_NAME "secret"

/* As root: makes what is missing and gives it to the user. -1 with *error_r
   in the data stack. */
int state_dir_prepare(const char *dir, uid_t uid, gid_t gid,
		      const char **error_r);
/* As the user. Waits up to STATE_LOCK_SECS for the process before us, e.g.
   at a reload. The lock is held until the process ends. */
#define STATE_LOCK_SECS 30
int state_dir_lock(const char *dir, const char **error_r);
/* Writes a file in place of the one of that name, whole or not at all: the
   content is on disk before the name is. path is absolute. */
int state_dir_write(const char *path, const void *data, size_t size,
		    mode_t mode, const char **error_r);
/* Reads the secret, or makes one of 32 random octets. */
int state_dir_secret(const char *dir, struct lemo_keyring *ring_r,
		     const char **error_r);

#endif
