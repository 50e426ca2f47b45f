#ifndef SMS_CAP_H
#define SMS_CAP_H

/*
 * How many messages that cost money go out in a day (UTC), for a user and all
 * together: lemonade_sms_daily_user and _total. Kept in the outbox, counted
 * before each try, so that not even a crash makes room for more.
 */

struct notifier;
struct push;
struct sms_cap;

struct sms_cap *sms_cap_init(struct notifier *notifier);
void sms_cap_deinit(struct sms_cap **cap);

/* Counts a try of a push whose channel costs money. False, and
   push->not_before set to when the day is over, if there may be no more.
   Outside of transactions. */
bool sms_cap_take(struct push *push);
/* The push was answered: what surely did not go out does not count. Inside a
   transaction. */
void sms_cap_answered(const struct push *push);

#endif
