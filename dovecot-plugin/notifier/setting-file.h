#ifndef SETTING_FILE_H
#define SETTING_FILE_H

/*
 * Files that settings name and that have an entry a line: lemonade_feed_file,
 * lemonade_gateway_file. Blank lines, and those that begin with #, say nothing.
 */

struct event;

struct setting_file {
	struct event *event;
	/* its name, for the log */
	const char *setting;
	const char *path;
	/* what follows from a file that cannot be opened, for the log */
	const char *without;
};

/* number: from 1. line: in the data stack, without blanks at its ends. */
typedef void setting_file_line_t(void *context, unsigned int number,
				 const char *line);

/* What is wrong with the file itself is logged. */
void setting_file_read(const struct setting_file *file,
		       setting_file_line_t *callback, void *context);

#endif
