/* SIEVE-SECRET */

#include "lib.h"
#include "admin-private.h"
#include "notifier.h"
#include "target.h"

/* The listener's mode is 0600: who gets here could read the file as well. */
const char *admin_cmd_sieve_secret(struct admin_client *client,
				   const char *const *args)
{
	const char *entry, *secret;

	if (strncasecmp(args[1], "https://", 8) != 0)
		return "is no https URL: nothing else is signed";
	secret = target_get_sieve_secret(client->notifier, args[1], &entry);
	if (secret == NULL)
		return "is not in lemonade_sieve_targets";
	admin_row(client, t_strconcat("target=", entry, NULL),
		  t_strconcat("secret=", secret, NULL), NULL);
	return NULL;
}
