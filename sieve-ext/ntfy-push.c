/* The enotify method "push". */

#include "lib.h"
#include "str.h"
#include "str-sanitize.h"
#include "sieve-common.h"
#include "sieve-script.h"
#include "lemo-event.h"
#include "lemo-limits.h"
#include "lemonade-sieve-compat.h"
#include "ntfy-instance.h"
#include "ntfy-option.h"
#include "ntfy-push.h"

#define URI_LOG_LEN 128

struct push_context {
	struct ntfy_context ntfy;
	/* of the URI; NULL: nothing is to be done */
	const char *body;
	/* 0: not said */
	uint32_t ttl;
};

static lemonade_enotify_load_t
push_load(const struct sieve_enotify_method *method, void **context)
{
	*context = ntfy_instance_find(method->svinst);
	return LEMONADE_ENOTIFY_LOADED;
}

static bool is_none(const char *body)
{
	return strcmp(body, "none") == 0;
}

/* The device; NULL for all. */
static const char *device_name(const char *body)
{
	return strcmp(body, "all") == 0 ? NULL : body;
}

static bool push_check_uri(const struct sieve_enotify_env *nenv,
			   const char *uri, const char *body)
{
	if (lemo_device_name_is_valid(body))
		return TRUE;
	sieve_enotify_error(nenv, "Invalid URI '%s': after push: comes all, "
			    "none or the name of a device (1 to %u of a-z, "
			    "0-9, '.', '_', '-')",
			    str_sanitize(uri, URI_LOG_LEN),
			    LEMO_DEVICE_NAME_MAX);
	return FALSE;
}

/* A test: an invalid URI is an answer here, no error. */
static bool push_runtime_check_uri(const struct sieve_enotify_env *nenv
				   ATTR_UNUSED, const char *uri ATTR_UNUSED,
				   const char *body)
{
	return lemo_device_name_is_valid(body);
}

static const char *
push_get_capability(const struct sieve_enotify_env *nenv,
		    const char *uri ATTR_UNUSED, const char *body,
		    const char *capability)
{
	if (strcasecmp(capability, "online") != 0 ||
	    !lemo_device_name_is_valid(body))
		return NULL;
	if (is_none(body))
		return "no";
	return device_name(body) == NULL ? "maybe" :
		ntfy_online(nenv->method->context, body, NULL);
}

/* False if it is too many. Importance comes with the action. */
static bool push_mark(struct ntfy_instance *push, const char *body)
{
	struct lemonade_ring *ring = ntfy_ring(push);

	if (is_none(body)) {
		push->v->silence(ring);
		return TRUE;
	}
	return push->v->device(ring, device_name(body), 0);
}

/* The verdicts are made when the message is stored, which may be before this
   action's turn: so the wish is noted when the script utters it. */
static bool push_check_operands(const struct sieve_enotify_env *nenv,
				const char *uri, const char *body,
				string_t *message ATTR_UNUSED,
				string_t *from ATTR_UNUSED, pool_t pool,
				void **context)
{
	struct ntfy_instance *push = nenv->method->context;
	struct push_context *pctx = p_new(pool, struct push_context, 1);

	ntfy_context_init(&pctx->ntfy, pool);
	*context = pctx;
	ntfy_instance_utter(push);
	if (!push_check_uri(nenv, uri, body))
		return FALSE;
	if (push->v != NULL && ntfy_is_delivery(push) &&
	    !push_mark(push, body)) {
		sieve_enotify_warning(nenv, "'%s' is ignored: a delivery "
				      "rings at most %u devices by name",
				      str_sanitize(uri, URI_LOG_LEN),
				      LEMO_SIEVE_NOTIFY_MAX);
		return TRUE;
	}
	pctx->body = p_strdup(pool, body);
	return TRUE;
}

static bool push_set_option(const struct sieve_enotify_env *nenv,
			    void *context, const char *option,
			    const char *value)
{
	struct ntfy_instance *push = nenv->method->context;
	struct push_context *pctx = context;

	if (!ntfy_option_get(nenv, option, value, &pctx->ttl))
		return FALSE;
	if (pctx->body != NULL && push->v != NULL && ntfy_is_delivery(push)) {
		push->v->device_ttl(ntfy_ring(push), device_name(pctx->body),
				    pctx->ttl);
	}
	return TRUE;
}

static const char *action_body(const struct sieve_enotify_action *nact)
{
	const struct push_context *pctx = nact->method_context;

	return pctx->body;
}

/* The other one may be of any method. */
static int push_check_duplicates(const struct sieve_enotify_env *nenv
				 ATTR_UNUSED,
				 const struct sieve_enotify_action *nact,
				 const struct sieve_enotify_action *other)
{
	return other->method == nact->method &&
		null_strcmp(action_body(nact), action_body(other)) == 0;
}

static void push_print(const struct sieve_enotify_print_env *penv,
		       const struct sieve_enotify_action *nact)
{
	const char *body = action_body(nact);

	if (body == NULL)
		return;
	sieve_enotify_method_printf(penv, "    => push           : %s\n",
				    body);
	sieve_enotify_method_printf(penv, "    => importance     : %llu\n",
				    (unsigned long long)nact->importance);
}

static bool push_ring(const struct sieve_enotify_exec_env *nenv,
		      const struct sieve_enotify_action *nact)
{
	struct ntfy_instance *push = nenv->method->context;
	struct lemonade_ring *ring = ntfy_ring_act(push);
	const struct push_context *pctx = nact->method_context;
	const char *name = device_name(pctx->body);

	(void)push->v->device(ring, name, (uint32_t)nact->importance);
	if (pctx->ttl != 0)
		push->v->device_ttl(ring, name, pctx->ttl);
	return push->v->commit(ring, name, nenv->scriptenv->user,
			       nenv->msgdata->mail);
}

static int push_execute(const struct sieve_enotify_exec_env *nenv,
			const struct sieve_enotify_action *nact)
{
	const struct ntfy_instance *push = nenv->method->context;
	const char *body = action_body(nact);

	if (body == NULL || nenv->scriptenv->user == NULL)
		return 0;
	if (push->v == NULL) {
		sieve_enotify_warning(nenv, "push:%s is ignored: the plugin "
				      "lemonade is not in mail_plugins", body);
	} else if (!is_none(body) && !push_ring(nenv, nact)) {
		sieve_enotify_warning(nenv, "push:%s rings nothing: the user "
				      "has no such device", body);
	}
	return 0;
}

const struct sieve_enotify_method_def ntfy_push = {
	.identifier = "push",
	.load = push_load,
	.compile_check_uri = push_check_uri,
	.compile_check_option = ntfy_option_check,
	.runtime_check_uri = push_runtime_check_uri,
	.runtime_get_method_capability = push_get_capability,
	.runtime_check_operands = push_check_operands,
	.runtime_set_option = push_set_option,
	.action_check_duplicates = push_check_duplicates,
	.action_print = push_print,
	.action_execute = push_execute
};
