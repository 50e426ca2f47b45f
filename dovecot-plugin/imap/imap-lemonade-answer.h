#ifndef IMAP_LEMONADE_ANSWER_H
#define IMAP_LEMONADE_ANSWER_H

/*
 * Commands of Dovecot whose answers are not quite what RFCs ask for:
 *
 * - ENABLE: BAD without arguments; ENABLED also if it names nothing (RFC 5161
 *   section 3.1).
 * - COMPRESS: only DEFLATE is known, all else is BAD (RFC 4978 section 3).
 * - APPEND: TOOBIG for a message beyond the limit, and nothing in BADURL that
 *   ends the code or the line (RFC 4469 sections 4.2 and 5).
 * - SETMETADATA with two mistakes: one answer, not the end of the process.
 * - All: once CONDSTORE is enabled, unsolicited FETCH has the UID (RFC 7162
 *   section 3.2.4). Dovecot does it for QRESYNC only.
 */

struct client;

void imap_lemonade_answer_init(void);
void imap_lemonade_answer_deinit(void);
void imap_lemonade_answer_client_created(struct client *client);

#endif
