#ifndef IMAP_LEMONADE_CONTEXT_PRIVATE_H
#define IMAP_LEMONADE_CONTEXT_PRIVATE_H

#include "mail-storage-private.h"
#include "lemo-results.h"
#include "imap-lemonade-context.h"

/* Of a client. Fewer than CLIENT_MAX_SEARCH_UPDATES, so that one that sorts
   too much can still search. */
#define IMAP_LEMONADE_CONTEXTS_MAX 8

struct imap_search_update;
struct imap_sync_context;
struct mail_search_args;

/* A SORT that is updated. */
struct imap_lemonade_context {
	/* whose results we still read; NULL when it is done */
	struct mail_search_context *search;
	/* Dovecot's set: freed behind our back, so that the update is always
	   looked for first. Holding the arguments makes sure that the same
	   addresses are the same context. */
	struct mail_search_result *result;
	struct mail_search_args *args;

	enum mail_sort_type program[MAX_SORT_PROGRAM_SIZE];
	struct lemo_results results;
	/* UIDs that have changed, but the client does not know it yet */
	ARRAY_TYPE(seq_range) removed, added;
	/* the FETCH of new messages waits for output */
	bool fetching;
	/* memory ran out while the results were read */
	bool failed;
};

ARRAY_DEFINE_TYPE(imap_lemonade_contexts, struct imap_lemonade_context *);

/*
 * Contexts and updates
 */

/* The update of a context or search; NULL if it has ended, e.g. by
   CANCELUPDATE. */
struct imap_search_update *
imap_lemonade_context_update(struct client *client,
			     const struct mail_search_result *result,
			     const struct mail_search_args *args);
void imap_lemonade_context_free(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				struct imap_lemonade_context *context);
/* Frees those without an update. */
void imap_lemonade_contexts_prune(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				  struct client *client);
/* Frees it with its update; "refuse" tells the client (RFC 5267 section
   4.3.1). */
void imap_lemonade_context_end(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
			       struct client *client,
			       struct imap_lemonade_context *context);
void imap_lemonade_context_refuse(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				  struct client *client,
				  struct imap_lemonade_context *context,
				  const char *reason);

/*
 * The first results
 */

/* Before each search. Dovecot looks for what a change of flags means to an
   update by putting the UIDs before the criteria, and then goes through the
   whole mailbox to find them. With sequence numbers it does not: they are put
   into seqs, which the search uses until it ends. */
void imap_lemonade_context_narrow(struct client *client, struct mailbox *box,
				  struct mail_search_args *args,
				  ARRAY_TYPE(seq_range) *seqs);
/* A search found this; whether it is of a context is seen here. */
void imap_lemonade_context_found(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				 struct mail_search_context *ctx, uint32_t uid);
/* A search with results to keep is about to end. Returns the context if it is
   of one. */
struct imap_lemonade_context *
imap_lemonade_context_searched(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
			       struct client *client,
			       struct mail_search_context *ctx);
/* It has ended well, and the context begins or is refused. False if there are
   too many. */
bool imap_lemonade_context_begin(ARRAY_TYPE(imap_lemonade_contexts) *contexts,
				 struct client *client,
				 struct imap_lemonade_context *context);

/*
 * Order
 */

/* Before a SORT by a string: Dovecot keeps numbers in the index instead of
   comparing strings. Where messages have none yet, it gives them some, and
   that time confuses those with equal strings if the key is REVERSE or has
   others behind it (RFC 5256 section 3). So it is to give them before. */
void imap_lemonade_sort_prepare(struct mailbox *box,
				const enum mail_sort_type *program);

/* Brings the UIDs into order, puts them into the results, and where they stand
   then into places_r. Returns how many: those expunged meanwhile may be left
   out. -1 if their order cannot be found out. */
int imap_lemonade_context_insert(struct imap_lemonade_context *context,
				 struct mailbox *box, uint32_t *uids,
				 unsigned int count, size_t *places_r);

/*
 * What the client is told
 */

/* Before the EXPUNGEs: what is removed. Both return -1 if that cannot be told:
   the context is of no use any more. */
int imap_lemonade_context_tell_removed(struct imap_lemonade_context *context,
				       struct client *client,
				       const struct imap_search_update *update);
/* After all else: FETCH and what was added and removed. Returns 0 if it is to
   be called again when there is room for output. */
int imap_lemonade_context_tell(struct imap_lemonade_context *context,
			       struct imap_sync_context *sync,
			       struct imap_search_update *update);

#endif
