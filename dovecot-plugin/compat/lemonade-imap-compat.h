#ifndef LEMONADE_IMAP_COMPAT_H
#define LEMONADE_IMAP_COMPAT_H

/* What differs between Dovecot 2.3 and 2.4 for IMAP. */

/* Does NOTIFY look at the selected mailbox when it begins to watch it between
   commands? 2.3 does not, and what came just before is lost. */
static inline bool lemonade_notify_looks_at_begin(void)
{
#if DOVECOT_PREREQ(2, 4, 0)
	return TRUE;
#else
	return FALSE;
#endif
}

#endif
