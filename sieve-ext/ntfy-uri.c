/* The enotify methods that name a target by its URI. */

#include "lib.h"
#include "str.h"
#include "str-sanitize.h"
#include "sieve-common.h"
#include "sieve-address.h"
#include "sieve-script.h"
#include "lemo-device-uri.h"
#include "lemo-limits.h"
#include "lemo-notify-uri.h"
#include "lemonade-sieve-compat.h"
#include "ntfy-instance.h"
#include "ntfy-option.h"
#include "ntfy-uri.h"

#define URI_LOG_LEN 128

/* What the action says. */
struct notification {
	struct ntfy_context ntfy;
	const char *uri;
	struct lemonade_notify said;
	/* its number in the delivery's ring; 0: it is in none */
	unsigned int n;
	/* it was told that nothing comes of it */
	bool ignored;
};

static lemonade_enotify_load_t
uri_load(const struct sieve_enotify_method *method, void **context)
{
	*context = ntfy_instance_find(method->svinst);
	return LEMONADE_ENOTIFY_LOADED;
}

static bool uri_parse(const struct sieve_enotify_env *nenv, const char *uri,
		      struct lemo_notify_uri *parsed_r)
{
	const char *error;

	if (lemo_notify_uri_parse(uri, parsed_r, &error) == 0)
		return TRUE;
	sieve_enotify_error(nenv, "Invalid URI '%s': %s",
			    str_sanitize(uri, URI_LOG_LEN), error);
	return FALSE;
}

static bool uri_check(const struct sieve_enotify_env *nenv, const char *uri,
		      const char *body ATTR_UNUSED)
{
	struct lemo_notify_uri parsed;

	return uri_parse(nenv, uri, &parsed);
}

/* A test: an invalid URI is an answer here, no error. */
static bool uri_runtime_check(const struct sieve_enotify_env *nenv ATTR_UNUSED,
			      const char *uri, const char *body ATTR_UNUSED)
{
	struct lemo_notify_uri parsed;
	const char *error;

	return lemo_notify_uri_parse(uri, &parsed, &error) == 0;
}

static bool from_check(const struct sieve_enotify_env *nenv, string_t *from)
{
	const char *error;

	if (sieve_address_validate_str(from, &error))
		return TRUE;
	sieve_enotify_error(nenv, "Invalid :from address '%s': %s",
			    str_sanitize(str_c(from), URI_LOG_LEN), error);
	return FALSE;
}

static const char *
uri_get_capability(const struct sieve_enotify_env *nenv, const char *uri,
		   const char *body ATTR_UNUSED, const char *capability)
{
	struct lemo_notify_uri parsed;
	const char *error;

	if (strcasecmp(capability, "online") != 0 ||
	    lemo_notify_uri_parse(uri, &parsed, &error) < 0)
		return NULL;
	return ntfy_online(nenv->method->context, NULL, parsed.url);
}

/* RFC 5435 3.3: an address that is none is ignored. */
static const char *valid_from(const struct sieve_enotify_env *nenv, pool_t pool,
			      string_t *from)
{
	const char *error;

	if (from == NULL)
		return NULL;
	if (sieve_address_validate_str(from, &error))
		return p_strdup(pool, str_c(from));
	sieve_enotify_warning(nenv, "the :from address '%s' is ignored: %s",
			      str_sanitize(str_c(from), URI_LOG_LEN), error);
	return NULL;
}

static const char *text_or(pool_t pool, const char *text, const char *other)
{
	if (text != NULL && *text != '\0')
		return p_strdup(pool, text);
	return *other == '\0' ? NULL : p_strdup(pool, other);
}

static struct notification *
notification_new(const struct sieve_enotify_env *nenv, pool_t pool,
		 const char *uri, const struct lemo_notify_uri *parsed,
		 string_t *message, string_t *from)
{
	struct notification *ntfy = p_new(pool, struct notification, 1);

	ntfy_context_init(&ntfy->ntfy, pool);
	ntfy->uri = p_strdup(pool, str_sanitize(uri, URI_LOG_LEN));
	ntfy->said.url = p_strdup(pool, parsed->url);
	ntfy->said.text = text_or(pool, message == NULL ? NULL :
				  str_c(message), parsed->body);
	ntfy->said.subject = text_or(pool, NULL, parsed->subject);
	ntfy->said.from = valid_from(nenv, pool, from);
	return ntfy;
}

/* RFC 5435 8: no variables that hold text of the message. */
static bool is_literal(const struct sieve_enotify_env *nenv,
		       const struct ntfy_instance *instance,
		       const struct notification *ntfy)
{
	if (instance->literal > 0)
		return TRUE;
	sieve_enotify_warning(nenv, "'%s' is ignored: a notification's URI "
			      "must not be made of variables", ntfy->uri);
	return FALSE;
}

/* The verdicts on the message are made when it is stored, which may be before
   the action's turn: so it is noted when the script utters it. */
static void notification_note(const struct sieve_enotify_env *nenv,
			      struct notification *ntfy)
{
	struct ntfy_instance *instance = nenv->method->context;

	ntfy->ignored = !is_literal(nenv, instance, ntfy);
	if (ntfy->ignored || instance->v == NULL ||
	    !ntfy_is_delivery(instance))
		return;
	ntfy->n = instance->v->notify(ntfy_ring(instance), &ntfy->said);
	if (ntfy->n != 0)
		return;
	ntfy->ignored = TRUE;
	sieve_enotify_warning(nenv, "'%s' is ignored: a script notifies at "
			      "most %u times", ntfy->uri,
			      LEMO_SIEVE_NOTIFY_MAX);
}

static bool uri_check_operands(const struct sieve_enotify_env *nenv,
			       const char *uri, const char *body ATTR_UNUSED,
			       string_t *message, string_t *from, pool_t pool,
			       void **context)
{
	struct lemo_notify_uri parsed;
	struct notification *ntfy;

	*context = NULL;
	ntfy_instance_utter(nenv->method->context);
	if (!uri_parse(nenv, uri, &parsed))
		return FALSE;
	ntfy = notification_new(nenv, pool, uri, &parsed, message, from);
	notification_note(nenv, ntfy);
	*context = ntfy;
	return TRUE;
}

static bool uri_set_option(const struct sieve_enotify_env *nenv, void *context,
			   const char *option, const char *value)
{
	struct ntfy_instance *instance = nenv->method->context;
	struct notification *ntfy = context;

	if (!ntfy_option_get(nenv, option, value, &ntfy->said.ttl))
		return FALSE;
	if (ntfy->n != 0) {
		instance->v->notify_ttl(ntfy_ring(instance), ntfy->n,
					ntfy->said.ttl);
	}
	return TRUE;
}

/* The other one may be of any method; tel: and sms: may be the same target. */
static int uri_check_duplicates(const struct sieve_enotify_env *nenv
				ATTR_UNUSED,
				const struct sieve_enotify_action *nact,
				const struct sieve_enotify_action *other)
{
	const struct notification *a = nact->method_context;
	const struct notification *b = other->method_context;

	return other->method->def->action_check_duplicates ==
		uri_check_duplicates &&
		strcmp(a->said.url, b->said.url) == 0 &&
		null_strcmp(a->said.text, b->said.text) == 0;
}

static void uri_print(const struct sieve_enotify_print_env *penv,
		      const struct sieve_enotify_action *nact)
{
	const struct notification *ntfy = nact->method_context;

	sieve_enotify_method_printf(penv, "    => target         : %s\n",
				    ntfy->said.url);
	sieve_enotify_method_printf(penv, "    => importance     : %llu\n",
				    (unsigned long long)nact->importance);
	if (ntfy->said.text != NULL) {
		sieve_enotify_method_printf(penv,
			"    => message        : %s\n",
			str_sanitize(ntfy->said.text, URI_LOG_LEN));
	}
}

/* NULL, or why it is told to nobody. */
static const char *uri_act(const struct sieve_enotify_exec_env *nenv,
			   const struct sieve_enotify_action *nact)
{
	struct ntfy_instance *instance = nenv->method->context;
	const struct notification *ntfy = nact->method_context;
	struct lemonade_ring *ring;
	unsigned int n = ntfy->n;

	if (instance->v == NULL)
		return "the plugin lemonade is not in mail_plugins";
	ring = ntfy_ring_act(instance);
	if (n == 0)
		n = instance->v->notify(ring, &ntfy->said);
	if (n == 0)
		return "too many targets";
	return instance->v->commit_notify(ring, n, (uint32_t)nact->importance,
					  nenv->scriptenv->user,
					  nenv->msgdata->mail);
}

static int uri_execute(const struct sieve_enotify_exec_env *nenv,
		       const struct sieve_enotify_action *nact)
{
	const struct notification *ntfy = nact->method_context;
	const char *refusal;

	if (ntfy->ignored || nenv->scriptenv->user == NULL)
		return 0;
	refusal = uri_act(nenv, nact);
	if (refusal != NULL) {
		sieve_enotify_warning(nenv, "'%s' is not notified: %s",
				      ntfy->uri, refusal);
	}
	return 0;
}

#define METHOD(scheme) { \
	.identifier = scheme, \
	.load = uri_load, \
	.compile_check_uri = uri_check, \
	.compile_check_from = from_check, \
	.compile_check_option = ntfy_option_check, \
	.runtime_check_uri = uri_runtime_check, \
	.runtime_get_method_capability = uri_get_capability, \
	.runtime_check_operands = uri_check_operands, \
	.runtime_set_option = uri_set_option, \
	.action_check_duplicates = uri_check_duplicates, \
	.action_print = uri_print, \
	.action_execute = uri_execute \
}

static const struct sieve_enotify_method_def all_methods[] = {
	METHOD("xmpp"),
	METHOD("sip"),
	METHOD("sips"),
	METHOD("tel"),
	METHOD("sms"),
	METHOD("emn"),
	METHOD("https")
};

static bool is_served(const char *scheme)
{
	return strcmp(scheme, "https") == 0 ||
		lemo_device_uri_find(t_strconcat(scheme, ":", NULL)) != NULL;
}

const struct sieve_enotify_method_def *const *ntfy_uri_methods(void)
{
	static const struct sieve_enotify_method_def
		*methods[N_ELEMENTS(all_methods) + 1];
	unsigned int i, count = 0;

	for (i = 0; i < N_ELEMENTS(all_methods); i++) T_BEGIN {
		if (is_served(all_methods[i].identifier))
			methods[count++] = &all_methods[i];
	} T_END;
	methods[count] = NULL;
	return methods;
}

bool ntfy_uri_has_scheme(const char *scheme, size_t len)
{
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(all_methods); i++) {
		if (strlen(all_methods[i].identifier) == len &&
		    strncasecmp(all_methods[i].identifier, scheme, len) == 0)
			return TRUE;
	}
	return FALSE;
}
