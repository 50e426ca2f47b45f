#include "lib.h"
#include "mkdir-parents.h"
#include "randgen.h"
#include "safe-memset.h"
#include "write-full.h"
#include "state-dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECRET_OCTETS 32
#define SECRET_FILE_MAX 4096
#define LOCK_TRY_MSECS 20

/* Everybody may reach what is below by name, but not list it. */
#define STATE_DIR_MODE 0711
/* Everybody may put files in, nobody may list, rename or remove others'; they
   get our group, so that we can read them. */
#define SPOOL_DIR_MODE 03733

/* E.g. what root restored from a backup as his own. */
static const char *file_error(const char *call, const char *path)
{
	return t_strdup_printf("%s(%s) failed: %m%s", call, path,
		errno == EACCES ? ": it must belong to lemonade_user" : "");
}

/* Only the last component may be made, or changed: a mistake in the setting
   must not give /var away. */
static int make_dir(const char *dir, mode_t mode, uid_t uid, gid_t gid,
		    const char **error_r)
{
	struct stat st;
	int fd, ret = -1;

	if (mkdir_parents(dir, 0755) < 0 && errno != EEXIST) {
		*error_r = t_strdup_printf("mkdir(%s) failed: %m", dir);
		return -1;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1) {
		*error_r = t_strdup_printf("open(%s) failed: %m", dir);
		return -1;
	}
	if (fstat(fd, &st) < 0)
		*error_r = t_strdup_printf("fstat(%s) failed: %m", dir);
	else if ((st.st_uid != uid || st.st_gid != gid) &&
		 fchown(fd, uid, gid) < 0)
		*error_r = t_strdup_printf("chown(%s) failed: %m", dir);
	else if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		*error_r = t_strdup_printf("chmod(%s) failed: %m", dir);
	else
		ret = 0;
	i_close_fd(&fd);
	return ret;
}

/* mkdir_parents() gives parents the mode less the umask: 0700, and then
   nobody reaches the spool. */
static int make_parents(const char *dir, const char **error_r)
{
	const char *slash = strrchr(dir, '/');
	mode_t old_mask;
	int ret;

	if (slash == NULL || slash == dir)
		return 0;
	old_mask = umask(0022);
	ret = mkdir_parents(t_strdup_until(dir, slash), 0755);
	if (ret < 0 && errno == EEXIST)
		ret = 0;
	if (ret < 0) {
		*error_r = t_strdup_printf("mkdir(%s) failed: %m",
					   t_strdup_until(dir, slash));
	}
	(void)umask(old_mask);
	return ret;
}

int state_dir_prepare(const char *dir, uid_t uid, gid_t gid,
		      const char **error_r)
{
	const char *spool = t_strconcat(dir, "/"STATE_SPOOL_NAME, NULL);

	if (make_parents(dir, error_r) < 0 ||
	    make_dir(dir, STATE_DIR_MODE, uid, gid, error_r) < 0 ||
	    make_dir(spool, SPOOL_DIR_MODE, uid, gid, error_r) < 0)
		return -1;
	return 0;
}

int state_dir_lock(const char *dir, const char **error_r)
{
	const char *path = t_strconcat(dir, "/"STATE_LOCK_NAME, NULL);
	const struct timespec pause = { 0, LOCK_TRY_MSECS * 1000000 };
	unsigned int i;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* the outbox will say so, and wait until it is mended */
	if (fd == -1 && errno == EROFS)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1) {
		*error_r = file_error("open", path);
		return -1;
	}
	for (i = 0; i < STATE_LOCK_SECS * 1000 / LOCK_TRY_MSECS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		(void)nanosleep(&pause, NULL);
	}
	*error_r = t_strdup_printf("flock(%s) failed: %m; is another "
		"lemonade-notify running with the same lemonade_state_dir?",
		path);
	i_close_fd(&fd);
	return -1;
}

static int write_file(const char *path, const void *data, size_t size,
		      mode_t mode)
{
	int fd, ret;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	ret = fd == -1 || fchmod(fd, mode) < 0 ||
		write_full(fd, data, size) < 0 || fsync(fd) < 0 ? -1 : 0;
	i_close_fd(&fd);
	return ret;
}

/* So that the new name outlives a power cut. */
static int sync_dir(const char *path)
{
	const char *dir = t_strdup_until(path, strrchr(path, '/'));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd == -1 ? -1 : fsync(fd);

	i_close_fd(&fd);
	return ret;
}

int state_dir_write(const char *path, const void *data, size_t size,
		    mode_t mode, const char **error_r)
{
	const char *temp = t_strconcat(path, ".new", NULL);

	if (write_file(temp, data, size, mode) == 0 &&
	    rename(temp, path) == 0 && sync_dir(path) == 0)
		return 0;
	*error_r = t_strdup_printf("writing %s failed: %m", path);
	/* it may hold a secret */
	i_unlink_if_exists(temp);
	return -1;
}

static int secret_make(const char *path, const char **error_r)
{
	struct lemo_key key = { .len = SECRET_OCTETS };
	struct lemo_buf buf;
	int ret;

	random_fill(key.octets, key.len);
	lemo_buf_init(&buf, SECRET_FILE_MAX);
	lemo_key_format(&key, &buf);
	lemo_buf_adds(&buf, "\n");
	ret = state_dir_write(path, buf.data, buf.len, 0600, error_r);
	safe_memset(buf.data, 0, buf.len);
	safe_memset(&key, 0, sizeof(key));
	lemo_buf_free(&buf);
	return ret;
}

int state_dir_secret(const char *dir, struct lemo_keyring *ring_r,
		     const char **error_r)
{
	const char *error, *path = t_strconcat(dir, "/"STATE_SECRET_NAME, NULL);
	char buf[SECRET_FILE_MAX];
	unsigned int line;
	ssize_t len;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 && errno == ENOENT) {
		if (secret_make(path, error_r) < 0)
			return -1;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	len = fd == -1 ? -1 : read(fd, buf, sizeof(buf));
	i_close_fd(&fd);
	if (len < 0) {
		*error_r = file_error("read", path);
		return -1;
	}
	ret = lemo_keyring_parse(buf, len, ring_r, &error, &line);
	if (ret < 0) {
		*error_r = t_strdup_printf("%s line %u: %s; a new one is made "
			"when the file is gone, but then every webhook must be "
			"verified again", path, line, error);
	}
	safe_memset(buf, 0, sizeof(buf));
	return ret;
}
