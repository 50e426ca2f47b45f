#ifndef LEMONADE_SERVICE_COMPAT_H
#define LEMONADE_SERVICE_COMPAT_H

/*
 * What differs between Dovecot 2.3 and 2.4 for the service: where
 * version_string_verify() is declared.
 */

#include "master-service.h"

#if DOVECOT_PREREQ(2, 4, 0)
#  include "version.h"
#endif

#endif
