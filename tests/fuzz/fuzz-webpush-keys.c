#include "fuzz.h"
#include "lemo-base64url.h"
#include "lemo-webpush.h"

/* p256dh, and auth on a second line. What the check without libcrypto takes
   is what libcrypto takes; what was taken is encrypted for. */

static bool p256dh_is_right(const char *p256dh)
{
	uint8_t point[LEMO_P256_POINT_LEN];

	return lemo_base64url_decode(p256dh, point, sizeof(point)) &&
		lemo_p256_check(point, sizeof(point)) == NULL;
}

static void check_device(struct lemo_webpush *wp,
			 struct lemo_webpush_device *device)
{
	static const uint8_t salt[LEMO_WEBPUSH_SALT_LEN];
	struct lemo_buf body;
	const char *error;

	lemo_buf_init(&body, LEMO_WEBPUSH_BODY_MAX);
	FUZZ_ASSERT(lemo_webpush_encrypt(wp, device, salt, "x", 1, &body,
					 &error) == 0);
	lemo_buf_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lemo_webpush *wp;
	struct lemo_webpush_device *device = NULL;
	char *p256dh = fuzz_string(data, size);
	char *auth = strchr(p256dh, '\n');
	const char *field = NULL, *error = NULL;

	if (wp == NULL)
		wp = lemo_webpush_init();
	FUZZ_ASSERT(wp != NULL);
	if (auth != NULL)
		*auth++ = '\0';
	if (lemo_webpush_device_init(wp, p256dh, auth == NULL ? "" : auth,
				     &device, &field, &error) == 0)
		check_device(wp, device);
	else
		FUZZ_ASSERT(p256dh_is_right(p256dh) ==
			    (strcmp(field, "keys.auth") == 0));
	lemo_webpush_device_deinit(&device);
	free(p256dh);
	return 0;
}
