/*
 * webpush-rate ROUNDS MESSAGES OCTETS: what encryption for Web Push costs
 * beside its yardstick, one P-256 key generation and one ECDH derivation, as
 * RFC 8291 wants them for every message (the peer's key is validated once,
 * not for each). A round has a turn of each; prints "round SECONDS-OF-MESSAGE
 * SECONDS-OF-YARDSTICK" in CPU time, then what is done more seldom.
 */
#include "lemo-base64url.h"
#include "lemo-p256.h"
#include "lemo-vapid.h"
#include "lemo-webpush.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* RFC 8291 section 5 */
#define P256DH "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx" \
	"aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define SELDOM 2000

struct bench {
	struct lemo_webpush *wp;
	struct lemo_webpush_device *device;
	EVP_PKEY_CTX *keygen;
	EVP_PKEY *peer;
	uint8_t *plaintext;
	size_t len;
	struct lemo_buf body;
};

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void need(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s failed\n", what);
		exit(1);
	}
}

static void encrypt(struct bench *bench)
{
	uint8_t salt[LEMO_WEBPUSH_SALT_LEN];
	const char *error;

	need(getrandom(salt, sizeof(salt), 0) == sizeof(salt), "getrandom");
	lemo_buf_reset(&bench->body);
	need(lemo_webpush_encrypt(bench->wp, bench->device, salt,
				  bench->plaintext, bench->len, &bench->body,
				  &error) == 0, "encrypt");
}

static void yardstick(struct bench *bench)
{
	uint8_t secret[32];
	size_t len = sizeof(secret);
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx;

	need(EVP_PKEY_generate(bench->keygen, &pkey) == 1, "generate");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	need(EVP_PKEY_derive_init(ctx) == 1 &&
	     EVP_PKEY_derive_set_peer_ex(ctx, bench->peer, 0) == 1 &&
	     EVP_PKEY_derive(ctx, secret, &len) == 1, "derive");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

static double turn(struct bench *bench, void (*func)(struct bench *),
		   long count)
{
	double start = cpu_seconds();
	long i;

	for (i = 0; i < count; i++)
		func(bench);
	return (cpu_seconds() - start) / (double)count;
}

static void make_device(struct bench *bench)
{
	const char *field, *error;

	lemo_webpush_device_deinit(&bench->device);
	need(lemo_webpush_device_init(bench->wp, P256DH, AUTH, &bench->device,
				      &field, &error) == 0, "device");
}

static void check_point(struct bench *bench)
{
	uint8_t point[LEMO_P256_POINT_LEN];

	(void)bench;
	need(lemo_base64url_decode(P256DH, point, sizeof(point)) &&
	     lemo_p256_check(point, sizeof(point)) == NULL, "check");
}

static void sign(struct bench *bench)
{
	static struct lemo_vapid_keys *keys;

	if (keys == NULL)
		keys = lemo_vapid_keys_generate();
	lemo_buf_reset(&bench->body);
	need(lemo_vapid_authorization(lemo_vapid_keys_get(keys, 0),
		"https://push.example.net", "mailto:push@example.com",
		1767225600, &bench->body) == 0, "sign");
}

/* As it comes from a phone: one that libcrypto made itself is slower. */
static EVP_PKEY *make_peer(void)
{
	uint8_t point[LEMO_P256_POINT_LEN];
	EVP_PKEY *peer = EVP_EC_gen("P-256");

	need(lemo_base64url_decode(P256DH, point, sizeof(point)) &&
	     EVP_PKEY_set1_encoded_public_key(peer, point,
					      sizeof(point)) == 1, "peer");
	return peer;
}

static void bench_init(struct bench *bench, size_t len)
{
	memset(bench, 0, sizeof(*bench));
	bench->wp = lemo_webpush_init();
	make_device(bench);
	bench->keygen = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	need(EVP_PKEY_keygen_init(bench->keygen) == 1 &&
	     EVP_PKEY_CTX_set_group_name(bench->keygen, "prime256v1") == 1,
	     "keygen");
	bench->peer = make_peer();
	bench->plaintext = calloc(1, len + 1);
	bench->len = len;
	lemo_buf_init(&bench->body, LEMO_WEBPUSH_BODY_MAX);
}

int main(int argc, char *argv[])
{
	struct bench bench;
	long rounds, messages, i;
	double ours;

	need(argc == 4, "usage");
	rounds = strtol(argv[1], NULL, 10);
	messages = strtol(argv[2], NULL, 10);
	bench_init(&bench, (size_t)strtol(argv[3], NULL, 10));
	(void)turn(&bench, encrypt, messages);
	(void)turn(&bench, yardstick, messages);
	for (i = 0; i < rounds; i++) {
		ours = turn(&bench, encrypt, messages);
		printf("round %.9f %.9f\n", ours,
		       turn(&bench, yardstick, messages));
	}
	printf("device %.9f\n", turn(&bench, make_device, SELDOM));
	printf("check %.9f\n", turn(&bench, check_point, SELDOM));
	printf("sign %.9f\n", turn(&bench, sign, SELDOM));
	return 0;
}
