#ifndef EMN_TIME_H
#define EMN_TIME_H

/*
 * The time that an EMN tells: of the event, but never one before what the
 * phone was told already, since it ignores those.
 */

struct channel_job;
struct device;
struct notifier;
struct push;

/* Fills job->emn_told, if its channel is emn. device: NULL if not known. */
void emn_time_fill_job(const struct notifier *notifier,
		       struct channel_job *job, const struct device *device);
/* Unix time, or LEMO_EMN_NO_TIME. */
int64_t emn_time_of_job(const struct channel_job *job);
/* A push was answered: keeps its time, if it may have got through. Inside a
   transaction. */
void emn_time_answered(const struct push *push);

#endif
