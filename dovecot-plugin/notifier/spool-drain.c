#include "lib.h"
#include "array.h"
#include "hash.h"
#include "ioloop.h"
#include "str-sanitize.h"
#include "account.h"
#include "ingest.h"
#include "lemo-event-wire.h"
#include "notifier.h"
#include "outbox.h"
#include "time-util.h"
#include "spool-drain.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DRAIN_MSECS 1000
/* While there is more: names looked at, and files taken, in one step. */
#define STEP_MSECS 5
#define STEP_NAMES 5000
#define STEP_FILES 200
/* Ahead of lines that came by socket. */
#define WAITING_MSECS 50
/* Files of one uid, its oldest, and of all, taken in one pass; others wait for
   the next, and no uid's heap is before another's file for long. */
#define PASS_UID_FILES 1000
#define PASS_FILES 20000
/* The admin is not told of more. */
#define COUNT_MAX 100000
/* Names begin so while they are written; as old as this they are litter. */
#define TMP_PREFIX "."
#define TMP_SECS (24 * 3600)
/* Older than any retry deadline would have been worth. */
#define FILE_SECS (7 * 24 * 3600)
#define LOG_BURST 10
#define LOG_SECS 60

struct spool_file {
	struct timespec mtime;
	uint32_t uid;
	bool taken;
	char *name;
};

/* One file between its reading and its answer. */
struct spool_item {
	struct spool *spool;
	char *name;
	uint32_t uid;
	bool old;
};

struct spool {
	struct notifier *notifier;
	char *path;
	struct timeout *to;
	int fd;

	/* a pass: first all names, then the files in order of time */
	DIR *dir;
	struct timespec scanned_mtime;
	/* no file can have been made with that time since */
	bool scan_settled;
	/* there was more than could be taken in a moment: no more of that
	   until a whole pass is done */
	bool overrun;
	HASH_TABLE(void *, void *) uid_counts;
	ARRAY(struct spool_file) files;
	unsigned int next_file;
	bool passing, again, more_waits;

	unsigned int unanswered;
	/* for the names of what is put aside */
	unsigned int bad_count;
	time_t log_start;
	unsigned int logged;
};

static void spool_step(struct spool *spool);

static void spool_log(struct spool *spool, const char *name, uint32_t uid,
		      const char *what)
{
	if (ioloop_time >= spool->log_start + LOG_SECS ||
	    ioloop_time < spool->log_start) {
		spool->log_start = ioloop_time;
		spool->logged = 0;
	}
	if (spool->logged++ >= LOG_BURST)
		return;
	e_warning(spool->notifier->event, "spool: file %s of uid %u: %s%s",
		  str_sanitize(name, 80), uid, what,
		  spool->logged == LOG_BURST ?
		  " (more of it is not logged for a minute)" : "");
}

static void spool_unlink(struct spool *spool, const char *name)
{
	const char *aside;

	if (unlinkat(spool->fd, name, 0) == 0 || errno == ENOENT)
		return;
	/* somebody made a directory of that name. With something in it all we
	   can do is to call it unfinished, and never look at it again. */
	if ((errno == EISDIR || errno == EPERM) &&
	    unlinkat(spool->fd, name, AT_REMOVEDIR) == 0)
		return;
	/* not the same name with more in front, which may be too long */
	aside = t_strdup_printf(TMP_PREFIX"tmp-bad-%ld-%u", (long)ioloop_time,
				spool->bad_count++);
	if (name[0] != TMP_PREFIX[0] &&
	    renameat(spool->fd, name, spool->fd, aside) < 0)
		spool_log(spool, name, 0, "cannot be removed");
}

static void spool_answer(enum ingest_answer answer, const char *id ATTR_UNUSED,
			 const char *text, void *context)
{
	struct spool_item *item = context;
	struct spool *spool = item->spool;

	spool->unanswered--;
	switch (answer) {
	case INGEST_NO:
		spool_log(spool, item->name, item->uid, text);
		/* fall through */
	case INGEST_OK:
		spool_unlink(spool, item->name);
		break;
	case INGEST_FULL:
		account_get(spool->notifier->accounts,
			    item->uid)->spool_full = ioloop_time;
		if (item->old) {
			spool_log(spool, item->name, item->uid,
				  "waited a week for room: dropped");
			spool_unlink(spool, item->name);
			break;
		}
		/* fall through */
	case INGEST_FAILED:
		spool->again = TRUE;
		break;
	}
	i_free(item->name);
	i_free(item);
}

/* NULL, or what is wrong with the file. */
static const char *file_check(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is no regular file: removed";
	if (st->st_nlink != 1)
		return "has several links: removed";
	if (st->st_size <= 0 || st->st_size > LEMO_EVENT_LINE_MAX)
		return "has a size that no event has: removed";
	return NULL;
}

/* One line with its LF, or the number of octets without; -1 on error. */
static ssize_t file_read(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t ret;

	while (len < size && (ret = read(fd, buf + len, size - len)) != 0) {
		if (ret < 0)
			return -1;
		len += ret;
	}
	if (len > 0 && buf[len - 1] == '\n')
		len--;
	return len;
}

static void spool_ingest(struct spool *spool, const char *name,
			 const struct stat *st, const char *line, size_t len)
{
	struct spool_item *item = i_new(struct spool_item, 1);

	item->spool = spool;
	item->name = i_strdup(name);
	item->uid = st->st_uid;
	item->old = ioloop_time - st->st_mtime > FILE_SECS;
	spool->unanswered++;
	ingest_add(spool->notifier->ingest,
		   account_get(spool->notifier->accounts, st->st_uid),
		   line, len, spool_answer, item);
}

static void spool_take_fd(struct spool *spool, const char *name, int fd)
{
	char *buf = t_malloc_no0(LEMO_EVENT_LINE_MAX);
	const char *error;
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st) < 0)
		return;
	error = file_check(&st);
	len = error != NULL ? -1 : file_read(fd, buf, LEMO_EVENT_LINE_MAX);
	if (error == NULL && len < 0)
		error = "cannot be read: removed";
	if (error != NULL) {
		spool_log(spool, name, st.st_uid, error);
		spool_unlink(spool, name);
		return;
	}
	spool_ingest(spool, name, &st, buf, len);
}

static void spool_take(struct spool *spool, const struct spool_file *file)
{
	int fd;

	fd = openat(spool->fd, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_NOCTTY | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT)
			return;
		spool_log(spool, file->name, file->uid, t_strdup_printf(
			"cannot be opened (%m): removed"));
		spool_unlink(spool, file->name);
		return;
	}
	spool_take_fd(spool, file->name, fd);
	i_close_fd(&fd);
}

static int spool_file_cmp(const struct spool_file *f1,
			  const struct spool_file *f2)
{
	if (f1->mtime.tv_sec != f2->mtime.tv_sec)
		return f1->mtime.tv_sec < f2->mtime.tv_sec ? -1 : 1;
	if (f1->mtime.tv_nsec != f2->mtime.tv_nsec)
		return f1->mtime.tv_nsec < f2->mtime.tv_nsec ? -1 : 1;
	return strcmp(f1->name, f2->name);
}

/* Counts it; false if its uid has had its share of this pass. */
static bool spool_count_uid(struct spool *spool, uint32_t uid)
{
	void *key = POINTER_CAST((uintptr_t)uid + 1);
	uintptr_t count;

	count = (uintptr_t)hash_table_lookup(spool->uid_counts, key);
	if (count >= PASS_UID_FILES) {
		spool->again = TRUE;
		return FALSE;
	}
	hash_table_update(spool->uid_counts, key, POINTER_CAST(count + 1));
	return TRUE;
}

/* Oldest first; each uid keeps its oldest, i.e. its share. */
static void spool_sort(struct spool *spool)
{
	struct spool_file *files;
	unsigned int i, count, kept = 0;

	array_sort(&spool->files, spool_file_cmp);
	hash_table_clear(spool->uid_counts, FALSE);
	files = array_get_modifiable(&spool->files, &count);
	for (i = 0; i < count; i++) {
		if (spool_count_uid(spool, files[i].uid))
			files[kept++] = files[i];
		else
			i_free(files[i].name);
	}
	array_delete(&spool->files, kept, count - kept);
}

static bool spool_pass_has_room(struct spool *spool)
{
	if (array_count(&spool->files) < PASS_FILES)
		return TRUE;
	spool_sort(spool);
	if (array_count(&spool->files) < PASS_FILES)
		return TRUE;
	spool->again = TRUE;
	return FALSE;
}

static void spool_name(struct spool *spool, const char *name)
{
	struct spool_file *file;
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (fstatat(spool->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (name[0] == TMP_PREFIX[0]) {
		if (ioloop_time - st.st_mtime > TMP_SECS)
			spool_unlink(spool, name);
		return;
	}
	if (!spool_pass_has_room(spool))
		return;
	file = array_append_space(&spool->files);
	file->mtime = st.st_mtim;
	file->uid = st.st_uid;
	file->taken = FALSE;
	file->name = i_strdup(name);
}

static void spool_names_end(struct spool *spool)
{
	(void)closedir(spool->dir);
	spool->dir = NULL;
	spool_sort(spool);
	spool->next_file = 0;
}

static void spool_read_names(struct spool *spool)
{
	struct dirent *d;
	unsigned int i;

	for (i = 0; i < STEP_NAMES; i++) {
		d = readdir(spool->dir);
		if (d == NULL) {
			spool_names_end(spool);
			return;
		}
		spool_name(spool, d->d_name);
	}
}

static void spool_pass_end(struct spool *spool)
{
	struct spool_file *file;

	if (spool->dir != NULL)
		(void)closedir(spool->dir);
	spool->dir = NULL;
	array_foreach_modifiable(&spool->files, file)
		i_free(file->name);
	array_clear(&spool->files);
	hash_table_clear(spool->uid_counts, FALSE);
	spool->passing = FALSE;
	spool->overrun = FALSE;
}

/* False if it is not its turn, or not any more. */
static bool spool_take_once(struct spool *spool, struct spool_file *file)
{
	const struct account *account;

	if (file->taken)
		return FALSE;
	account = account_get(spool->notifier->accounts, file->uid);
	if (account->spool_full == ioloop_time) {
		spool->again = TRUE;
		return FALSE;
	}
	file->taken = TRUE;
	T_BEGIN {
		spool_take(spool, file);
	} T_END;
	return TRUE;
}

static void spool_take_step(void *context)
{
	struct spool *spool = context;
	struct spool_file *files;
	unsigned int count, taken = 0;

	files = array_get_modifiable(&spool->files, &count);
	while (taken < STEP_FILES && spool->next_file < count) {
		if (spool_take_once(spool, &files[spool->next_file++]))
			taken++;
	}
}

static void spool_take_files(struct spool *spool)
{
	ingest_ahead(spool->notifier->ingest, spool_take_step, spool);
	if (spool->next_file == array_count(&spool->files))
		spool_pass_end(spool);
}

static bool timespec_equal(const struct timespec *t1,
			   const struct timespec *t2)
{
	return t1->tv_sec == t2->tv_sec && t1->tv_nsec == t2->tv_nsec;
}

/* The directory's time is that of a tick of the clock: what is made later in
   the same tick does not change it. Some file systems have whole seconds. */
static bool tick_is_over(const struct timespec *mtime)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
		return FALSE;
	if (now.tv_sec != mtime->tv_sec)
		return now.tv_sec > mtime->tv_sec;
	return mtime->tv_nsec != 0 && now.tv_nsec > mtime->tv_nsec;
}

/* True if something was put there since the last pass began, or may have been
   in the same tick. */
static bool spool_has_changed(struct spool *spool)
{
	struct stat st;

	if (fstat(spool->fd, &st) < 0 ||
	    (spool->scan_settled &&
	     timespec_equal(&st.st_mtim, &spool->scanned_mtime)))
		return FALSE;
	spool->scanned_mtime = st.st_mtim;
	spool->scan_settled = tick_is_over(&st.st_mtim);
	return TRUE;
}

static bool spool_open(struct spool *spool)
{
	if (spool->fd != -1)
		return TRUE;
	spool->fd = open(spool->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			 O_CLOEXEC);
	return spool->fd != -1;
}

static void spool_pass_begin(struct spool *spool)
{
	int fd;

	fd = openat(spool->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	spool->dir = fd == -1 ? NULL : fdopendir(fd);
	if (spool->dir == NULL) {
		e_error(spool->notifier->event, "spool: opendir(%s) failed: "
			"%m", spool->path);
		i_close_fd(&fd);
		return;
	}
	spool->passing = TRUE;
	spool->again = FALSE;
}

static bool spool_is_usable(struct spool *spool)
{
	return outbox_is_usable(spool->notifier->outbox) && spool_open(spool);
}

static void spool_step(struct spool *spool)
{
	timeout_remove(&spool->to);
	if (!spool_is_usable(spool))
		;
	else if (!spool->passing) {
		if (spool_has_changed(spool) || spool->again)
			spool_pass_begin(spool);
	} else if (spool->dir != NULL)
		spool_read_names(spool);
	else
		spool_take_files(spool);
	spool->to = timeout_add_short(spool->passing ? STEP_MSECS :
				      DRAIN_MSECS, spool_step, spool);
}

static void spool_take_waiting(void *context)
{
	struct spool *spool = context;
	struct accounts *accounts = spool->notifier->accounts;
	struct spool_file *file;
	unsigned int taken = 0;

	array_foreach_modifiable(&spool->files, file) {
		if (account_get(accounts, file->uid)->waiting &&
		    spool_take_once(spool, file) && ++taken == STEP_FILES)
			break;
	}
	spool->more_waits = taken == STEP_FILES;
}

static bool spool_is_late(uint64_t start)
{
	return i_microseconds() > start + WAITING_MSECS * 1000 ||
		i_microseconds() < start;
}

void spool_drain_waiting(struct spool *spool)
{
	uint64_t start = i_microseconds();

	if (spool->overrun || !spool_is_usable(spool))
		return;
	if (spool_has_changed(spool)) {
		spool_pass_end(spool);
		spool_pass_begin(spool);
	}
	while (spool->dir != NULL && !spool_is_late(start))
		spool_read_names(spool);
	spool->more_waits = spool->dir == NULL && spool->passing;
	while (spool->more_waits && !spool_is_late(start)) {
		ingest_ahead(spool->notifier->ingest, spool_take_waiting,
			     spool);
	}
	spool->overrun = spool->dir != NULL || spool->more_waits;
}

struct spool *spool_init(struct notifier *notifier, const char *path)
{
	struct spool *spool = i_new(struct spool, 1);

	spool->notifier = notifier;
	spool->path = i_strdup(path);
	spool->fd = -1;
	i_array_init(&spool->files, 16);
	hash_table_create_direct(&spool->uid_counts, default_pool, 0);
	spool->to = timeout_add_short(0, spool_step, spool);
	return spool;
}

void spool_deinit(struct spool **_spool)
{
	struct spool *spool = *_spool;

	*_spool = NULL;
	i_assert(spool->unanswered == 0);
	timeout_remove(&spool->to);
	spool_pass_end(spool);
	array_free(&spool->files);
	hash_table_destroy(&spool->uid_counts);
	i_close_fd(&spool->fd);
	i_free(spool->path);
	i_free(spool);
}

unsigned int spool_count(const struct spool *spool)
{
	DIR *dir = opendir(spool->path);
	unsigned int count = 0;
	struct dirent *d;

	if (dir == NULL)
		return 0;
	while (count < COUNT_MAX && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] != TMP_PREFIX[0])
			count++;
	}
	(void)closedir(dir);
	return count;
}
