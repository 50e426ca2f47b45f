#ifndef LEMONADE_CHECK_COMPAT_H
#define LEMONADE_CHECK_COMPAT_H

/* For doveadm lemonade check: which Dovecot it is, and how doveconf is asked
   for settings of a protocol and for ours. */

#include "lemo-check.h"

#if DOVECOT_PREREQ(2, 4, 0)

#define LEMONADE_CHECK_DOVECOT LEMO_CHECK_DOVECOT_24
#define LEMONADE_CHECK_FILTER "protocol="
#define LEMONADE_CHECK_PLUGIN ""

#else

#define LEMONADE_CHECK_DOVECOT LEMO_CHECK_DOVECOT_23
#define LEMONADE_CHECK_FILTER "service="
#define LEMONADE_CHECK_PLUGIN "plugin/"

#endif

#endif
