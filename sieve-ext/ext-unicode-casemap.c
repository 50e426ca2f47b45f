/* The extension "comparator-i;unicode-casemap". */

#include "lib.h"
#include "sieve-common.h"
#include "sieve-extensions.h"
#include "sieve-comparators.h"
#include "sieve-validator.h"
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

static const struct sieve_operand_def casemap_operand;

static const struct sieve_comparator_def casemap_comparator = {
	SIEVE_OBJECT("i;unicode-casemap", &casemap_operand, 0),
	.flags = SIEVE_COMPARATOR_FLAG_ORDERING |
		SIEVE_COMPARATOR_FLAG_EQUALITY |
		SIEVE_COMPARATOR_FLAG_SUBSTRING_MATCH |
		SIEVE_COMPARATOR_FLAG_PREFIX_MATCH,
	.compare = casemap_cmp,
	.char_match = casemap_char_match,
	.char_skip = sieve_comparator_octet_skip
};

/* The first of a name counts, and Pigeonhole's are there before: a new list
   that begins with ours and goes on with the others. */
static void casemap_supersede(const struct sieve_extension *ext,
			      struct sieve_validator *valdtr)
{
	static const char *const others[] = {
		"i;octet", "i;ascii-casemap", "i;ascii-numeric"
	};
	const struct sieve_extension *comparators =
		sieve_get_comparator_extension(sieve_validator_svinst(valdtr));
	struct sieve_validator_object_registry *old, *new;
	struct sieve_object object;
	unsigned int i;

	old = sieve_validator_object_registry_get(valdtr, comparators);
	new = sieve_validator_object_registry_init(valdtr, comparators);
	sieve_validator_object_registry_add(new, ext,
					    &casemap_comparator.obj_def);
	for (i = 0; i < N_ELEMENTS(others); i++) {
		if (sieve_validator_object_registry_find(old, others[i],
							 &object))
			sieve_validator_object_registry_add(new, object.ext,
							    object.def);
	}
}

static bool casemap_validator_load(const struct sieve_extension *ext,
				   struct sieve_validator *valdtr)
{
	casemap_supersede(ext, valdtr);
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
		lemonade_sieve_extension_replace(svinst, &casemap_extension);

	/* As a "dummy" it would be left out of the capability SIEVE; there is
	   no call that changes that. */
	if (ext != NULL)
		((struct sieve_extension *)ext)->dummy = FALSE;
	return ext;
}
