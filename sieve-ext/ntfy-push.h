#ifndef NTFY_PUSH_H
#define NTFY_PUSH_H

/*
 * The enotify method (RFC 5435) "push": push:all, push:NAME, push:none. What
 * it asks for becomes part of the verdicts on the message: see
 * lemonade-ring.h. A failure here never fails a delivery.
 */

#include "sieve-ext-enotify.h"

extern const struct sieve_enotify_method_def ntfy_push;

/* The Sieve instance ends: at a delivery, all is known now. */
void ntfy_push_end(const struct sieve_enotify_method *method);

#endif
