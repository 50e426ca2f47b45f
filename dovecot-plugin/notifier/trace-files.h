#ifndef TRACE_FILES_H
#define TRACE_FILES_H

/* The files of the trace: see trace.h. Lines are lib/lemo-trace.h's. */

#include "lemo-buf.h"

struct trace_files;
/* The files of one uid; lives as long as its trace_files. */
struct trace_log;

/* Makes the directory, or finds what is there. Trouble is logged, now and
   then, and lines are lost, nothing else. */
struct trace_files *
trace_files_init(struct event *event, const char *dir, uint64_t max_octets,
		 unsigned int keep_secs);
void trace_files_deinit(struct trace_files **files);

struct trace_log *trace_files_get(struct trace_files *files, uint32_t uid);
/* Where to add whole lines. What is in it is written soon. */
struct lemo_buf *trace_log_buffer(struct trace_log *log);
/* Writes all buffers, or forgets them. */
void trace_files_flush(struct trace_files *files, bool keep);

uint64_t trace_files_octets(const struct trace_files *files);
unsigned int trace_files_count(const struct trace_files *files);

#endif
