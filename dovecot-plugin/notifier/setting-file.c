#include "lib.h"
#include "istream.h"
#include "setting-file.h"

#include <fcntl.h>

#define LINE_MAX_SIZE 4096

static unsigned int read_lines(struct istream *input,
			       setting_file_line_t *callback, void *context)
{
	unsigned int number = 0;
	const char *line;

	while ((line = i_stream_read_next_line(input)) != NULL) T_BEGIN {
		line = t_str_trim(line, " \t\r");
		number++;
		if (*line != '\0' && *line != '#')
			callback(context, number, line);
	} T_END;
	return number;
}

void setting_file_read(const struct setting_file *file,
		       setting_file_line_t *callback, void *context)
{
	struct istream *input;
	unsigned int lines;
	int fd;

	fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1) {
		e_error(file->event, "%s: %s cannot be opened: %m; %s",
			file->setting, file->path, file->without);
		return;
	}
	input = i_stream_create_fd_autoclose(&fd, LINE_MAX_SIZE);
	/* editors that write no line end behind the last line */
	i_stream_set_return_partial_line(input, TRUE);
	lines = read_lines(input, callback, context);
	if (input->stream_errno != 0) {
		e_error(file->event, "%s: %s line %u cannot be read: %s; it "
			"and what follows is left out", file->setting,
			file->path, lines + 1,
			input->stream_errno != ENOBUFS ?
			strerror(input->stream_errno) : t_strdup_printf(
				"it is longer than %d octets", LINE_MAX_SIZE));
	}
	i_stream_unref(&input);
}
