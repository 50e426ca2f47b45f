#ifndef LEMO_MAILTO_PRIVATE_H
#define LEMO_MAILTO_PRIVATE_H

/* How Message-ID: of our mails begins. */
#define LEMO_MAILTO_ID_PREFIX "lemonade."

#endif
