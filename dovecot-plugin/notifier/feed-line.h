#ifndef FEED_LINE_H
#define FEED_LINE_H

#include "feeds.h"

/* One line of lemonade_feed_file into an empty feed, which is the caller's to
   free, also after -1. Reads the secret file. */
int feed_line_parse(const char *line, struct feed *feed, const char **error_r);

#endif
