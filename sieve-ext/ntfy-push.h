#ifndef NTFY_PUSH_H
#define NTFY_PUSH_H

/*
 * The enotify method (RFC 5435) "push": push:all, push:NAME, push:none. What
 * it asks for becomes part of the verdicts on the message: see
 * lemonade-ring.h. A failure here never fails a delivery.
 */

#include "sieve-ext-enotify.h"

extern const struct sieve_enotify_method_def ntfy_push;

#endif
