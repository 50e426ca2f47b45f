#include "lib.h"
#include "str-sanitize.h"
#include "sieve-common.h"
#include "sieve-ast.h"
#include "sieve-commands.h"
#include "sieve-extensions.h"
#include "sieve-interpreter.h"
#include "sieve-validator.h"
#include "lemonade-sieve-compat.h"
#include "ext-literal.h"
#include "ntfy-instance.h"
#include "ntfy-option.h"
#include "ntfy-uri.h"

#define URI_LOG_LEN 128
#define VARIABLE "${"

/* The scheme ends before the first variable. */
static bool is_allowed(const char *uri, const char *variable)
{
	size_t len = strcspn(uri, ":");

	return uri + len < variable && !ntfy_uri_has_scheme(uri, len);
}

/* At this time it stands as it was written. */
static bool method_validate(struct sieve_validator *valdtr,
			    struct sieve_ast_argument *arg)
{
	const char *uri, *variable;

	if (sieve_ast_argument_type(arg) != SAAT_STRING)
		return TRUE;
	uri = sieve_ast_argument_strc(arg);
	variable = strstr(uri, VARIABLE);
	if (variable == NULL || is_allowed(uri, variable))
		return TRUE;
	sieve_argument_validate_error(valdtr, arg, "notify command: the "
		"method URI '%s' must not be made of variables",
		str_sanitize(uri, URI_LOG_LEN));
	return FALSE;
}

/* One whose name is bad is told by Pigeonhole, which however crashes if it is
   made of variables as well. */
static int option_validate(void *context, struct sieve_ast_argument *arg)
{
	struct sieve_validator *valdtr = context;
	const char *option = sieve_ast_argument_strc(arg);

	if (sieve_argument_is_string_literal(arg) ||
	    ntfy_option_has_name(option))
		return 1;
	sieve_argument_validate_error(valdtr, arg, "notify command: the "
		"option '%s' must begin with its name and '=', not with "
		"variables", str_sanitize(option, URI_LOG_LEN));
	return -1;
}

/* Those of tags stand before the method, without the tags. */
static bool options_validate(struct sieve_validator *valdtr,
			     struct sieve_command *cmd)
{
	struct sieve_ast_argument *arg = sieve_command_first_argument(cmd);

	while (arg != cmd->first_positional) {
		if (lemonade_sieve_is_notify_options(arg))
			return sieve_ast_stringlist_map(&arg, valdtr,
							option_validate) > 0;
		arg = sieve_ast_argument_next(arg);
	}
	return TRUE;
}

static bool literal_validate(struct sieve_validator *valdtr,
			     struct sieve_command *cmd,
			     const struct sieve_extension *ext ATTR_UNUSED)
{
	/* the action "notify" of a draft has none, and other options */
	if (cmd->first_positional == NULL)
		return TRUE;
	return options_validate(valdtr, cmd) &&
		method_validate(valdtr, cmd->first_positional);
}

static const struct sieve_argument_def literal_tag = {
	.identifier = "lemonade-literal",
	.validate_persistent = literal_validate
};

static bool literal_validator_load(const struct sieve_extension *ext,
				   struct sieve_validator *valdtr)
{
	sieve_validator_register_persistent_tag(valdtr, "notify", ext,
						&literal_tag);
	return TRUE;
}

static void literal_interpreter_free(const struct sieve_extension *ext,
				     struct sieve_interpreter *interp
				     ATTR_UNUSED, void *context ATTR_UNUSED)
{
	ntfy_script_end(ntfy_instance_find(ext->svinst));
}

static const struct sieve_extension_def literal_extension;
static const struct sieve_interpreter_extension literal_interpreter = {
	.ext_def = &literal_extension,
	.free = literal_interpreter_free
};

/* Only where it was linked to the script by the above. */
static bool
literal_interpreter_load(const struct sieve_extension *ext,
			 const struct sieve_runtime_env *renv,
			 sieve_size_t *address ATTR_UNUSED)
{
	sieve_interpreter_extension_register(renv->interp, ext,
					     &literal_interpreter, NULL);
	ntfy_script_begin(ntfy_instance_find(ext->svinst));
	return TRUE;
}

static const struct sieve_extension_def literal_extension = {
	.name = "vnd.lemonade.notify",
	.validator_load = literal_validator_load,
	.interpreter_load = literal_interpreter_load
};

const struct sieve_extension *
ext_literal_register(struct sieve_instance *svinst)
{
	return lemonade_sieve_register_implicit(svinst, &literal_extension);
}
