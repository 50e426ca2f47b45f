#include "lemo-subscription.h"
#include "lemo-subscription-private.h"
#include "lemo-base64url.h"
#include "lemo-device-uri.h"
#include "lemo-p256.h"
#include "lemo-time.h"
#include "lemo-token.h"
#include "lemo-weburl.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

#define AUTH_LEN 16 /* octets, RFC 8291 3.2 */

const char *const lemo_channel_names[] = {
	"webhook", "webpush", "mailto", "sip", "xmpp", "sms", "emn", "exec",
	"log", "null", NULL
};

#define CHANNEL_TOKEN "token"
#define MUST_BE_STRING "must be a string"

/* What is known while an object is parsed. A field's function returns false
   after fail(). */
struct parser {
	struct lemo_subscription *sub;
	const char *name; /* of the device */
	struct lemo_subscription_error *error;
};

typedef bool field_func_t(struct parser *p, json_t *value);

static void set_field(struct lemo_subscription_error *error, const char *field)
{
	size_t i;

	for (i = 0; field[i] != '\0' && i < LEMO_DEVICE_NAME_MAX; i++) {
		error->field[i] = field[i] >= ' ' && field[i] <= '~' ?
			field[i] : '?';
	}
	error->field[i] = '\0';
}

/* The caller of the field's function adds the field's name. */
static bool fail(struct parser *p, const char *reason)
{
	p->error->reason = reason;
	return false;
}

static bool fail_in(struct parser *p, const char *field, const char *reason)
{
	set_field(p->error, field);
	return fail(p, reason);
}

/* A string of at most max octets. */
static bool get_string(struct parser *p, json_t *value, size_t max,
		       const char **str_r)
{
	if (!json_is_string(value))
		return fail(p, MUST_BE_STRING);
	if (json_string_length(value) > max)
		return fail(p, "too long");
	*str_r = json_string_value(value);
	return true;
}

static bool get_number(struct parser *p, json_t *value, uint32_t max,
		       const char *reason, uint32_t *num_r)
{
	json_int_t num = json_integer_value(value);

	if (!json_is_integer(value) || num < 0 || num > (json_int_t)max)
		return fail(p, reason);
	*num_r = num;
	return true;
}

/* The position of a string in a NULL-terminated list. */
static bool get_choice(struct parser *p, json_t *value,
		       const char *const choices[], const char *reason,
		       unsigned int *num_r)
{
	const char *str = json_string_value(value);
	unsigned int i;

	for (i = 0; str != NULL && choices[i] != NULL; i++) {
		if (strcmp(str, choices[i]) == 0) {
			*num_r = i;
			return true;
		}
	}
	return fail(p, reason);
}

static bool is_one_line(const char *str)
{
	for (; *str != '\0'; str++) {
		if ((unsigned char)*str < ' ' || *str == 0x7f)
			return false;
	}
	return true;
}

static bool parse_device_client_id(struct parser *p, json_t *value)
{
	const char *id = json_string_value(value);

	/* Dovecot has lower-cased the entry name. */
	if (id == NULL || strcasecmp(id, p->name) != 0) {
		return fail(p, "must be the last component of the entry's "
			    "name");
	}
	return true;
}

static bool parse_url(struct parser *p, json_t *value)
{
	const struct lemo_device_uri *uri;
	struct lemo_weburl url;

	if (!json_is_string(value))
		return fail(p, MUST_BE_STRING);
	if (json_string_length(value) > LEMO_DEVICE_URL_MAX)
		return fail(p, "is longer than 1000 octets");
	p->sub->url = json_string_value(value);
	uri = lemo_device_uri_find(p->sub->url);
	if (uri != NULL)
		return uri->check(p->sub->url, &p->error->reason) == 0;
	return lemo_weburl_parse(p->sub->url, &url, &p->error->reason) == 0;
}

/* base64url of exactly so many octets. */
static bool get_key(json_t *keys, const char *key, uint8_t *octets, size_t len,
		    const char **str_r)
{
	const char *str = json_string_value(json_object_get(keys, key));

	if (str == NULL || !lemo_base64url_decode(str, octets, len))
		return false;
	*str_r = str;
	return true;
}

/* RFC 8620 7.2: a P-256 point and a secret. */
static bool parse_keys(struct parser *p, json_t *value)
{
	uint8_t point[LEMO_P256_POINT_LEN], auth[AUTH_LEN];
	const char *error;

	if (json_is_null(value))
		return true;
	if (!json_is_object(value) || json_object_size(value) != 2) {
		return fail(p, "must be an object of two strings, p256dh and "
			    "auth");
	}
	if (!get_key(value, "p256dh", point, sizeof(point), &p->sub->p256dh))
		return fail_in(p, "keys.p256dh",
			       "must be base64url of 65 octets");
	error = lemo_p256_check(point, sizeof(point));
	if (error != NULL)
		return fail_in(p, "keys.p256dh", error);
	if (!get_key(value, "auth", auth, sizeof(auth), &p->sub->auth))
		return fail_in(p, "keys.auth",
			       "must be base64url of 16 octets");
	return true;
}

static bool parse_verification_code(struct parser *p, json_t *value)
{
	if (json_is_null(value))
		return true;
	if (!get_string(p, value, LEMO_DEVICE_CODE_MAX,
			&p->sub->verification_code))
		return false;
	return is_one_line(p->sub->verification_code) ||
		fail(p, "must have no control characters");
}

/* UTCDate of RFC 8620 1.4 */
static bool parse_expires(struct parser *p, json_t *value)
{
	const char *str = json_string_value(value);
	size_t len = json_string_length(value);

	if (json_is_null(value))
		return true;
	if (str == NULL || len == 0 || str[len - 1] != 'Z' ||
	    !lemo_time_parse_rfc3339(str, len, &p->sub->expires))
		return fail(p, "must be a UTC date such as "
			    "2030-01-31T12:00:00Z");
	/* 0 is "never" */
	if (p->sub->expires <= 0)
		p->sub->expires = 1;
	return true;
}

static bool is_token_device(const struct parser *p)
{
	return lemo_token_id_of_device(p->name) != NULL;
}

static bool parse_channel(struct parser *p, json_t *value)
{
	unsigned int num;

	if (is_token_device(p) && json_is_string(value) &&
	    strcmp(json_string_value(value), CHANNEL_TOKEN) == 0) {
		p->sub->channel = CHANNEL_TOKEN;
		return true;
	}
	if (!get_choice(p, value, lemo_channel_names,
			"must be webhook, webpush, mailto, sip, xmpp, sms, "
			"emn, exec, log or null", &num))
		return false;
	p->sub->channel = lemo_channel_names[num];
	return true;
}

static bool parse_token(struct parser *p, json_t *value)
{
	if (!is_token_device(p))
		return fail(p, "is set on INBOX, as /private/devicetoken");
	if (!json_is_string(value) ||
	    !lemo_token_is_valid(json_string_value(value),
				 json_string_length(value)))
		return fail(p, "must be printable ASCII");
	p->sub->token = json_string_value(value);
	return true;
}

static bool parse_events(struct parser *p, json_t *value)
{
	if (!json_is_string(value))
		return fail(p, "must be a string of event groups, such as "
			    "(personal (MessageNew))");
	return lemo_notify_groups_parse(json_string_value(value),
					json_string_length(value),
					&p->sub->events, &p->error->reason,
					&p->error->pos) == 0;
}

static bool parse_filter(struct parser *p, json_t *value)
{
	if (!get_string(p, value, LEMO_DEVICE_FILTER_MAX, &p->sub->filter))
		return false;
	if (p->sub->filter[0] == '\0' || !is_one_line(p->sub->filter)) {
		return fail(p, "must be SEARCH criteria on one line, such as "
			    "ALL");
	}
	p->sub->filter_is_default = false;
	return true;
}

static bool parse_payload(struct parser *p, json_t *value)
{
	uint32_t num;

	if (!get_number(p, value, LEMO_PAYLOAD_SNIPPET,
			"must be an integer from 0 to 4", &num))
		return false;
	p->sub->payload = num;
	return true;
}

static bool parse_urgency(struct parser *p, json_t *value)
{
	static const char *const choices[] = {
		"very-low", "low", "normal", "high", NULL
	};
	unsigned int num;

	if (!get_choice(p, value, choices,
			"must be very-low, low, normal or high", &num))
		return false;
	p->sub->urgency = num;
	return true;
}

static bool parse_format(struct parser *p, json_t *value)
{
	static const char *const choices[] = {
		"cloudevents", "ntfy", "gotify", "apprise", NULL
	};
	unsigned int num;

	if (!get_choice(p, value, choices,
			"must be cloudevents, ntfy, gotify or apprise", &num))
		return false;
	p->sub->format = num;
	return true;
}

static bool parse_ttl(struct parser *p, json_t *value)
{
	return get_number(p, value, LEMO_DEVICE_TTL_MAX,
			  "must be seconds from 0 to 2419200", &p->sub->ttl);
}

static bool parse_collapse(struct parser *p, json_t *value)
{
	return get_number(p, value, LEMO_DEVICE_COLLAPSE_MAX,
			  "must be seconds from 0 to 3600",
			  &p->sub->collapse);
}

static bool parse_disabled(struct parser *p, json_t *value)
{
	if (!json_is_boolean(value))
		return fail(p, "must be true or false");
	p->sub->disabled = json_is_true(value);
	return true;
}

static bool parse_when_connected(struct parser *p, json_t *value)
{
	static const char *const choices[] = {
		"mine", "any", "always", NULL
	};
	unsigned int num;

	if (!get_choice(p, value, choices, "must be mine, any or always",
			&num))
		return false;
	p->sub->when_connected = num;
	return true;
}

static bool parse_quiet(struct parser *p, json_t *value)
{
	p->sub->quiet = lemo_subscription_parse_quiet(value, p->error);
	return p->sub->quiet != NULL;
}

static const struct {
	const char *name;
	field_func_t *parse;
} fields[] = {
	/* RFC 8620 7.2 */
	{ "deviceClientId", parse_device_client_id },
	{ "url", parse_url },
	{ "keys", parse_keys },
	{ "verificationCode", parse_verification_code },
	{ "expires", parse_expires },
	/* ours */
	{ "channel", parse_channel },
	{ "events", parse_events },
	{ "filter", parse_filter },
	{ "payload", parse_payload },
	{ "urgency", parse_urgency },
	{ "format", parse_format },
	{ "ttl", parse_ttl },
	{ "collapse", parse_collapse },
	{ "disabled", parse_disabled },
	{ "whenConnected", parse_when_connected },
	{ "quiet", parse_quiet },
	{ "token", parse_token }
};
#define FIELDS_COUNT (sizeof(fields) / sizeof(fields[0]))

static bool parse_field(struct parser *p, const char *name, json_t *value)
{
	unsigned int i;

	for (i = 0; i < FIELDS_COUNT; i++) {
		if (strcmp(fields[i].name, name) == 0)
			break;
	}
	if (i == FIELDS_COUNT)
		return fail_in(p, name, "unknown field");
	if (fields[i].parse(p, value))
		return true;
	if (p->error->field[0] == '\0')
		set_field(p->error, name);
	return false;
}

static bool has_no_format(struct parser *p)
{
	return json_object_get(p->sub->json, "format") == NULL ||
		fail_in(p, "format", "must be absent with this channel");
}

static bool finish_webpush(struct parser *p)
{
	const struct lemo_subscription *sub = p->sub;

	if (sub->url == NULL) {
		return fail_in(p, "url", "is missing: the endpoint of the "
			       "push subscription");
	}
	if (sub->p256dh == NULL) {
		return fail_in(p, "keys", "is missing: p256dh and auth of the "
			       "push subscription");
	}
	return has_no_format(p);
}

/* Each of its pushes is paid for. */
static void set_costly_defaults(struct lemo_subscription *sub)
{
	sub->arrivals_only = true;
	if (json_object_get(sub->json, "collapse") == NULL)
		sub->collapse = LEMO_DEVICE_COLLAPSE_COSTLY;
}

static bool finish_uri(struct parser *p, const struct lemo_device_uri *wanted,
		       const struct lemo_device_uri *uri)
{
	if (strcmp(wanted->channel, "sms") == 0 ||
	    strcmp(wanted->channel, "emn") == 0)
		set_costly_defaults(p->sub);
	/* a mail cannot be taken back, only be followed by more */
	if (strcmp(wanted->channel, "mailto") == 0)
		p->sub->arrivals_only = true;
	if (uri == NULL || strcmp(uri->channel, wanted->channel) != 0)
		return fail_in(p, "url", wanted->must_be);
	return has_no_format(p);
}

static const char *default_channel(const struct lemo_subscription *sub,
				   const struct lemo_device_uri *uri)
{
	if (uri != NULL)
		return uri->channel;
	return sub->p256dh != NULL ? "webpush" : "webhook";
}

/* A name that is kept for tokens has nothing else. */
static bool finish_token(struct parser *p)
{
	p->sub->arrivals_only = true;
	return (p->sub->token != NULL && p->sub->url == NULL &&
		p->sub->channel != NULL &&
		strcmp(p->sub->channel, CHANNEL_TOKEN) == 0) ||
		fail_in(p, "deviceClientId", "is a name that is kept for "
			"device tokens");
}

/* Defaults that depend on other fields, and what must fit together. */
static bool finish(struct parser *p)
{
	struct lemo_subscription *sub = p->sub;
	const struct lemo_device_uri *wanted, *uri = sub->url == NULL ?
		NULL : lemo_device_uri_find(sub->url);

	if (is_token_device(p))
		return finish_token(p);
	if (sub->channel == NULL)
		sub->channel = default_channel(sub, uri);
	wanted = lemo_device_uri_of_channel(sub->channel);
	if (wanted != NULL)
		return finish_uri(p, wanted, uri);
	if (uri != NULL)
		return fail_in(p, "url", "must be an https:// URL with this "
			       "channel");
	if (strcmp(sub->channel, "webpush") == 0)
		return finish_webpush(p);
	if (strcmp(sub->channel, "webhook") == 0) {
		return sub->url != NULL ||
			fail_in(p, "url", "is missing: an https:// URL to "
				"push to");
	}
	if (sub->url != NULL)
		return fail_in(p, "url", "must be absent with this channel");
	return strcmp(sub->channel, "exec") != 0 || has_no_format(p);
}

static bool parse_fields(struct parser *p)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)p->sub->json, name, value) {
		if (!parse_field(p, name, value))
			return false;
	}
	return finish(p);
}

/* jansson tells the name only within its text: duplicate object key near
   '"url"' */
static void set_doubled_field(struct lemo_subscription_error *error,
			      const char *text)
{
	const char *name = strchr(text, '"');

	if (name == NULL)
		return;
	set_field(error, name + 1);
	error->field[strcspn(error->field, "\"")] = '\0';
}

static bool load(struct parser *p, const char *json, size_t len)
{
	json_error_t error;

	if (len > LEMO_DEVICE_MAX_SIZE && !is_token_device(p))
		return fail(p, "is longer than 4096 octets");
	p->sub->json = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	if (p->sub->json == NULL) {
		p->error->pos = error.position;
		if (json_error_code(&error) != json_error_duplicate_key)
			return fail(p, "is not valid JSON");
		set_doubled_field(p->error, error.text);
		return fail(p, "is there twice");
	}
	return json_is_object((json_t *)p->sub->json) ||
		fail(p, "must be a JSON object");
}

static struct lemo_subscription *subscription_with_defaults(void)
{
	struct lemo_subscription *sub = calloc(1, sizeof(*sub));

	if (sub == NULL)
		return NULL;
	sub->filter = LEMO_FILTER_DEFAULT;
	sub->filter_is_default = true;
	sub->payload = LEMO_PAYLOAD_STATE;
	sub->urgency = LEMO_URGENCY_NORMAL;
	sub->ttl = LEMO_DEVICE_TTL_DEFAULT;
	return sub;
}

int lemo_subscription_parse(const char *json, size_t len, const char *name,
			    struct lemo_subscription **sub_r,
			    struct lemo_subscription_error *error_r)
{
	struct parser p = { .name = name, .error = error_r };

	memset(error_r, 0, sizeof(*error_r));
	p.sub = subscription_with_defaults();
	if (p.sub == NULL)
		(void)fail(&p, "out of memory");
	else if (!lemo_device_name_is_valid(name)) {
		(void)fail_in(&p, "deviceClientId", "must be 1 to 64 of a-z, "
			      "0-9, dot, underscore and hyphen");
	} else if (load(&p, json, len) && parse_fields(&p)) {
		*sub_r = p.sub;
		return 0;
	}
	lemo_subscription_free(&p.sub);
	return -1;
}

void lemo_subscription_free(struct lemo_subscription **_sub)
{
	struct lemo_subscription *sub = *_sub;

	if (sub == NULL)
		return;
	*_sub = NULL;
	if (sub->events != NULL)
		lemo_notify_groups_free(&sub->events);
	free(sub->quiet);
	json_decref(sub->json);
	free(sub);
}
