#include "lemo-event.h"
#include "lemo-limits.h"

#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

static const char *const event_type_names[LEMO_EVENT_TYPE_COUNT] = {
	[LEMO_EVENT_MESSAGE_APPEND] = "MessageAppend",
	[LEMO_EVENT_MESSAGE_EXPIRE] = "MessageExpire",
	[LEMO_EVENT_MESSAGE_EXPUNGE] = "MessageExpunge",
	[LEMO_EVENT_MESSAGE_NEW] = "MessageNew",
	[LEMO_EVENT_QUOTA_EXCEED] = "QuotaExceed",
	[LEMO_EVENT_QUOTA_WITHIN] = "QuotaWithin",
	[LEMO_EVENT_QUOTA_CHANGE] = "QuotaChange",
	[LEMO_EVENT_MESSAGE_READ] = "MessageRead",
	[LEMO_EVENT_MESSAGE_TRASH] = "MessageTrash",
	[LEMO_EVENT_FLAGS_SET] = "FlagsSet",
	[LEMO_EVENT_FLAGS_CLEAR] = "FlagsClear",
	[LEMO_EVENT_LOGIN] = "Login",
	[LEMO_EVENT_LOGOUT] = "Logout",
	[LEMO_EVENT_MAILBOX_CREATE] = "MailboxCreate",
	[LEMO_EVENT_MAILBOX_DELETE] = "MailboxDelete",
	[LEMO_EVENT_MAILBOX_RENAME] = "MailboxRename",
	[LEMO_EVENT_MAILBOX_SUBSCRIBE] = "MailboxSubscribe",
	[LEMO_EVENT_MAILBOX_UNSUBSCRIBE] = "MailboxUnSubscribe",
	[LEMO_EVENT_DEVICE_SET] = "vnd.lemonade.DeviceSet",
	[LEMO_EVENT_DEVICE_UNSET] = "vnd.lemonade.DeviceUnset",
};

const char *lemo_event_type_name(enum lemo_event_type type)
{
	return event_type_names[type];
}

bool lemo_event_type_find(const char *name, size_t len,
			  enum lemo_event_type *type_r)
{
	unsigned int i;

	for (i = 0; i < LEMO_EVENT_TYPE_COUNT; i++) {
		if (strlen(event_type_names[i]) == len &&
		    strncasecmp(event_type_names[i], name, len) == 0) {
			*type_r = i;
			return true;
		}
	}
	return false;
}

/* The mask of one name. Our private events are no one's to choose. */
static bool mask_of_name(const char *name, size_t len,
			 lemo_event_mask_t *mask_r)
{
	enum lemo_event_type type;

	if (len == 3 && strncasecmp(name, "all", 3) == 0) {
		*mask_r = LEMO_EVENT_MASK_RFC5423;
		return true;
	}
	if (!lemo_event_type_find(name, len, &type) ||
	    type >= LEMO_EVENT_DEVICE_SET)
		return false;
	*mask_r = LEMO_EVENT_MASK(type);
	return true;
}

int lemo_event_mask_parse(const char *names, lemo_event_mask_t *mask_r,
			  const char **error_r, size_t *pos_r)
{
	lemo_event_mask_t one, mask = 0;
	const char *p = names;
	size_t len;

	for (p += strspn(p, " ,"); *p != '\0'; p += strspn(p, " ,")) {
		len = strcspn(p, " ,");
		if (!mask_of_name(p, len, &one)) {
			*error_r = "is not an event name of RFC 5423 section 4 "
				"such as MessageNew, nor \"all\"";
			*pos_r = p - names;
			return -1;
		}
		mask |= one;
		p += len;
	}
	*mask_r = mask;
	return 0;
}

bool lemo_device_name_is_valid(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return name[len] == '\0' && len >= 1 && len <= LEMO_DEVICE_NAME_MAX;
}
