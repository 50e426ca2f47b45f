#ifndef CHANNEL_EXEC_H
#define CHANNEL_EXEC_H

struct lemonade_settings;

/* Before the first push, inside the ioloop, and after the last: programs that
   still run are killed, and what they were told is tried again. */
void channel_exec_init(const struct lemonade_settings *set);
void channel_exec_deinit(void);

#endif
