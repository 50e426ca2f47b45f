#include "lib.h"
#include "istream.h"
#include "imap-common.h"
#include "imap-msgpart.h"
#include "imap-msgpart-url.h"
#include "imap-url.h"
#include "imap-urlauth.h"
#include "imap-lemonade-urlpart.h"

#include <ctype.h>

bool imap_lemonade_urlpart_is_mime(const struct imap_url *url)
{
	return url->section != NULL &&
		isdigit((unsigned char)*url->section) != 0;
}

/* 0: what is wrong is the URL's, -1: the server's */
static int failure(struct imap_msgpart_url *mpurl)
{
	struct mailbox *box = imap_msgpart_url_get_mailbox(mpurl);

	if (box == NULL)
		return 0;
	return mailbox_get_last_mail_error(box) == MAIL_ERROR_TEMP ? -1 : 0;
}

static bool is_undecodable(struct imap_msgpart_url *mpurl)
{
	switch (mailbox_get_last_mail_error(
			imap_msgpart_url_get_mailbox(mpurl))) {
	case MAIL_ERROR_CONVERSION:
	case MAIL_ERROR_INVALIDDATA:
		return TRUE;
	default:
		return FALSE;
	}
}

/* A part that is missing is found out here: reading it gives no octets. */
static int read_structure(struct imap_lemonade_urlpart *part)
{
	const char *structure, *error;
	int ret;

	ret = imap_msgpart_url_get_bodypartstructure(part->mpurl, &structure,
						     &error);
	if (ret < 0)
		return failure(part->mpurl);
	if (ret > 0) {
		i_free(part->structure);
		part->structure = i_strdup(structure);
	}
	return ret;
}

static int read_octets(struct imap_lemonade_urlpart *part, bool binary)
{
	struct imap_msgpart_open_result result;
	const char *error;
	int ret;

	i_zero(&result);
	ret = imap_msgpart_url_read_part(part->mpurl, &result, &error);
	if (ret < 0) {
		part->undecodable = binary && is_undecodable(part->mpurl);
		return part->undecodable ? 1 : failure(part->mpurl);
	}
	if (ret > 0) {
		part->input = result.input;
		part->size = result.size;
		part->has_nuls = result.binary_decoded_input_has_nuls;
	}
	return ret;
}

static int read_part(const struct imap_url *url,
		     enum imap_urlauth_fetch_flags flags,
		     struct imap_lemonade_urlpart *part)
{
	bool binary = (flags & IMAP_URLAUTH_FETCH_FLAG_BINARY) != 0;
	bool structure =
		(flags & IMAP_URLAUTH_FETCH_FLAG_BODYPARTSTRUCTURE) != 0;
	int ret;

	if ((structure || imap_lemonade_urlpart_is_mime(url)) &&
	    (ret = read_structure(part)) <= 0)
		return ret;
	if (!binary && (flags & IMAP_URLAUTH_FETCH_FLAG_BODY) == 0)
		return 1;
	if (binary)
		imap_msgpart_url_set_decode_to_binary(part->mpurl);
	ret = read_octets(part, binary);
	/* the sizes in it are those of what is sent; but that needs all parts
	   of the message, of which others may be undecodable */
	if (ret > 0 && binary && structure && !part->undecodable)
		(void)read_structure(part);
	return ret;
}

int imap_lemonade_urlpart_read(struct client *client, struct imap_url *url,
			       enum imap_urlauth_fetch_flags flags,
			       struct imap_lemonade_urlpart *part)
{
	enum mail_error code;
	const char *error;
	int ret;

	ret = imap_urlauth_fetch_parsed(client->urlauth_ctx, url, &part->mpurl,
					&code, &error);
	if (ret > 0)
		ret = read_part(url, flags, part);
	if (ret <= 0)
		imap_lemonade_urlpart_free(part);
	return ret;
}

void imap_lemonade_urlpart_free(struct imap_lemonade_urlpart *part)
{
	if (part->mpurl != NULL)
		imap_msgpart_url_free(&part->mpurl);
	else
		i_stream_unref(&part->input);
	i_free(part->structure);
	i_zero(part);
}
