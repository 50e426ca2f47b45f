#ifndef IMAP_LEMONADE_URLPART_H
#define IMAP_LEMONADE_URLPART_H

/*
 * The part of a message that a URL names, of the session's own mail: what
 * URLFETCH answers. That of other users comes by imap-lemonade-urlservice.
 */

#include "imap-urlauth-fetch.h"

struct client;
struct imap_msgpart_url;
struct imap_url;

struct imap_lemonade_urlpart {
	/* BODYPARTSTRUCTURE without its parentheses; NULL if not known */
	char *structure;
	/* The octets; NULL if there are none. */
	struct istream *input;
	uoff_t size;
	bool has_nuls;
	/* BINARY was asked for and the part cannot be decoded. */
	bool undecodable;
	/* What input lives in; may be NULL. */
	struct imap_msgpart_url *mpurl;
};

/* 1: *part is filled, 0: there is no such part, or no right to it, -1: it
   cannot be told now. *part is empty (i_zero) before. flags: BODY, BINARY,
   BODYPARTSTRUCTURE. */
int imap_lemonade_urlpart_read(struct client *client, struct imap_url *url,
			       enum imap_urlauth_fetch_flags flags,
			       struct imap_lemonade_urlpart *part);
/* Empties it. */
void imap_lemonade_urlpart_free(struct imap_lemonade_urlpart *part);

/* Does the URL name a MIME part, which may not be there? */
bool imap_lemonade_urlpart_is_mime(const struct imap_url *url);

#endif
