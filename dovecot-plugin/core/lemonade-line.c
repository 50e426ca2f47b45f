/* An event's parameters and its id. */

#include "lib.h"
#include "array.h"
#include "hex-binary.h"
#include "hostpid.h"
#include "ioloop.h"
#include "sha2.h"
#include "net.h"
#include "master-service.h"
#include "mail-storage-private.h"
#include "lemo-imapurl.h"
#include "lemonade-compat.h"
#include "lemonade-line.h"
#include "lemonade-text.h"
#include "lemonade-user.h"
#include "lemonade-view.h"

#include <time.h>
#include <unistd.h>

/* Octets; longer names are cut (on the wire only). */
#define NAME_MAX_LEN 1000
#define URL_MAX_LEN (16 * 1024)

static time_t process_started;

/* The service names of RFC 5423 section 5 where it suggests one. */
static const char *service_name(const char *protocol)
{
	if (protocol == NULL)
		return NULL;
	if (strcmp(protocol, "pop3") == 0)
		return "pop";
	if (strcmp(protocol, "doveadm") == 0)
		return "admincli";
	return protocol;
}

static void set_client(struct lemonade_user *luser, struct lemo_event *event)
{
	struct mail_user *user = luser->user;

	if (!luser->access_protocol)
		return;
	if (user->conn.remote_ip != NULL && user->conn.remote_ip->family != 0) {
		event->client_ip = net_ip2addr(user->conn.remote_ip);
		event->client_port = user->conn.remote_port;
	}
	if (user->auth_user != NULL &&
	    strcmp(user->auth_user, user->username) != 0)
		event->admin = lemonade_text_utf8(user->auth_user,
						  NAME_MAX_LEN);
}

void lemonade_line_init(struct lemonade_user *luser,
			enum lemo_event_type type, struct lemo_event *event_r)
{
	struct mail_user *user = luser->user;

	i_zero(event_r);
	event_r->type = type;
	event_r->user = lemonade_text_utf8(user->username, LEMO_USER_MAX);
	event_r->timestamp = lemonade_text_time(time(NULL));
	event_r->service = service_name(lemonade_user_protocol(user));
	event_r->process = master_service_get_name(master_service);
	event_r->session = lemonade_text_utf8(user->session_id, NAME_MAX_LEN);
	event_r->server_fqdn = user->set->hostname;
	event_r->pid = (uint32_t)getpid();
	event_r->feed = (luser->feed & LEMO_EVENT_MASK(type)) != 0;
	set_client(luser, event_r);
}

static const char *
imap_url(struct lemonade_user *luser, const char *mailbox,
	 uint32_t uidvalidity, uint32_t uid)
{
	struct lemo_buf buf;
	const char *url;

	lemo_buf_init(&buf, URL_MAX_LEN);
	lemo_imapurl_add(&buf, luser->user->username, luser->hostname,
			 mailbox, uidvalidity, uid);
	url = t_strndup(buf.data, buf.len);
	lemo_buf_free(&buf);
	return url;
}

static const char *mailbox_guid(struct mailbox *box)
{
	struct mailbox_metadata metadata;

	if (!box->opened ||
	    mailbox_get_metadata(box, MAILBOX_METADATA_GUID, &metadata) < 0)
		return NULL;
	return guid_128_to_string(metadata.guid);
}

static uint32_t mailbox_uidvalidity(struct mailbox *box)
{
	struct mailbox_status status;

	if (!box->opened)
		return 0;
	mailbox_get_open_status(box, STATUS_UIDVALIDITY, &status);
	return status.uidvalidity;
}

void lemonade_line_name_mailbox(struct lemonade_user *luser,
				const char *vname, const char *guid,
				uint32_t uidvalidity,
				struct lemo_event *event)
{
	event->mailbox = lemonade_text_utf8(vname, NAME_MAX_LEN);
	event->mailbox_guid = guid;
	event->uidvalidity = uidvalidity;
	event->mailbox_id = imap_url(luser, event->mailbox, uidvalidity, 0);
}

void lemonade_line_set_mailbox(struct lemonade_user *luser,
			       struct mailbox *box, uint32_t uidvalidity,
			       const struct lemonade_view *view,
			       struct lemo_event *event)
{
	lemonade_line_name_mailbox(luser, mailbox_get_vname(box),
				   mailbox_guid(box), uidvalidity != 0 ?
				   uidvalidity : mailbox_uidvalidity(box),
				   event);
	if (view != NULL && view->state == LEMONADE_VIEW_OPEN) {
		event->uidnext = view->status.uidnext;
		event->messages = view->status.messages;
		event->unseen = view->status.unseen;
		event->highest_modseq = view->status.highest_modseq;
	}
}

void lemonade_line_set_old_mailbox(struct lemonade_user *luser,
				   const char *vname, struct lemo_event *event)
{
	event->old_mailbox = lemonade_text_utf8(vname, NAME_MAX_LEN);
	event->old_mailbox_id = imap_url(luser, event->old_mailbox,
					 event->uidvalidity, 0);
}

void lemonade_line_set_devices(const ARRAY_TYPE(lemonade_device) *devices,
			       const struct lemonade_verdicts *verdicts,
			       struct lemo_event *event)
{
	unsigned int i;

	for (i = 0; i < verdicts->count; i++) {
		const struct lemonade_device *device = array_idx(devices, i);
		struct lemo_event_device *dest =
			&event->devices[event->devices_count++];

		dest->name = device->name;
		dest->verdict = verdicts->verdict[i];
		if (strcmp(dest->verdict, LEMO_VERDICT_MATCH) == 0)
			dest->subscription = device->json;
	}
}

/*
 * The id
 */

static void hash_str(struct sha256_ctx *ctx, const char *str)
{
	if (str == NULL)
		str = "";
	sha256_loop(ctx, str, strlen(str) + 1);
}

static void hash_num(struct sha256_ctx *ctx, uint64_t num)
{
	hash_str(ctx, t_strdup_printf("%"PRIu64, num));
}

static void hash_counter(struct sha256_ctx *ctx, struct lemonade_user *luser)
{
	if (process_started == 0)
		process_started = time(NULL);
	hash_str(ctx, luser->user->session_id);
	hash_num(ctx, ++luser->event_counter);
	hash_num(ctx, (uint64_t)getpid());
	hash_num(ctx, (uint64_t)process_started);
	hash_num(ctx, (uintptr_t)luser);
}

static const char *
event_id(struct lemonade_user *luser, bool stable,
	 const struct lemo_event *event)
{
	unsigned char digest[SHA256_RESULTLEN];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	hash_num(&ctx, (uint64_t)geteuid());
	hash_str(&ctx, event->user);
	hash_str(&ctx, event->mailbox_guid);
	hash_num(&ctx, event->uidvalidity);
	if (event->uidset != NULL)
		hash_str(&ctx, event->uidset);
	else
		hash_num(&ctx, event->uid);
	hash_str(&ctx, lemo_event_type_name(event->type));
	hash_str(&ctx, event->flag_names);
	if (stable)
		hash_num(&ctx, event->uidset != NULL ?
			 event->highest_modseq : 0);
	else
		hash_counter(&ctx, luser);
	sha256_result(&ctx, digest);
	return binary_to_hex(digest, LEMO_EVENT_ID_LEN / 2);
}

void lemonade_line_finish(struct lemonade_user *luser, bool stable,
			  struct lemo_event *event)
{
	event->uri = imap_url(luser, event->mailbox, event->uidvalidity,
			      event->uid);
	event->id = event_id(luser, stable && event->mailbox_guid != NULL,
			     event);
}
