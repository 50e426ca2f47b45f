/*
 * bare-curl URL COUNT OPEN BODY-OCTETS: the yardstick for the notifier. A
 * libcurl multi loop (multi_poll) that keeps OPEN POSTs of BODY-OCTETS in
 * flight until COUNT are answered; prints requests per CPU second.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static size_t drop(char *data, size_t size, size_t n, void *context)
{
	(void)data; (void)context;
	return size * n;
}

static double cpu_seconds(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)ru.ru_utime.tv_sec + (double)ru.ru_stime.tv_sec +
		(double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char *argv[])
{
	struct curl_slist *headers = NULL;
	long count, open_max, size, started = 0, done = 0, failed = 0;
	CURLM *multi;
	CURLMsg *msg;
	char *body;
	int running = 1, left, i;

	if (argc != 5)
		return 2;
	count = strtol(argv[2], NULL, 10);
	open_max = strtol(argv[3], NULL, 10);
	size = strtol(argv[4], NULL, 10);
	body = malloc((size_t)size);
	memset(body, 'x', (size_t)size);
	curl_global_init(CURL_GLOBAL_ALL);
	multi = curl_multi_init();
	headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Expect:");
	for (i = 0; i < open_max; i++, started++) {
		CURL *e = curl_easy_init();

		curl_easy_setopt(e, CURLOPT_URL, argv[1]);
		curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, size);
		curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, drop);
		curl_easy_setopt(e, CURLOPT_PROXY, "");
		curl_multi_add_handle(multi, e);
	}
	while (done < count) {
		curl_multi_perform(multi, &running);
		while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
			CURL *e = msg->easy_handle;

			if (msg->data.result != CURLE_OK)
				failed++;
			done++;
			curl_multi_remove_handle(multi, e);
			if (started++ < count)
				curl_multi_add_handle(multi, e);
		}
		if (done < count)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	printf("requests %ld failed %ld cpu %.3f per_cpu_second %.0f\n",
	       done, failed, cpu_seconds(), (double)done / cpu_seconds());
	return failed > 0;
}
