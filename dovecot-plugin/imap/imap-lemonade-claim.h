#ifndef IMAP_LEMONADE_CLAIM_H
#define IMAP_LEMONADE_CLAIM_H

/*
 * How a session becomes a device's: it says the deviceClientId in ID (RFC
 * 2971), or reads the device's entry or status by its name in METADATA
 * (RFC 5464). That it wrote the entry is told by the core plugin.
 */

void imap_lemonade_claim_init(void);
void imap_lemonade_claim_deinit(void);

#endif
