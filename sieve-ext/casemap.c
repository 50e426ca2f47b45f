/* i;unicode-casemap (RFC 5051). */

#include "lib.h"
#include "buffer.h"
#include "unichar.h"
#include "casemap.h"

/* Room for what most characters become. */
#define FOLDED_SIZE 32

/* A string, folded character by character. */
struct fold {
	const unsigned char *next, *end;
	/* the last character taken, folded, and how much of it was used */
	buffer_t *folded;
	size_t used;
};

static void fold_init(struct fold *fold, const unsigned char *data,
		      size_t size)
{
	fold->next = data;
	fold->end = data + size;
	fold->folded = t_buffer_create(FOLDED_SIZE);
	fold->used = 0;
}

static bool fold_has_more(const struct fold *fold)
{
	return fold->used < fold->folded->used || fold->next < fold->end;
}

/* Octets of the first character; 1 if it is none. */
static size_t char_size(const unsigned char *data, size_t size)
{
	unichar_t chr;
	int bytes = uni_utf8_get_char_n(data, size, &chr);

	return bytes > 0 ? bytes : 1;
}

static void fold_char(struct fold *fold)
{
	size_t size = char_size(fold->next, fold->end - fold->next);

	buffer_set_used_size(fold->folded, 0);
	fold->used = 0;
	if (uni_utf8_to_decomposed_titlecase(fold->next, size,
					     fold->folded) < 0) {
		buffer_set_used_size(fold->folded, 0);
		buffer_append(fold->folded, fold->next, size);
	}
	fold->next += size;
}

/* Only while there is more. */
static unsigned char fold_octet(struct fold *fold)
{
	const unsigned char *data;

	if (fold->used == fold->folded->used)
		fold_char(fold);
	data = fold->folded->data;
	return data[fold->used++];
}

static bool folds_begin(struct fold *val, struct fold *key)
{
	while (fold_has_more(key)) {
		if (!fold_has_more(val) || fold_octet(val) != fold_octet(key))
			return FALSE;
	}
	return TRUE;
}

bool casemap_begins(const unsigned char *val, size_t val_size,
		    const unsigned char *key, size_t key_size, size_t *size_r)
{
	struct fold val_fold, key_fold;
	size_t size = 0;
	bool begins = FALSE;

	T_BEGIN {
		fold_init(&val_fold, val, val_size);
		fold_init(&key_fold, key, key_size);
		if (folds_begin(&val_fold, &key_fold)) {
			size = val_fold.next - val;
			begins = size >= key_size;
		}
	} T_END;
	if (begins)
		*size_r = size;
	return begins;
}

/* What is compared in place of the string. */
static const buffer_t *prepared(const void *val, size_t size)
{
	buffer_t *buf = t_buffer_create(size + 1);

	if (uni_utf8_to_decomposed_titlecase(val, size, buf) < 0) {
		buffer_set_used_size(buf, 0);
		buffer_append(buf, val, size);
	}
	return buf;
}

static int compare_octets(const buffer_t *a, const buffer_t *b)
{
	size_t common = I_MIN(a->used, b->used);
	int result = common == 0 ? 0 : memcmp(a->data, b->data, common);

	if (result == 0 && a->used != b->used)
		result = a->used < b->used ? -1 : 1;
	return result;
}

int casemap_compare(const void *val1, size_t size1,
		    const void *val2, size_t size2)
{
	int result;

	T_BEGIN {
		result = compare_octets(prepared(val1, size1),
					prepared(val2, size2));
	} T_END;
	return result;
}
