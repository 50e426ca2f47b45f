#ifndef LEMO_MAILTO_H
#define LEMO_MAILTO_H

/*
 * Pushes as mail (RFC 5436, for events that no Sieve script sees). Pure: who
 * may get them, what they look like, what a mail server's reply means, and
 * what keeps them from going round in circles.
 */

#include "lemo-payload.h"
#include "lemo-retry.h"
#include "lemo-weburl.h"

/* Octets: RFC 5321 4.5.3.1.1, and with "@" and a host (LEMO_DOMAIN_MAX) */
#define LEMO_MAILTO_LOCAL_MAX 64
#define LEMO_MAILTO_ADDRESS_MAX 185
/* What a push's id may have, so that Message-ID: needs no quotes; octets. */
#define LEMO_MAILTO_ID_MAX 128
/* Others than the user may read it on the way. */
#define LEMO_MAILTO_PAYLOAD_MAX LEMO_PAYLOAD_LOCATOR

/* Points into the text it was parsed from. */
struct lemo_mailto_address {
	const char *local, *domain;
	size_t local_len, domain_len;
};

/* user@host, less than RFC 5322 3.4.1: a dot-atom of letters, digits and
   "-_.+~=" that begins with a letter or digit, and a host name; no quotes,
   comments, literals, routes or escapes, one recipient. Nothing in it can end
   a header or a command, or mean something to a mail server. Returns 0, or -1
   with a constant in *error_r, words to follow the name of the setting. */
int lemo_mailto_address_parse(const char *str,
			      struct lemo_mailto_address *address_r,
			      const char **error_r);
/* mailto: (RFC 6068) with such an address and nothing else. Words to follow
   "url". */
int lemo_mailto_parse(const char *uri, struct lemo_mailto_address *address_r,
		      const char **error_r);

/* May a user send there? To the domain of `from', the sender, and to domains
   in `allow_hosts' (see lemo_fence_listed(); the port is 25): the mail server
   is no relay for strangers. NULL, or a constant that says why not, words to
   follow "url". */
const char *lemo_mailto_refusal(const char *uri, const char *from,
				const char *allow_hosts);
/* words to follow "url" */
#define LEMO_MAILTO_IS_OWN "is the mailbox that it is to tell of"
/* Is it the mailbox of that user? A user name without a domain is one at
   host (NULL: unknown). Case and what follows a "+" in front of the "@" do not
   count. */
bool lemo_mailto_is_own(const char *uri, const char *user, const char *host);

/* RFC 5436 2.7: no notification of what was sent by a machine. Values of the
   header fields, NULL if it has none: Auto-Submitted (RFC 3834 5) is anything
   but "no", or Message-ID is one of ours. */
bool lemo_mailto_is_automatic(const char *auto_submitted,
			      const char *message_id);

/* The administrator's mail server: smtp://host or smtps://host (TLS from the
   first octet on), perhaps with :port. */
struct lemo_mailto_relay {
	char host[LEMO_HOST_MAX + 1];
	uint16_t port;
	bool smtps;
};
/* Returns 0, or -1 with a constant in *error_r, words to follow the name of
   the setting. */
int lemo_mailto_relay_parse(const char *url, struct lemo_mailto_relay *relay_r,
			    const char **error_r);

/* What an SMTP reply (RFC 5321 4.2.1) that ends a transaction means for the
   push. about_message: it is the answer to RCPT or to the mail itself. 5xx to
   them is permanent; to anything before, such as "no service" or "no null
   sender here", it is no fault of the device, and tried again as 4xx is. */
enum lemo_answer lemo_mailto_answer(unsigned int status, bool about_message);

struct lemo_mailto_mail {
	const char *uri, *from; /* valid */
	/* the same in every try: goes into Message-ID: */
	const char *push_id;
	int64_t now; /* Unix time */
};
/* Appends the mail, CRLF, lines of at most 78 octets but for addresses: a
   short text, cut to the level in args and to LEMO_MAILTO_PAYLOAD_MAX. Only
   `mail' and the user's name get into a header as they are, so user names
   that are no address come as RFC 5436's owner-token, which is then the event
   id. False, and nothing appended, if the push id is not of letters, digits
   and hyphens, or too long. */
bool lemo_mailto_add(struct lemo_buf *buf, const struct lemo_mailto_mail *mail,
		     const struct lemo_event *event,
		     const struct lemo_payload_args *args);

#endif
