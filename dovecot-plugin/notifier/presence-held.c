/* A client whose connection dies is known to be dead only some seconds after
   the first message that it was sent and did not get. So the last message that
   was held back is kept, to ring if that turns out. */

#include "lib.h"
#include "device.h"
#include "event-line.h"
#include "ingest.h"
#include "ingest-event.h"
#include "notifier.h"
#include "notify-clock.h"
#include "presence-private.h"

/* It may have been sent a little before the last acknowledgement, which was
   for something else. */
#define MARGIN_MSECS 1000

struct held_ring {
	struct notifier *notifier;
	struct presence_session *session;
};

void presence_held_set(struct presence_session *session,
		       const struct device *device, struct event_line *line)
{
	if (!event_is_arrival(&line->event))
		return;
	event_line_ref(line);
	presence_held_free(session);
	session->held = line;
	session->held_device = i_strdup(device->name);
	session->held_since = notify_clock_msecs();
}

void presence_held_free(struct presence_session *session)
{
	event_line_unref(&session->held);
	i_free(session->held_device);
}

static void held_ring(void *context)
{
	struct held_ring *ring = context;

	ingest_event_again(ring->notifier, ring->session->user->account,
			   ring->session->held, ring->session->held_device);
}

void presence_held_ring(struct presence *presence,
			struct presence_session *session, int64_t dead_msecs)
{
	struct notifier *notifier = presence->notifier;
	struct held_ring ring = { notifier, session };
	int64_t dead_since = notify_clock_msecs() - dead_msecs - MARGIN_MSECS;

	if (session->held != NULL && session->held_since >= dead_since) {
		(void)ingest_transaction(notifier->ingest, held_ring, &ring);
		ingest_want_turn(notifier->ingest);
	}
	presence_held_free(session);
}
