#ifndef LEMO_EMN_WBXML_H
#define LEMO_EMN_WBXML_H

/*
 * OMA E-Mail Notification 1.0 in WBXML 1.3, content type
 * application/vnd.wap.emn+wbxml: "there is mail in this mailbox since then".
 */

#include "lemo-buf.h"

/* The mailbox's URI, octets: with it an EMN goes into two SMS at most. */
#define LEMO_EMN_MAILBOX_MAX 200
/* The time of an EMN that tells none. */
#define LEMO_EMN_NO_TIME INT64_MIN

/* Appends the notification. mailbox: a URI (RFC 3986), percent-encoded, such
   as mailat:joe@example.com or imap://joe@example.com/INBOX. time: of the
   event, Unix time, years 1970 to 9999. Returns 0, or -1 with *error_r set (a
   constant) and nothing appended. What does not fit into buf is seen at
   buf->failed. */
int lemo_emn_wbxml_add(struct lemo_buf *buf, const char *mailbox, int64_t time,
		       const char **error_r);

#endif
