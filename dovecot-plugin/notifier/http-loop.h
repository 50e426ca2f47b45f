#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

/*
 * libcurl's multi_socket interface on Dovecot's ioloop. Knows transfers,
 * sockets and timers, nothing of requests. It leaves room for others: when a
 * thousand connections are to be made at once (a millisecond of TLS each),
 * every turn of the ioloop does some of them.
 */

#include <curl/curl.h>

struct http_loop;

/* Transfers started in one turn, and time for all of them in one turn, after
   which sockets wait for the next. */
#define HTTP_LOOP_TURN_STARTS 16
#define HTTP_LOOP_TURN_USECS 5000

/* Its turn has come: returns the handle of a transfer, all options set. NULL:
   there will be no transfer. */
typedef CURL *http_loop_start_t(void *transfer);
/* A transfer has ended and is already taken out of the loop; the callback may
   add it again, or others, but not deinit the loop. */
typedef void http_loop_done_t(CURL *easy, CURLcode code, void *context);

/* max_connections: above the number ever open at once, or libcurl closes good
   idle connections to make room. NULL if libcurl has no memory. */
struct http_loop *http_loop_init(unsigned int max_connections,
				 http_loop_start_t *start,
				 http_loop_done_t *done, void *context);
/* All transfers must have been removed. */
void http_loop_deinit(struct http_loop **loop);

/* The only way to make a socket for a transfer, so that the loop knows which
   are open: CURLOPT_OPENSOCKETFUNCTION is to end here, and
   CURLOPT_CLOSESOCKETFUNCTION is the other, with the loop as its data. */
curl_socket_t http_loop_open_socket(struct http_loop *loop,
				    const struct curl_sockaddr *addr);
int http_loop_close_socket(void *loop, curl_socket_t fd);

/* Starts the transfer in one of the next turns of the ioloop. */
void http_loop_add(struct http_loop *loop, void *transfer);
/* Cancels it: easy is NULL if it has not been started. done is not called. */
void http_loop_remove(struct http_loop *loop, void *transfer, CURL *easy);

#endif
