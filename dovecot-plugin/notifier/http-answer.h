#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

/*
 * What libcurl has to say of a finished transfer, as a channel's result.
 */

#include <curl/curl.h>
#include "channel.h"

/* The status of the answer counts once it is known, whatever happened to the
   rest of it. The text lives on the data stack. */
void http_answer_get(CURL *easy, CURLcode code,
		     struct channel_result *result_r);

#endif
