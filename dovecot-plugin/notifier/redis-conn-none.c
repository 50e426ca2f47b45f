/* Instead of redis-conn.c, when there is no hiredis: feeds.c refuses redis://
   then, and no connection is ever made. */

#include "lib.h"
#include "redis-conn.h"

bool redis_conn_is_possible(void)
{
	return FALSE;
}

struct redis_conn *
redis_conn_init(struct event *event ATTR_UNUSED,
		struct resolver *resolver ATTR_UNUSED,
		const struct redis_conn_settings *set ATTR_UNUSED)
{
	i_unreached();
}

void redis_conn_stop(struct redis_conn *conn ATTR_UNUSED)
{
	i_unreached();
}

void redis_conn_deinit(struct redis_conn **conn ATTR_UNUSED)
{
	i_unreached();
}

void redis_conn_send(struct redis_conn *conn ATTR_UNUSED,
		     unsigned int argc ATTR_UNUSED,
		     const char **argv ATTR_UNUSED,
		     const size_t *lens ATTR_UNUSED,
		     channel_callback_t *callback ATTR_UNUSED,
		     void *context ATTR_UNUSED)
{
	i_unreached();
}
