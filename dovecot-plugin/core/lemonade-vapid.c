#include "lib.h"
#include "lemo-base64url.h"
#include "lemo-p256.h"
#include "lemonade-names.h"
#include "lemonade-user.h"
#include "lemonade-vapid.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_LEN LEMO_BASE64URL_LEN(LEMO_P256_POINT_LEN)

/* What the process has read last; all its users have one lemonade_state_dir,
   or it is read for each. */
static struct {
	char *path;
	struct stat st;
	char key[KEY_LEN + 1];
} cache;

static bool is_unchanged(const char *path, const struct stat *st)
{
	return null_strcmp(cache.path, path) == 0 &&
		cache.st.st_dev == st->st_dev &&
		cache.st.st_ino == st->st_ino &&
		cache.st.st_size == st->st_size &&
		cache.st.st_mtim.tv_sec == st->st_mtim.tv_sec &&
		cache.st.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

static bool is_key(const char *key)
{
	uint8_t point[LEMO_P256_POINT_LEN];

	return lemo_base64url_decode(key, point, sizeof(point)) &&
		lemo_p256_check(point, sizeof(point)) == NULL;
}

/* One line. st_r is of what was read. */
static bool read_key(const char *path, char key_r[KEY_LEN + 1],
		     struct stat *st_r)
{
	char line[KEY_LEN + 1];
	ssize_t size = -1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd != -1 && fstat(fd, st_r) == 0 && S_ISREG(st_r->st_mode))
		size = read(fd, line, sizeof(line));
	i_close_fd(&fd);
	if (size != sizeof(line) || line[KEY_LEN] != '\n')
		return FALSE;
	line[KEY_LEN] = '\0';
	memcpy(key_r, line, sizeof(line));
	return is_key(key_r);
}

static bool refresh(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && is_unchanged(path, &st))
		return TRUE;
	i_free(cache.path);
	if (!read_key(path, cache.key, &cache.st))
		return FALSE;
	cache.path = i_strdup(path);
	return TRUE;
}

const char *lemonade_vapid_published(const struct lemonade_user *luser)
{
	const struct lemonade_settings *set = luser->set;

	if (*set->lemonade_contact == '\0' ||
	    !refresh(t_strconcat(set->lemonade_state_dir,
				 "/"LEMONADE_VAPID_PUBLIC_NAME, NULL)))
		return NULL;
	return t_strdup(cache.key);
}

void lemonade_vapid_deinit(void)
{
	i_free(cache.path);
}
