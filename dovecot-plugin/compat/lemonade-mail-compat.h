#ifndef LEMONADE_MAIL_COMPAT_H
#define LEMONADE_MAIL_COMPAT_H

#include "mail-storage-private.h"

/* mail_vfuncs.get_binary_stream(): 2.4 has its results in a structure, which
   may be NULL. LEMONADE_DEFINE_GET_BINARY() makes the function for the table
   of one that has the shape of 2.4 and always gets the structure. */

#if DOVECOT_PREREQ(2,4,0)

static inline int
lemonade_get_binary(const struct mail_vfuncs *v, struct mail *mail,
		    const struct message_part *part, bool include_hdr,
		    struct mail_binary_properties *props_r,
		    struct istream **stream_r)
{
	return v->get_binary_stream(mail, part, include_hdr, props_r,
				    stream_r);
}

#define LEMONADE_DEFINE_GET_BINARY(name, func) \
static int name(struct mail *mail, const struct message_part *part, \
		bool include_hdr, struct mail_binary_properties *props_r, \
		struct istream **stream_r) \
{ \
	struct mail_binary_properties props; \
	\
	i_zero(&props); \
	return func(mail, part, include_hdr, \
		    props_r != NULL ? props_r : &props, stream_r); \
}

#else

struct mail_binary_properties {
	uoff_t size;
	unsigned int lines;
	bool binary;
};

static inline int
lemonade_get_binary(const struct mail_vfuncs *v, struct mail *mail,
		    const struct message_part *part, bool include_hdr,
		    struct mail_binary_properties *props_r,
		    struct istream **stream_r)
{
	/* it has lines only without the stream, and binary only with it */
	return v->get_binary_stream(mail, part, include_hdr, &props_r->size,
				    stream_r == NULL ? &props_r->lines : NULL,
				    stream_r == NULL ? NULL : &props_r->binary,
				    stream_r);
}

#define LEMONADE_DEFINE_GET_BINARY(name, func) \
static int name(struct mail *mail, const struct message_part *part, \
		bool include_hdr, uoff_t *size_r, unsigned int *lines_r, \
		bool *binary_r, struct istream **stream_r) \
{ \
	struct mail_binary_properties props; \
	\
	i_zero(&props); \
	if (func(mail, part, include_hdr, &props, stream_r) < 0) \
		return -1; \
	*size_r = props.size; \
	if (lines_r != NULL) \
		*lines_r = props.lines; \
	if (binary_r != NULL) \
		*binary_r = props.binary; \
	return 0; \
}

#endif

#endif
