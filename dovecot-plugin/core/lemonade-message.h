#ifndef LEMONADE_MESSAGE_H
#define LEMONADE_MESSAGE_H

#include "lemo-event.h"

struct mail;

/* Fills what RFC 5423 wants to know of one message: modseq and Message-ID;
   from payload level 2 on size and GUID, from 3 on the decoded headers, from 4
   on the snippet. Strings are of the data stack. What the message does not have
   (or the store cannot read) stays NULL or 0. */
void lemonade_message_fill(struct mail *mail, unsigned int level,
			   struct lemo_event *event);

/* Message-ID and what level 3 tells of the headers; the message need not be
   stored. */
void lemonade_message_headers(struct mail *mail, struct lemo_event *event);

/* Was it sent by a machine? See lemo_mailto_is_automatic(). Reads the header,
   as the next does. */
bool lemonade_message_is_automatic(struct mail *mail);

/* What the message says of its importance, as in struct lemo_event. Reads the
   header, where the storage's cache has not got it. */
uint32_t lemonade_message_importance(struct mail *mail);

#endif
