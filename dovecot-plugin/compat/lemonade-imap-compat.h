#ifndef LEMONADE_IMAP_COMPAT_H
#define LEMONADE_IMAP_COMPAT_H

/*
 * What differs between the imap processes of Dovecot 2.3 and 2.4: whether a
 * feature may refuse to be enabled (2.3 answers ENABLED in any case), and what
 * NOTIFY does about changes in the second before it watches the selected
 * mailbox again after a command (2.3: nothing).
 */

#include "imap-common.h"

#if DOVECOT_PREREQ(2, 4, 0)
typedef bool lemonade_imap_enable_t;
#  define LEMONADE_IMAP_ENABLED(enabled) (enabled)
#  define LEMONADE_IMAP_NOTIFY_STARTS_LATE FALSE
#else
typedef void lemonade_imap_enable_t;
#  define LEMONADE_IMAP_ENABLED(enabled) (void)(enabled)
#  define LEMONADE_IMAP_NOTIFY_STARTS_LATE TRUE
#endif

#endif
