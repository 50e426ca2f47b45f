#ifndef IMAP_LEMONADE_BOX_H
#define IMAP_LEMONADE_BOX_H

/*
 * What NOTIFY needs to know of mailboxes, and sets right in the selected one.
 */

struct module;

void imap_lemonade_box_init(struct module *module);
void imap_lemonade_box_deinit(void);

#endif
