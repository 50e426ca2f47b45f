#ifndef IMAP_LEMONADE_BINARY_H
#define IMAP_LEMONADE_BINARY_H

/*
 * Decoded parts of messages (RFC 3516), where Dovecot does not quite do it:
 *
 * - BINARY.SIZE is the size of BINARY. Dovecot takes the end of a part that is
 *   stored with LF for later than it is, so that the next part's difference
 *   may be counted in.
 * - A transfer encoding that is not known spoils the size of its own part
 *   only.
 * - A literal8 is sent if there is a NUL (section 4.3), not for all that was
 *   decoded.
 */

struct module;

void imap_lemonade_binary_init(struct module *module);
void imap_lemonade_binary_deinit(void);

#endif
