#ifndef LEMO_EMN_H
#define LEMO_EMN_H

/*
 * What is around an EMN (lemo-emn-wbxml.h): the mailbox that it names, and the
 * WSP push that brings it into a phone (WAP-230-WSP 8.2.4.1).
 */

#include "lemo-buf.h"

#define LEMO_EMN_CONTENT_TYPE "application/vnd.wap.emn+wbxml"
#define LEMO_EMN_APPLICATION_ID "x-wap-application:emn.ua"
/* User data header of the SMS, hex: from port 9200 to 2948, WAP push */
#define LEMO_EMN_UDH "0605040B8423F0"
/* What one SMS has beside it, octets. */
#define LEMO_EMN_PUSH_MAX 133

enum lemo_emn_mailbox {
	LEMO_EMN_MAILBOX_MAILAT, /* mailat:joe@example.org, the user */
	LEMO_EMN_MAILBOX_IMAP,   /* imap://joe@imap.example.org/ */
	LEMO_EMN_MAILBOX_DEVICE  /* mailat:phone@imap.example.org, the
				    device's own name: who reads it on the
				    way learns no address */
};

/* "mailat", "imap" or "device"; false, *form_r untouched, if it is none. */
bool lemo_emn_mailbox_parse(const char *str, enum lemo_emn_mailbox *form_r);
/* Appends the URI, percent-encoded. host: of the IMAP server, and the domain
   of a user without one. */
void lemo_emn_mailbox_add(struct lemo_buf *buf, enum lemo_emn_mailbox form,
			  const char *user, const char *device,
			  const char *host);
/* Appends the WSP push with this EMN in it. */
void lemo_emn_push_add(struct lemo_buf *buf, const void *emn, size_t len);

#endif
