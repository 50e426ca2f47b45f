#ifndef LEMO_BANNED_H
#define LEMO_BANNED_H

/* Included last: calls that have no safe use here (after git's banned.h). */
#undef alloca /* a macro in <stdlib.h> */
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok
#pragma GCC poison gmtime localtime ctime asctime atoi atol alloca gets

#endif
