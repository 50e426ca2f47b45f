#ifndef GATEWAY_LOGIN_H
#define GATEWAY_LOGIN_H

/*
 * Users and passwords for gateways, lemonade_gateway_file: "CHANNEL USER
 * PASSWORD" a line. Read once, as root, since the file is root's alone.
 */

struct gateway_login {
	char *channel, *user, *password;
};

/* A line that is wrong is logged and left out. path: "" = none. */
void gateway_logins_init(struct event *event, const char *path);
void gateway_logins_deinit(void);

/* NULL: this channel's gateway wants none. */
const struct gateway_login *gateway_login_find(const char *channel);

#endif
