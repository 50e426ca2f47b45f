#ifndef INGEST_H
#define INGEST_H

/*
 * From lines to rows. What arrives in one turn of the event loop, and what
 * was answered in it, is written in one transaction at the begin of the next
 * turn; then the lines are acknowledged and pushes made. The spool has what was
 * not acknowledged before, so that it goes first.
 */

#include <stddef.h>

struct notifier;
struct account;

enum ingest_answer {
	/* it is kept, or was before, or concerns nobody */
	INGEST_OK,
	/* it is not wanted, now and later */
	INGEST_NO,
	/* it is over the cap: no more now */
	INGEST_FULL,
	/* could not be written: whoever sent it must keep it */
	INGEST_FAILED
};

/* id: NULL if the line is too broken to have one. text: for INGEST_NO and
   _FULL, a reason word, a TAB and words for the log; for INGEST_OK NULL, or
   "GONE", TAB, the device, TAB, the hash of its endpoint, for each device that
   is gone, with a TAB before the next. */
typedef void ingest_callback_t(enum ingest_answer answer, const char *id,
			       const char *text, void *context);

struct ingest *ingest_init(struct notifier *notifier);
void ingest_deinit(struct ingest **ingest);
/* The outbox was opened anew. -1 = it failed at once. */
int ingest_load(struct ingest *ingest);

/* One line without its LF. The callback comes once, perhaps before this
   returns. */
void ingest_add(struct ingest *ingest, struct account *account,
		const void *line, size_t len, ingest_callback_t *callback,
		void *context);
/* Something waits to be written: a turn is made soon. */
void ingest_want_turn(struct ingest *ingest);
/* Writes and answers all that waits, now. */
void ingest_flush(struct ingest *ingest);
/* What `func' adds is older than the lines that wait: it is written and
   answered before this returns. At most a batch; not inside a transaction. */
void ingest_ahead(struct ingest *ingest, void (*func)(void *context),
		  void *context);
/* Runs `func' in a transaction of its own. -1 if it could not be kept. */
int ingest_transaction(struct ingest *ingest, void (*func)(void *context),
		       void *context);

#endif
