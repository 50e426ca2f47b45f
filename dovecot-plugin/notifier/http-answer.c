#include "lib.h"
#include "http-answer.h"

#include <openssl/x509.h>

#include "lemo-banned.h"

static const struct {
	CURLcode code;
	const char *text;
} http_answer_texts[] = {
	{ CURLE_OK, "connection closed within the answer" },
	{ CURLE_GOT_NOTHING, "connection closed without an answer" },
	{ CURLE_SEND_ERROR, "connection lost" },
	{ CURLE_RECV_ERROR, "connection lost" },
	{ CURLE_SSL_CONNECT_ERROR, "TLS handshake failed" },
	{ CURLE_SSL_CACERT_BADFILE, "CA certificates are not readable: see "
	  "lemonade_ca_file" },
	{ CURLE_COULDNT_RESOLVE_PROXY, "proxy's name is not known" },
	/* HTTP/0.9, or a first line that is no status line */
	{ CURLE_UNSUPPORTED_PROTOCOL, "answer is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, "answer is not HTTP" },
	{ CURLE_WRITE_ERROR, "answer's header is too large" },
	{ CURLE_OUT_OF_MEMORY, "out of memory" },
};

static long http_answer_long(CURL *easy, CURLINFO info)
{
	long value = 0;

	if (curl_easy_getinfo(easy, info, &value) != CURLE_OK)
		return 0;
	return value;
}

static const char *http_answer_certificate(CURL *easy)
{
	long verify = http_answer_long(easy, CURLINFO_SSL_VERIFYRESULT);

	/* libcurl compares names before it asks for the verification */
	if (verify == X509_V_OK || verify == X509_V_ERR_UNSPECIFIED)
		return "certificate is for another name";
	return t_strconcat("certificate: ",
			   X509_verify_cert_error_string(verify), NULL);
}

static bool http_answer_was_sent(CURL *easy)
{
	curl_off_t sent = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	return sent > 0;
}

/* libcurl 7.88 has the time only when TLS stands, too; later ones have the port
   of a socket that is not connected yet. */
static bool http_answer_was_connected(CURL *easy)
{
#if LIBCURL_VERSION_NUM < 0x080000
	return http_answer_long(easy, CURLINFO_LOCAL_PORT) != 0;
#else
	curl_off_t connected = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
	return connected > 0;
#endif
}

static const char *http_answer_timeout(CURL *easy)
{
	curl_off_t handshaken = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &handshaken);
	if (http_answer_was_sent(easy))
		return "answer timed out";
	if (!http_answer_was_connected(easy))
		return "connect timed out";
	return handshaken == 0 ? "TLS handshake timed out" :
		"answer timed out";
}

static const char *http_answer_connect(CURL *easy)
{
	long err = http_answer_long(easy, CURLINFO_OS_ERRNO);

	if (err == 0)
		return "connect failed";
	return t_strconcat("connect failed: ", strerror(err), NULL);
}

static const char *http_answer_text(CURL *easy, CURLcode code)
{
	long proxy = http_answer_long(easy, CURLINFO_HTTP_CONNECTCODE);
	unsigned int i;

	if (proxy >= 300)
		return t_strdup_printf("proxy answered %ld", proxy);
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return http_answer_connect(easy);
	case CURLE_OPERATION_TIMEDOUT:
		return http_answer_timeout(easy);
	case CURLE_PEER_FAILED_VERIFICATION:
		return http_answer_certificate(easy);
	default:
		break;
	}
	for (i = 0; i < N_ELEMENTS(http_answer_texts); i++)
		if (http_answer_texts[i].code == code)
			return http_answer_texts[i].text;
	return t_strdup_printf("HTTP failed: %s", curl_easy_strerror(code));
}

void http_answer_get(CURL *easy, CURLcode code, bool answered,
		     struct channel_result *result_r)
{
	long status = http_answer_long(easy, CURLINFO_RESPONSE_CODE);

	i_zero(result_r);
	result_r->sent = http_answer_was_sent(easy);
	/* 1xx is not the answer yet */
	if (answered && status >= 200) {
		result_r->status = status;
		result_r->text = t_strdup_printf("%ld", status);
		result_r->origin_failed = status >= 500;
	} else {
		result_r->text = http_answer_text(easy, code);
		result_r->origin_failed = TRUE;
	}
	result_r->answer = lemo_answer_of_status(result_r->status);
}
