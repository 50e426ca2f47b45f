#ifndef LEMO_LIMITS_H
#define LEMO_LIMITS_H

/* Limits on what users may store or send; one place for all rooms. */

/* METADATA value of a device, octets (RFC 5464 asks for at least 1024). */
#define LEMO_DEVICE_MAX_SIZE 4096
/* Devices of one user. */
#define LEMO_DEVICES_MAX 10
/* deviceClientId: [a-z0-9._-]. Dovecot lower-cases entry names. */
#define LEMO_DEVICE_NAME_MAX 64
/* The URL of a device, octets (UnifiedPush AND 3.0.0). */
#define LEMO_DEVICE_URL_MAX 1000
/* SEARCH criteria of a device, octets. */
#define LEMO_DEVICE_FILTER_MAX 1024
/* BODY and TEXT keys in them: each reads the whole message. */
#define LEMO_FILTER_BODY_KEYS_MAX 4
/* A delivery waits for filters: of a larger message, octets, the body is not
   searched, and after so long, microseconds, no more filters are run in a
   transaction. Then the device rings. */
#define LEMO_FILTER_BODY_SIZE_MAX (1024 * 1024)
#define LEMO_FILTER_BUDGET_USECS (100 * 1000)
#define LEMO_DEVICE_CODE_MAX 128
/* Seconds. */
#define LEMO_DEVICE_TTL_MAX (28 * 24 * 3600)
#define LEMO_DEVICE_TTL_DEFAULT (24 * 3600)
#define LEMO_DEVICE_COLLAPSE_MAX 3600
/* The default of channels that cost money; 0 with all others. */
#define LEMO_DEVICE_COLLAPSE_COSTLY 300
/* Quiet times of a device. */
#define LEMO_DEVICE_QUIET_TIMES_MAX 16

/* Devices that Sieve scripts name for one delivery; more are ignored. */
#define LEMO_SIEVE_NOTIFY_MAX 8
/* Milliseconds that scripts wait for answers to tests of "online" in one
   delivery; the last one may take lemonade_handoff_timeout more. */
#define LEMO_SIEVE_ONLINE_MSECS 1000

/* Filters of RFC 5466: octets of a name, of the criteria, of a description
   (RFC 5464 asks for at least 1024), and how many a user may have of each. */
#define LEMO_NAMED_FILTER_NAME_MAX 128
#define LEMO_NAMED_FILTER_SIZE_MAX 4096
#define LEMO_NAMED_FILTER_TEXT_MAX 1024
#define LEMO_NAMED_FILTERS_MAX 100
/* Filters that name filters: how deep, how many, and how many octets of
   criteria they all together may put into one command. */
#define LEMO_NAMED_FILTER_DEPTH_MAX 10
#define LEMO_NAMED_FILTER_USES_MAX 64
#define LEMO_NAMED_FILTER_OCTETS_MAX (16 * 1024)
/* Lists in lists within the criteria of one. */
#define LEMO_NAMED_FILTER_LISTS_MAX 32

#define LEMO_USER_MAX 255

#endif
