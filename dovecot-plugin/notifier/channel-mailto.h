#ifndef CHANNEL_MAILTO_H
#define CHANNEL_MAILTO_H

struct event;
struct lemonade_settings;

void channel_mailto_init(struct event *event,
			 const struct lemonade_settings *set,
			 const char *dns_client_socket_path);
/* Cancels what is under way. */
void channel_mailto_deinit(void);

#endif
