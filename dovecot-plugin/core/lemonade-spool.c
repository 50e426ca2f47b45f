/* Spool files: the way to the notifier when its socket does not answer. The
   directory is 03733 and the notifier's; mail processes of any user may make
   files there but see none. */

#include "lib.h"
#include "write-full.h"
#include "lemonade-settings.h"
#include "lemonade-spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned int spool_counter;

static int spool_write(int fd, const char *tmp_path, const char *path,
		       const void *line, size_t len, bool sync,
		       const char **error_r)
{
	if (write_full(fd, line, len) < 0) {
		*error_r = t_strdup_printf("write(%s) failed: %m", tmp_path);
		return -1;
	}
	/* mail processes run with umask 077 */
	if (fchmod(fd, 0640) < 0) {
		*error_r = t_strdup_printf("fchmod(%s) failed: %m", tmp_path);
		return -1;
	}
	if (rename(tmp_path, path) < 0) {
		*error_r = t_strdup_printf("rename(%s, %s) failed: %m",
					   tmp_path, path);
		return -1;
	}
	/* after the rename: it goes to disk with the inode. The directory
	   cannot be opened by us. */
	if (sync && fsync(fd) < 0) {
		*error_r = t_strdup_printf("fsync(%s) failed: %m", path);
		return -1;
	}
	return 0;
}

int lemonade_spool_add(const struct lemonade_settings *set, const char *id,
		       const void *line, size_t len, const char **error_r)
{
	const char *dir = t_strconcat(set->lemonade_state_dir, "/spool/", NULL);
	const char *name = t_strdup_printf("%s.%s.%u", id,
		dec2str(getpid()), ++spool_counter);
	const char *tmp_path = t_strconcat(dir, ".tmp", name, NULL);
	bool sync = strcmp(set->lemonade_outbox_sync, "full") == 0;
	int fd, ret;

	fd = open(tmp_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0640);
	if (fd == -1) {
		*error_r = t_strdup_printf("open(%s) failed: %m%s", tmp_path,
			errno != ENOENT ? "" : " - start lemonade-notify "
			"once, it makes the directory");
		return -1;
	}
	ret = spool_write(fd, tmp_path, t_strconcat(dir, name, NULL),
			  line, len, sync, error_r);
	if (ret < 0)
		(void)unlink(tmp_path);
	i_close_fd(&fd);
	return ret;
}
