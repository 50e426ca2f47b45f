#include "lib.h"
#include "lemonade-zoneinfo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Octets. The largest of tzdata has 4 kB. */
#define ZONE_SIZE_MAX (64 * 1024)

static const char *zone_path(const char *name)
{
	return t_strconcat(LEMONADE_ZONEINFO_DIR"/", name, NULL);
}

static struct lemonade_zone *
zone_load(int fd, const struct stat *st, const char **error_r)
{
	size_t size = st->st_size, got = 0;
	struct lemonade_zone *zone = i_malloc(sizeof(*zone) + size);
	ssize_t ret;

	zone->dev = st->st_dev;
	zone->ino = st->st_ino;
	zone->mtime = st->st_mtime;
	zone->size = size;
	while (got < size &&
	       (ret = read(fd, zone->data + got, size - got)) > 0)
		got += ret;
	if (lemo_tzif_parse(zone->data, got, &zone->tz, error_r) < 0)
		i_free(zone);
	return zone;
}

static struct lemonade_zone *zone_read_fd(int fd, const char **error_r)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		*error_r = t_strdup_printf("fstat() failed: %m");
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		*error_r = "is no regular file";
		return NULL;
	}
	if (st.st_size > ZONE_SIZE_MAX) {
		*error_r = "is too large for a zoneinfo file";
		return NULL;
	}
	return zone_load(fd, &st, error_r);
}

struct lemonade_zone *
lemonade_zone_read(const char *name, const char **error_r)
{
	struct lemonade_zone *zone;
	int fd;

	/* should it be a FIFO, nobody waits for it */
	fd = open(zone_path(name), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		*error_r = t_strdup_printf("open() failed: %m");
		return NULL;
	}
	zone = zone_read_fd(fd, error_r);
	i_close_fd(&fd);
	return zone;
}

bool lemonade_zone_is_current(const struct lemonade_zone *zone,
			      const char *name)
{
	struct stat st;

	return stat(zone_path(name), &st) == 0 && st.st_dev == zone->dev &&
		st.st_ino == zone->ino && st.st_mtime == zone->mtime &&
		(size_t)st.st_size == zone->size;
}

bool lemonade_zone_may_exist(const char *name)
{
	struct lemonade_zone *zone;
	const char *error;

	if (access(LEMONADE_ZONEINFO_DIR, X_OK) < 0)
		return TRUE;
	zone = lemonade_zone_read(name, &error);
	if (zone == NULL)
		return FALSE;
	i_free(zone);
	return TRUE;
}
