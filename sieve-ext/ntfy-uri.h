#ifndef NTFY_URI_H
#define NTFY_URI_H

/*
 * The enotify methods that name a target by its URI: https, sip, sips, sms,
 * tel, emn, xmpp, as far as this build has channels for them. None of them
 * sends: what the script says is handed to the notifier with the event, see
 * lemonade-ring.h.
 */

#include "sieve-ext-enotify.h"

/* NULL-terminated. */
const struct sieve_enotify_method_def *const *ntfy_uri_methods(void);
/* True if one of them has this scheme. */
bool ntfy_uri_has_scheme(const char *scheme, size_t len);

#endif
