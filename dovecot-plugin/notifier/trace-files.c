#include "lib.h"
#include "array.h"
#include "hash.h"
#include "ioloop.h"
#include "trace-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Octets that wait in memory for one uid; then they are written at once. */
#define BUFFER_WRITE (256 * 1024)
#define BUFFER_MAX (BUFFER_WRITE + 64 * 1024)
/* With more uids than this no buffer is kept. */
#define BUFFERS_KEPT 64
#define FILE_OCTETS_MAX (4 * 1024 * 1024)
/* A file is at most this part of all octets and of the time they are kept. */
#define FILE_PART 16
#define CHECK_SECS 60
#define LOG_SECS 60

struct trace_file {
	int64_t start, end; /* wall clock, ms */
	uint64_t size;
};
ARRAY_DEFINE_TYPE(trace_file, struct trace_file);

struct trace_log {
	struct trace_log *next, *next_dirty;
	struct trace_files *files;
	uint32_t uid;
	/* oldest first */
	ARRAY_TYPE(trace_file) list;
	uint64_t octets;
	struct lemo_buf buf;
	bool dirty;
	/* the last file ends with a whole line, as far as we know */
	bool open;
};

struct trace_files {
	struct event *event;
	char *dir;
	uint64_t max_octets, octets;
	int64_t keep_msecs;
	HASH_TABLE(void *, struct trace_log *) table;
	struct trace_log *logs, *dirty;
	/* the last file of this one is open: mostly one uid has all mail */
	struct trace_log *fd_log;
	int fd;
	struct timeout *to;
	time_t last_error;
};

static int64_t now_msecs(void)
{
	return (int64_t)ioloop_timeval.tv_sec * 1000 +
		ioloop_timeval.tv_usec / 1000;
}

static void files_error(struct trace_files *files, const char *what,
			const char *path)
{
	int old_errno = errno;

	if (ioloop_time < files->last_error + LOG_SECS &&
	    ioloop_time >= files->last_error)
		return;
	files->last_error = ioloop_time;
	errno = old_errno;
	e_error(files->event, "trace: %s(%s) failed: %m; the trace has a gap",
		what, path);
}

static const char *
file_path(const struct trace_log *log, const struct trace_file *file)
{
	return t_strdup_printf("%s/%u.%lld", log->files->dir, log->uid,
			       (long long)file->start);
}

struct trace_log *trace_files_get(struct trace_files *files, uint32_t uid)
{
	struct trace_log *log =
		hash_table_lookup(files->table, POINTER_CAST(uid + 1UL));

	if (log != NULL)
		return log;
	log = i_new(struct trace_log, 1);
	log->files = files;
	log->uid = uid;
	i_array_init(&log->list, 4);
	lemo_buf_init(&log->buf, BUFFER_MAX);
	hash_table_insert(files->table, POINTER_CAST(uid + 1UL), log);
	log->next = files->logs;
	files->logs = log;
	return log;
}

static void log_free(struct trace_log *log)
{
	array_free(&log->list);
	lemo_buf_free(&log->buf);
	i_free(log);
}

/* UID.START */
static bool parse_name(const char *name, uint32_t *uid_r, int64_t *start_r)
{
	const char *dot = strchr(name, '.');
	bool good = FALSE;

	if (dot == NULL || dot == name)
		return FALSE;
	T_BEGIN {
		good = str_to_uint32(t_strdup_until(name, dot), uid_r) == 0 &&
			str_to_int64(dot + 1, start_r) == 0;
	} T_END;
	return good;
}

static void files_found(struct trace_files *files, int dir_fd,
			const char *name)
{
	struct trace_file file;
	struct trace_log *log;
	struct stat st;
	uint32_t uid;

	i_zero(&file);
	if (!parse_name(name, &uid, &file.start) ||
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	file.end = (int64_t)st.st_mtime * 1000;
	file.size = st.st_size;
	log = trace_files_get(files, uid);
	array_push_back(&log->list, &file);
	log->octets += file.size;
	files->octets += file.size;
}

static int file_cmp(const struct trace_file *file1,
		    const struct trace_file *file2)
{
	return file1->start < file2->start ? -1 :
		file1->start > file2->start ? 1 : 0;
}

static void files_scan(struct trace_files *files)
{
	struct trace_log *log;
	struct dirent *d;
	DIR *dir;

	if (mkdir(files->dir, 0700) < 0 && errno != EEXIST) {
		files_error(files, "mkdir", files->dir);
		return;
	}
	dir = opendir(files->dir);
	if (dir == NULL) {
		files_error(files, "opendir", files->dir);
		return;
	}
	while ((d = readdir(dir)) != NULL)
		files_found(files, dirfd(dir), d->d_name);
	(void)closedir(dir);
	for (log = files->logs; log != NULL; log = log->next)
		array_sort(&log->list, file_cmp);
}

static void files_close(struct trace_files *files)
{
	i_close_fd(&files->fd);
	files->fd_log = NULL;
}

static void log_drop_oldest(struct trace_log *log)
{
	struct trace_file *file = array_front_modifiable(&log->list);

	T_BEGIN {
		const char *path = file_path(log, file);

		if (unlink(path) < 0 && errno != ENOENT)
			files_error(log->files, "unlink", path);
	} T_END;
	log->octets -= file->size;
	log->files->octets -= file->size;
	array_pop_front(&log->list);
	if (array_is_empty(&log->list)) {
		log->open = FALSE;
		if (log->files->fd_log == log)
			files_close(log->files);
	}
}

static struct trace_log *files_largest(const struct trace_files *files)
{
	struct trace_log *log, *largest = files->logs;

	for (log = files->logs; log != NULL; log = log->next) {
		if (log->octets > largest->octets)
			largest = log;
	}
	return largest;
}

static void files_limit(struct trace_files *files)
{
	while (files->octets > files->max_octets)
		log_drop_oldest(files_largest(files));
}

static void log_expire(struct trace_log *log, int64_t now)
{
	const struct trace_file *file;

	while (!array_is_empty(&log->list)) {
		file = array_front(&log->list);
		if (file->end + log->files->keep_msecs >= now)
			break;
		log_drop_oldest(log);
	}
}

static void files_check(struct trace_files *files)
{
	struct trace_log *log;
	int64_t now = now_msecs();

	for (log = files->logs; log != NULL; log = log->next)
		log_expire(log, now);
	files_limit(files);
}

struct trace_files *
trace_files_init(struct event *event, const char *dir, uint64_t max_octets,
		 unsigned int keep_secs)
{
	struct trace_files *files = i_new(struct trace_files, 1);

	files->event = event;
	files->fd = -1;
	files->dir = i_strdup(dir);
	files->max_octets = max_octets;
	files->keep_msecs = (int64_t)keep_secs * 1000;
	hash_table_create_direct(&files->table, default_pool, 0);
	files_scan(files);
	files_check(files);
	files->to = timeout_add(CHECK_SECS * 1000, files_check, files);
	return files;
}

void trace_files_deinit(struct trace_files **_files)
{
	struct trace_files *files = *_files;
	struct trace_log *log;

	*_files = NULL;
	timeout_remove(&files->to);
	files_close(files);
	hash_table_destroy(&files->table);
	while ((log = files->logs) != NULL) {
		files->logs = log->next;
		log_free(log);
	}
	i_free(files->dir);
	i_free(files);
}

/* Where the next lines go: the last file, or a new one. */
static struct trace_file *log_file(struct trace_log *log)
{
	struct trace_files *files = log->files;
	struct trace_file *file, *last = NULL;
	int64_t now = now_msecs();

	if (!array_is_empty(&log->list))
		last = array_back_modifiable(&log->list);
	if (log->open && last->size < I_MIN(FILE_OCTETS_MAX,
					    files->max_octets / FILE_PART) &&
	    now < last->start + files->keep_msecs / FILE_PART)
		return last;
	/* files are read in the order of their names */
	if (last != NULL && now <= last->start)
		now = last->start + 1;
	file = array_append_space(&log->list);
	file->start = now;
	log->open = TRUE;
	if (files->fd_log == log)
		files_close(files);
	return file;
}

static bool log_open(struct trace_log *log, const struct trace_file *file)
{
	struct trace_files *files = log->files;
	const char *path;

	if (files->fd_log == log)
		return TRUE;
	files_close(files);
	path = file_path(log, file);
	files->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
			 O_CLOEXEC, 0600);
	if (files->fd == -1) {
		files_error(files, "open", path);
		log->open = FALSE;
		return FALSE;
	}
	files->fd_log = log;
	return TRUE;
}

static void log_append(struct trace_log *log, struct trace_file *file)
{
	struct trace_files *files = log->files;
	ssize_t ret;

	if (!log_open(log, file))
		return;
	ret = write(files->fd, log->buf.data, log->buf.len);
	if (ret < 0 || (size_t)ret < log->buf.len) {
		if (ret >= 0)
			errno = ENOSPC;
		files_error(files, "write", file_path(log, file));
		/* perhaps in the middle of a line */
		log->open = FALSE;
	}
	if (ret > 0) {
		file->size += ret;
		log->octets += ret;
		files->octets += ret;
	}
	file->end = now_msecs();
}

static void log_write(struct trace_log *log)
{
	struct trace_file *file;

	if (log->buf.len == 0)
		return;
	file = log_file(log);
	T_BEGIN {
		log_append(log, file);
	} T_END;
	lemo_buf_reset(&log->buf);
	files_limit(log->files);
}

struct lemo_buf *trace_log_buffer(struct trace_log *log)
{
	struct trace_files *files = log->files;

	if (log->buf.len >= BUFFER_WRITE)
		log_write(log);
	if (!log->dirty) {
		log->dirty = TRUE;
		log->next_dirty = files->dirty;
		files->dirty = log;
	}
	return &log->buf;
}

void trace_files_flush(struct trace_files *files, bool keep)
{
	bool many = hash_table_count(files->table) > BUFFERS_KEPT;
	struct trace_log *log;

	while ((log = files->dirty) != NULL) {
		files->dirty = log->next_dirty;
		log->dirty = FALSE;
		if (keep)
			log_write(log);
		if (many)
			lemo_buf_free(&log->buf);
		else
			lemo_buf_reset(&log->buf);
	}
}

uint64_t trace_files_octets(const struct trace_files *files)
{
	return files->octets;
}

unsigned int trace_files_count(const struct trace_files *files)
{
	const struct trace_log *log;
	unsigned int count = 0;

	for (log = files->logs; log != NULL; log = log->next)
		count += array_count(&log->list);
	return count;
}
