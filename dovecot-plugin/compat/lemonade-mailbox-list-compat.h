#ifndef LEMONADE_MAILBOX_LIST_COMPAT_H
#define LEMONADE_MAILBOX_LIST_COMPAT_H

/*
 * 2.4's header says const twice, which clang minds.
 */

#ifdef __clang__
#  pragma clang diagnostic push
#  pragma clang diagnostic ignored "-Wduplicate-decl-specifier"
#endif
#include "mailbox-list-private.h"
#ifdef __clang__
#  pragma clang diagnostic pop
#endif

#endif
