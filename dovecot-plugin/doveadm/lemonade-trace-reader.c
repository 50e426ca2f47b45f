#include "lib.h"
#include "array.h"
#include "istream.h"
#include "lemonade-trace-reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

/* Lines in memory, from which on those that `last' leaves out are dropped. */
#define TRIM_LINES 10000

struct trace_name {
	uint32_t uid;
	uint64_t start;
	const char *name;
};
ARRAY_DEFINE_TYPE(trace_name, struct trace_name);

struct trace_line {
	int64_t time;
	uint32_t uid;
	unsigned int number;
	bool is_event;
	char *text;
};

struct trace_reader {
	const char *dir;
	const struct lemo_trace_query *query;
	unsigned int last, number, trim_at;
	uint32_t uid; /* of the file that is read */
	struct lemo_trace_story *story; /* of one uid */
	ARRAY(struct trace_line) lines;
	/* an event that may belong to it, NULL if there is none */
	char *held, *held_id;
	int64_t held_time;
};

static bool parse_name(const char *name, struct trace_name *name_r)
{
	const char *dot = strchr(name, '.');

	if (dot == NULL ||
	    str_to_uint32(t_strdup_until(name, dot), &name_r->uid) < 0 ||
	    str_to_uint64(dot + 1, &name_r->start) < 0)
		return FALSE;
	name_r->name = t_strdup(name);
	return TRUE;
}

static int name_cmp(const struct trace_name *name1,
		    const struct trace_name *name2)
{
	if (name1->uid != name2->uid)
		return name1->uid < name2->uid ? -1 : 1;
	return name1->start < name2->start ? -1 :
		name1->start > name2->start ? 1 : 0;
}

static int
list_names(const char *path, ARRAY_TYPE(trace_name) *names,
	   const char **error_r)
{
	struct trace_name name;
	struct dirent *d;
	DIR *dir = opendir(path);

	if (dir == NULL) {
		*error_r = t_strdup_printf("opendir(%s) failed: %m", path);
		return -1;
	}
	while ((d = readdir(dir)) != NULL) {
		if (parse_name(d->d_name, &name))
			array_push_back(names, &name);
	}
	(void)closedir(dir);
	array_sort(names, name_cmp);
	return 0;
}

static int line_cmp(const struct trace_line *line1,
		    const struct trace_line *line2)
{
	if (line1->time != line2->time)
		return line1->time < line2->time ? -1 : 1;
	return line1->number < line2->number ? -1 : 1;
}

/* Sorts, and drops what is before the last events. */
static void lines_trim(struct trace_reader *reader)
{
	struct trace_line *lines;
	unsigned int i, count, events = 0;

	array_sort(&reader->lines, line_cmp);
	lines = array_get_modifiable(&reader->lines, &count);
	for (i = count; i > 0 && events < reader->last; i--) {
		if (lines[i - 1].is_event)
			events++;
	}
	if (reader->last == 0 || events < reader->last)
		return;
	for (count = i; i > 0; i--)
		i_free(lines[i - 1].text);
	array_delete(&reader->lines, 0, count);
}

static void
line_add(struct trace_reader *reader, char *text, int64_t time, bool is_event)
{
	struct trace_line *line;

	if (array_count(&reader->lines) >= reader->trim_at &&
	    reader->last > 0) {
		lines_trim(reader);
		reader->trim_at = TRIM_LINES +
			2 * array_count(&reader->lines);
	}
	line = array_append_space(&reader->lines);
	line->time = time;
	line->uid = reader->uid;
	line->number = reader->number++;
	line->is_event = is_event;
	line->text = text;
}

static void held_forget(struct trace_reader *reader)
{
	i_free(reader->held);
	i_free(reader->held_id);
}

static void held_add(struct trace_reader *reader,
		     const struct lemo_trace_record *record)
{
	if (reader->held != NULL &&
	    null_strcmp(reader->held_id, record->event_id) == 0) {
		line_add(reader, reader->held, reader->held_time, TRUE);
		reader->held = NULL;
		held_forget(reader);
	}
}

static void read_line(struct trace_reader *reader, const char *line)
{
	struct lemo_trace_record record;
	/* the decoder writes */
	char *copy = t_strdup_noconst(line);

	if (!lemo_trace_decode(copy, strlen(copy), &record))
		return;
	if (record.kind == LEMO_TRACE_EVENT)
		held_forget(reader);
	switch (lemo_trace_story_next(reader->story, &record)) {
	case LEMO_TRACE_SKIP:
		break;
	case LEMO_TRACE_HOLD:
		reader->held = i_strdup(line);
		reader->held_id = i_strdup(record.event_id);
		reader->held_time = record.time;
		break;
	case LEMO_TRACE_TAKE:
		held_add(reader, &record);
		line_add(reader, i_strdup(line), record.time,
			 record.kind == LEMO_TRACE_EVENT);
	}
}

static int read_file(struct trace_reader *reader, const char *name,
		     const char **error_r)
{
	const char *line, *path = t_strconcat(reader->dir, "/", name, NULL);
	struct istream *input;
	int fd, ret = 0;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* its time may have come meanwhile */
	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1) {
		*error_r = t_strdup_printf("open(%s) failed: %m", path);
		return -1;
	}
	input = i_stream_create_fd_autoclose(&fd, LEMO_TRACE_LINE_MAX);
	/* a last line without LF is being written */
	while ((line = i_stream_read_next_line(input)) != NULL) T_BEGIN {
		read_line(reader, line);
	} T_END;
	if (input->stream_errno != 0 && input->stream_errno != ENOBUFS) {
		errno = input->stream_errno;
		*error_r = t_strdup_printf("read(%s) failed: %m", path);
		ret = -1;
	}
	i_stream_destroy(&input);
	return ret;
}

static int read_names(struct trace_reader *reader,
		      const ARRAY_TYPE(trace_name) *names,
		      const char **error_r)
{
	const struct trace_name *name;
	int ret = 0;

	array_foreach(names, name) {
		if (reader->story != NULL && reader->uid != name->uid) {
			held_forget(reader);
			lemo_trace_story_deinit(&reader->story);
		}
		if (reader->story == NULL)
			reader->story = lemo_trace_story_init(reader->query);
		if (reader->story == NULL)
			i_fatal_status(FATAL_OUTOFMEM, "Out of memory");
		reader->uid = name->uid;
		ret = read_file(reader, name->name, error_r);
		if (ret < 0)
			break;
	}
	held_forget(reader);
	if (reader->story != NULL)
		lemo_trace_story_deinit(&reader->story);
	return ret;
}

static void tell_lines(struct trace_reader *reader,
		       lemonade_trace_record_t *callback, void *context)
{
	struct lemo_trace_record record;
	struct trace_line *line;

	array_foreach_modifiable(&reader->lines, line) T_BEGIN {
		if (lemo_trace_decode(line->text, strlen(line->text),
				      &record))
			callback(&record, line->uid, context);
	} T_END;
}

int lemonade_trace_read(const char *dir, const struct lemo_trace_query *query,
			unsigned int last, lemonade_trace_record_t *callback,
			void *context, const char **error_r)
{
	struct trace_reader reader = {
		.dir = dir, .query = query, .last = last,
		.trim_at = TRIM_LINES
	};
	ARRAY_TYPE(trace_name) names;
	struct trace_line *line;
	int ret;

	t_array_init(&names, 64);
	if (list_names(dir, &names, error_r) < 0)
		return -1;
	i_array_init(&reader.lines, 64);
	ret = read_names(&reader, &names, error_r);
	if (ret == 0) {
		lines_trim(&reader);
		ret = array_count(&reader.lines);
		tell_lines(&reader, callback, context);
	}
	array_foreach_modifiable(&reader.lines, line)
		i_free(line->text);
	array_free(&reader.lines);
	return ret;
}
