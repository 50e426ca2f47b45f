#ifndef LEMO_IMPORTANCE_H
#define LEMO_IMPORTANCE_H

/* How important its sender says a message is, as RFC 5435 section 3.5
   counts. */
#define LEMO_IMPORTANCE_HIGH 1
#define LEMO_IMPORTANCE_NORMAL 2
#define LEMO_IMPORTANCE_LOW 3

/* Values of the header fields Importance and Priority (RFC 4021 2.1.54 and
   2.1.55; high, normal, low and urgent, normal, non-urgent) and X-Priority (1
   to 5), each NULL if it is not there. The first of them that says something
   counts. */
unsigned int lemo_importance(const char *importance, const char *priority,
			     const char *x_priority);

#endif
