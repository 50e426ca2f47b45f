#include "lib.h"
#include "imap-common.h"
#include "lemonade-token.h"
#include "lemonade-user.h"
#include "imap-lemonade-token.h"

#define CAPABILITY_TOKEN "XDELTAPUSH"

void imap_lemonade_token_client_created(struct client *client)
{
	if (lemonade_token_is_served(lemonade_user_get(client->user)))
		client_add_capability(client, CAPABILITY_TOKEN);
}
