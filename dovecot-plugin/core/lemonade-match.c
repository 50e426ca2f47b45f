/* Verdicts. */

#include "lib.h"
#include "array.h"
#include "message-address.h"
#include "mail-storage-private.h"
#include "mail-search.h"
#include "lemonade-filter.h"
#include "lemonade-match.h"
#include "lemonade-user.h"
#include "lemonade-view.h"
#include "lemo-limits.h"

static bool flags_withdraw(enum lemo_event_type type, const char *flag_names)
{
	const char *const *names;

	if (type != LEMO_EVENT_FLAGS_SET || flag_names == NULL)
		return FALSE;
	names = t_strsplit(flag_names, " ");
	return str_array_icase_find(names, "\\Seen") ||
		str_array_icase_find(names, "\\Deleted");
}

/* The default of a device is new mail and what withdraws its alert. With
   lemonade_simple_flag_events = no the latter comes as FlagsSet. */
static bool device_wants(const struct lemonade_device *device,
			 enum lemo_event_type type, const char *flag_names)
{
	if ((device->wants & LEMO_EVENT_MASK(type)) != 0)
		return TRUE;
	return device->sub->events == NULL && !device->sub->arrivals_only &&
		device->wants != 0 &&
		flags_withdraw(type, flag_names);
}

void lemonade_match_event(const ARRAY_TYPE(lemonade_device) *devices,
			  enum lemo_event_type type, const char *flag_names,
			  struct lemonade_verdicts *verdicts_r)
{
	const struct lemonade_device *device;
	const char *verdict;

	i_zero(verdicts_r);
	array_foreach(devices, device) {
		if (device->verdict != NULL)
			verdict = device->verdict;
		else if (device_wants(device, type, flag_names))
			verdict = LEMO_VERDICT_MATCH;
		else
			verdict = LEMO_VERDICT_EVENTS;
		verdicts_r->verdict[verdicts_r->count++] = verdict;
	}
}

static bool is_match(const struct lemonade_verdicts *verdicts, unsigned int i)
{
	return strcmp(verdicts->verdict[i], LEMO_VERDICT_MATCH) == 0;
}

void lemonade_match_refuse(struct lemonade_verdicts *verdicts,
			   const char *verdict)
{
	unsigned int i;

	for (i = 0; i < verdicts->count; i++) {
		if (is_match(verdicts, i))
			verdicts->verdict[i] = verdict;
	}
}

bool lemonade_match_any(const struct lemonade_verdicts *verdicts)
{
	unsigned int i;

	for (i = 0; i < verdicts->count; i++) {
		if (is_match(verdicts, i))
			return TRUE;
	}
	return FALSE;
}

static bool is_mailto(const ARRAY_TYPE(lemonade_device) *devices,
		      const struct lemonade_verdicts *verdicts, unsigned int i)
{
	const struct lemonade_device *device = array_idx(devices, i);

	return is_match(verdicts, i) &&
		strcmp(device->sub->channel, "mailto") == 0;
}

bool lemonade_match_any_mailto(const ARRAY_TYPE(lemonade_device) *devices,
			       const struct lemonade_verdicts *verdicts)
{
	unsigned int i;

	for (i = 0; i < verdicts->count; i++) {
		if (is_mailto(devices, verdicts, i))
			return TRUE;
	}
	return FALSE;
}

void lemonade_match_refuse_mailto(const ARRAY_TYPE(lemonade_device) *devices,
				  struct lemonade_verdicts *verdicts)
{
	unsigned int i;

	for (i = 0; i < verdicts->count; i++) {
		if (is_mailto(devices, verdicts, i))
			verdicts->verdict[i] = LEMO_VERDICT_AUTO;
	}
}

static int match_filter(const struct lemo_subscription *sub,
			struct lemonade_view *view,
			const ARRAY_TYPE(seq_range) *uids,
			ARRAY_TYPE(seq_range) *hits)
{
	struct mail_search_args *args;
	const char *error;
	int ret;

	ret = lemonade_filter_parse(view->box->storage->user, sub->filter,
				    &args, &error);
	if (ret == -1)
		return -1;
	/* when in doubt, push: a search that failed is no reason to keep
	   quiet, nor is one that would keep the delivery waiting, nor a named
	   filter that is gone */
	if (ret < 0) {
		e_debug(view->box->event, "lemonade: Not filtered: %s", error);
		seq_range_array_merge(hits, uids);
		return 0;
	}
	if (lemonade_filter_body_keys(args) > LEMO_FILTER_BODY_KEYS_MAX ||
	    lemonade_filter_run(view, args, uids, hits) < 0)
		seq_range_array_merge(hits, uids);
	mail_search_args_unref(&args);
	return 0;
}

void lemonade_match_filters(const ARRAY_TYPE(lemonade_device) *devices,
			    struct lemonade_verdicts *verdicts,
			    struct lemonade_view *view,
			    const ARRAY_TYPE(seq_range) *uids,
			    ARRAY_TYPE(seq_range) *hits)
{
	const struct lemonade_device *device;
	unsigned int i;

	for (i = 0; i < verdicts->count; i++) {
		device = array_idx(devices, i);
		t_array_init(&hits[i], 4);
		if (is_match(verdicts, i) &&
		    match_filter(device->sub, view, uids, &hits[i]) < 0)
			verdicts->verdict[i] = LEMO_VERDICT_INVALID;
	}
}

static bool envelope_is_own(struct lemonade_user *luser)
{
	const char *from, *to;

	from = event_find_field_recursive_str(luser->event, "mail_from");
	to = event_find_field_recursive_str(luser->event, "rcpt_to");
	return from != NULL && *from != '\0' && to != NULL &&
		strcasecmp(from, to) == 0;
}

/* A user name without a domain is an address at this host, by the name in
   IMAP URLs or by Dovecot's own (hostname). */
static bool address_is_user(const struct lemonade_user *luser,
			    const char *mailbox, const char *domain)
{
	const char *username = luser->user->username;

	if (strchr(username, '@') != NULL)
		return strcasecmp(t_strconcat(mailbox, "@", domain, NULL),
				  username) == 0;
	return strcasecmp(mailbox, username) == 0 &&
		(strcasecmp(domain, luser->hostname) == 0 ||
		 strcasecmp(domain, luser->user->set->hostname) == 0);
}

static bool from_is_user(const struct lemonade_user *luser, const char *header)
{
	const struct message_address *addr;

	addr = message_address_parse(pool_datastack_create(),
				     (const unsigned char *)header,
				     strlen(header), 10, 0);
	for (; addr != NULL; addr = addr->next) {
		if (addr->mailbox != NULL && addr->domain != NULL &&
		    address_is_user(luser, addr->mailbox, addr->domain))
			return TRUE;
	}
	return FALSE;
}

bool lemonade_match_is_own(struct lemonade_user *luser,
			   struct lemonade_view *view)
{
	const char *header;

	if (envelope_is_own(luser))
		return TRUE;
	return mail_get_first_header(view->mail, "From", &header) > 0 &&
		from_is_user(luser, header);
}
