#ifndef LEMO_SUBSCRIPTION_PRIVATE_H
#define LEMO_SUBSCRIPTION_PRIVATE_H

#include "lemo-quiet.h"
#include "lemo-subscription.h"

/* For lemo-subscription*.c. json is jansson's. */

/* The field "quiet" of a subscription: {"zone": "Europe/Berlin", "times":
   [{"days": "mo-fr", "from": "22:00", "to": "07:00"}], "urgent": true}.
   "days" may be absent (all), "urgent" too (urgent events pass). Strict as
   lemo_subscription_parse(). Returns NULL with error_r->reason set on failure,
   and error_r->field if it is about a part; else the caller frees it. */
struct lemo_quiet *
lemo_subscription_parse_quiet(void *json,
			      struct lemo_subscription_error *error_r);

#endif
