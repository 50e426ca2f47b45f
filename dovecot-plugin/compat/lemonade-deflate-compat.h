#ifndef LEMONADE_DEFLATE_COMPAT_H
#define LEMONADE_DEFLATE_COMPAT_H

/* A stream that deflates: 2.3 is told the level, 2.4 reads it from the
   settings, whose default will do. */

#include "istream-zlib.h"
#include "ostream-zlib.h"

#if DOVECOT_PREREQ(2, 4, 0)

static inline struct ostream *
lemonade_deflate_create(struct ostream *output, struct event *event)
{
	return o_stream_create_deflate_auto(output, event);
}

#else

static inline struct ostream *
lemonade_deflate_create(struct ostream *output,
			struct event *event ATTR_UNUSED)
{
	return o_stream_create_deflate(output, 6);
}

#endif

#endif
