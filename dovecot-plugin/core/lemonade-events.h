#ifndef LEMONADE_EVENTS_H
#define LEMONADE_EVENTS_H

/* Registers with the notify plugin. */
void lemonade_events_init(void);
void lemonade_events_deinit(void);

#endif
