#include "lib.h"
#include "str-sanitize.h"
#include "sieve-common.h"
#include "sieve-ast.h"
#include "sieve-commands.h"
#include "sieve-extensions.h"
#include "sieve-validator.h"
#include "lemonade-sieve-compat.h"
#include "ext-literal.h"
#include "ntfy-instance.h"
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
static bool literal_validate(struct sieve_validator *valdtr,
			     struct sieve_command *cmd,
			     const struct sieve_extension *ext ATTR_UNUSED)
{
	struct sieve_ast_argument *arg = cmd->first_positional;
	const char *uri, *variable;

	if (arg == NULL || sieve_ast_argument_type(arg) != SAAT_STRING)
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

/* Only where it was linked to the script by the above. */
static bool
literal_interpreter_load(const struct sieve_extension *ext,
			 const struct sieve_runtime_env *renv ATTR_UNUSED,
			 sieve_size_t *address ATTR_UNUSED)
{
	ntfy_instance_find(ext->svinst)->literal = TRUE;
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
