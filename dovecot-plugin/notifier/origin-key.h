#ifndef ORIGIN_KEY_H
#define ORIGIN_KEY_H

#include <stdint.h>

/* 63 bits of SHA-256 of an origin ("https://host:port", or a channel's name
   and a colon): users choose origins, so no weaker hash will do. > 0. */
int64_t origin_key(const char *name);

#endif
