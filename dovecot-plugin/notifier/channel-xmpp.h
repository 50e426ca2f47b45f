#ifndef CHANNEL_XMPP_H
#define CHANNEL_XMPP_H

struct lemonade_settings;

/* As root: reads lemonade_xmpp_secret_file. Trouble is logged and not fatal:
   the other channels go on. */
void channel_xmpp_read_secret(const struct lemonade_settings *set);
/* Before the first push, inside the ioloop: connects if the channel is
   served. And after the last: what is in flight is tried again. */
void channel_xmpp_init(struct event *event,
		       const struct lemonade_settings *set,
		       const char *dns_client_socket_path);
void channel_xmpp_deinit(void);

#endif
