#include "lib.h"
#include "istream.h"
#include "module-context.h"
#include "message-part.h"
#include "mail-storage-hooks.h"
#include "lemonade-mail-compat.h"
#include "imap-lemonade-binary.h"

#define IMAP_LEMONADE_BINARY_CONTEXT(obj) \
	MODULE_CONTEXT_REQUIRE(obj, imap_lemonade_binary_module)

static MODULE_CONTEXT_DEFINE_INIT(imap_lemonade_binary_module,
				  &mail_module_register);

/* If that cannot be told, there may be one. */
static bool has_nul(struct istream *input)
{
	const unsigned char *data;
	uoff_t start = input->v_offset;
	bool found = FALSE;
	size_t size;

	if (!input->seekable)
		return TRUE;
	while (!found && i_stream_read_more(input, &data, &size) > 0) {
		found = memchr(data, '\0', size) != NULL;
		i_stream_skip(input, size);
	}
	if (input->stream_errno != 0)
		found = TRUE;
	i_stream_seek(input, start);
	return found;
}

/* Without the other parts, which one of them may have spoilt. */
static int
binary_size_alone(const struct mail_vfuncs *super, struct mail *mail,
		  const struct message_part *part, bool include_hdr,
		  struct mail_binary_properties *props_r)
{
	struct istream *input;

	if (lemonade_get_binary(super, mail, part, include_hdr, props_r,
				&input) < 0)
		return -1;
	i_stream_unref(&input);
	props_r->lines = part->body_size.lines;
	return 0;
}

/* Dovecot looks for parts up to the position plus the virtual size. It gets
   the physical one, and the difference is added to what it says. */
static int
binary_size(const struct mail_vfuncs *super, struct mail *mail,
	    const struct message_part *part, bool include_hdr,
	    struct mail_binary_properties *props_r)
{
	struct message_part copy = *part;
	uoff_t more = part->header_size.virtual_size +
		part->body_size.virtual_size -
		part->header_size.physical_size -
		part->body_size.physical_size;

	copy.body_size.virtual_size -= more;
	if (lemonade_get_binary(super, mail, &copy, include_hdr, props_r,
				NULL) == 0) {
		props_r->size += more;
		return 0;
	}
	if (part->parent == NULL)
		return -1;
	return binary_size_alone(super, mail, part, include_hdr, props_r);
}

static int
get_binary(struct mail *mail, const struct message_part *part,
	   bool include_hdr, struct mail_binary_properties *props_r,
	   struct istream **stream_r)
{
	union mail_module_context *context =
		IMAP_LEMONADE_BINARY_CONTEXT((struct mail_private *)mail);
	const struct mail_vfuncs *super = &context->super;

	if (stream_r == NULL)
		return binary_size(super, mail, part, include_hdr, props_r);
	if (lemonade_get_binary(super, mail, part, include_hdr, props_r,
				stream_r) < 0)
		return -1;
	if (props_r->binary)
		props_r->binary = has_nul(*stream_r);
	return 0;
}

LEMONADE_DEFINE_GET_BINARY(binary_get_stream, get_binary)

static void binary_mail_allocated(struct mail *_mail)
{
	struct mail_private *mail = (struct mail_private *)_mail;
	struct mail_vfuncs *v = mail->vlast;
	union mail_module_context *context;

	context = p_new(mail->pool, union mail_module_context, 1);
	context->super = *v;
	mail->vlast = &context->super;
	v->get_binary_stream = binary_get_stream;
	MODULE_CONTEXT_SET_SELF(mail, imap_lemonade_binary_module, context);
}

static struct mail_storage_hooks binary_hooks = {
	.mail_allocated = binary_mail_allocated,
};

void imap_lemonade_binary_init(struct module *module)
{
	mail_storage_hooks_add(module, &binary_hooks);
}

void imap_lemonade_binary_deinit(void)
{
	mail_storage_hooks_remove(&binary_hooks);
}
