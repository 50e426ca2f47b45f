#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

/*
 * What libcurl has to say of a finished transfer, as a channel's result.
 */

#include <curl/curl.h>
#include "channel.h"

/* answered: the header of the answer is complete. Then its status counts,
   whatever happened to the rest. The text lives on the data stack. */
void http_answer_get(CURL *easy, CURLcode code, bool answered,
		     struct channel_result *result_r);

#endif
