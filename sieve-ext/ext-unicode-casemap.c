/* The extension "comparator-i;unicode-casemap". */

#include "lib.h"
#include "sieve-common.h"
#include "sieve-extensions.h"
#include "sieve-comparators.h"
#include "lemonade-sieve-compat.h"
#include "casemap.h"
#include "ext-unicode-casemap.h"

static int casemap_cmp(const struct sieve_comparator *cmp ATTR_UNUSED,
		       const char *val1, size_t size1,
		       const char *val2, size_t size2)
{
	return casemap_compare(val1, size1, val2, size2);
}

static bool casemap_char_match(const struct sieve_comparator *cmp ATTR_UNUSED,
			       const char **val, const char *val_end,
			       const char **key, const char *key_end)
{
	size_t size;

	if (!casemap_begins((const unsigned char *)*val, val_end - *val,
			    (const unsigned char *)*key, key_end - *key,
			    &size))
		return FALSE;
	*val += size;
	*key = key_end;
	return TRUE;
}

static bool casemap_char_skip(const struct sieve_comparator *cmp ATTR_UNUSED,
			      const char **val, const char *val_end)
{
	if (*val >= val_end)
		return FALSE;
	*val += casemap_char_size((const unsigned char *)*val,
				  val_end - *val);
	return TRUE;
}

static const struct sieve_operand_def casemap_operand;

static const struct sieve_comparator_def casemap_comparator = {
	SIEVE_OBJECT("i;unicode-casemap", &casemap_operand, 0),
	.flags = SIEVE_COMPARATOR_FLAG_ORDERING |
		SIEVE_COMPARATOR_FLAG_EQUALITY |
		SIEVE_COMPARATOR_FLAG_SUBSTRING_MATCH |
		SIEVE_COMPARATOR_FLAG_PREFIX_MATCH,
	.compare = casemap_cmp,
	.char_match = casemap_char_match,
	.char_skip = casemap_char_skip
};

static bool casemap_validator_load(const struct sieve_extension *ext,
				   struct sieve_validator *valdtr)
{
	sieve_comparator_register(valdtr, ext, &casemap_comparator);
	return TRUE;
}

static const struct sieve_extension_def casemap_extension = {
	.name = "comparator-i;unicode-casemap",
	.validator_load = casemap_validator_load,
	SIEVE_EXT_DEFINE_OPERAND(casemap_operand)
};

static const struct sieve_extension_objects casemap_comparators =
	SIEVE_EXT_DEFINE_COMPARATOR(casemap_comparator);

static const struct sieve_operand_def casemap_operand = {
	.name = "comparator-i;unicode-casemap",
	.ext_def = &casemap_extension,
	.class = &sieve_comparator_operand_class,
	.interface = &casemap_comparators
};

const struct sieve_extension *
ext_unicode_casemap_load(struct sieve_instance *svinst)
{
	const struct sieve_extension *ext =
		sieve_extension_get_by_name(svinst, casemap_extension.name);

	if (ext == NULL)
		return lemonade_sieve_extension_register(svinst,
							 &casemap_extension);
	/* A "dummy" is left out of the capability SIEVE; there is no call
	   that changes that. */
	((struct sieve_extension *)ext)->dummy = FALSE;
	return NULL;
}
