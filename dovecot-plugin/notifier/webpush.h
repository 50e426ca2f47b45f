#ifndef WEBPUSH_H
#define WEBPUSH_H

/*
 * What a Web Push takes beside the event: the device's keys, made once for
 * each subscription, and the server's key that the app subscribed with.
 */

struct notifier;
struct channel_job;
struct target;
struct device;

/* Fills job->webpush if the target's channel is webpush. device: NULL if it is
   not known. What is missing is job->webpush.error. The job is to be built
   before the event loop runs again. */
void webpush_fill_job(const struct notifier *notifier, struct channel_job *job,
		      struct target *target, const struct device *device);

#endif
