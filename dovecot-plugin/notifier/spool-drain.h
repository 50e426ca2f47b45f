#ifndef SPOOL_DRAIN_H
#define SPOOL_DRAIN_H

/*
 * The spool: <state_dir>/spool, where a mail process leaves a line that was
 * not acknowledged, one file each. Any local user may put files there; a file
 * speaks for the uid that owns it.
 */

struct notifier;

struct spool *spool_init(struct notifier *notifier, const char *path);
void spool_deinit(struct spool **spool);
/* Lines came by socket and are about to be written: the files of the same
   uids (account.waiting) are older, and are taken now, in their order. Only for
   a moment: where there are more, nobody shall wait, and order is lost. */
void spool_drain_waiting(struct spool *spool);
/* Files that wait now. */
unsigned int spool_count(const struct spool *spool);

#endif
