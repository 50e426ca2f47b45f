#include "lemo-event-wire.h"
#include "lemo-event-fields.h"
#include "lemo-limits.h"
#include "lemo-time.h"
#include "lemo-utf8.h"

#include <string.h>

#include "lemo-banned.h"

#define EVENT_COMMAND "EVENT"
#define KEY_TYPE "vnd.lemonade.event"
#define KEY_DEVICE "device"

#define FIELD(key, member, kind, level) \
	{ key, sizeof(key) - 1, LEMO_FIELD_##kind, level, \
	  offsetof(struct lemo_event, member) }

/* In the order in which they are sent. */
const struct lemo_event_field lemo_event_fields[LEMO_EVENT_FIELDS_COUNT] = {
	FIELD("vnd.lemonade.id", id, STR, LEMO_FIELD_NEVER),
	FIELD("user", user, STR, 1),
	FIELD("timestamp", timestamp, STR, 2),
	FIELD("uri", uri, URL, 2),
	FIELD("service", service, STR, LEMO_FIELD_FEED),
	FIELD("process", process, STR, LEMO_FIELD_FEED),
	FIELD("pid", pid, U32, LEMO_FIELD_FEED),
	FIELD("vnd.lemonade.session", session, STR, LEMO_FIELD_FEED),
	FIELD("serverFQDN", server_fqdn, STR, LEMO_FIELD_FEED),
	FIELD("clientIP", client_ip, STR, LEMO_FIELD_FEED),
	FIELD("clientPort", client_port, U32, LEMO_FIELD_FEED),
	FIELD("admin", admin, STR, LEMO_FIELD_FEED),
	FIELD("serverDomain", server_domain, STR, LEMO_FIELD_FEED),
	FIELD("serverPort", server_port, U32, LEMO_FIELD_FEED),
	FIELD("vnd.lemonade.disconnect", disconnect, STR, 2),
	FIELD("vnd.lemonade.duration", duration, U32, 2),
	FIELD("vnd.lemonade.mailbox", mailbox, STR, 2),
	FIELD("mailboxID", mailbox_id, URL, 2),
	FIELD("vnd.lemonade.mailboxGuid", mailbox_guid, STR, 2),
	FIELD("vnd.lemonade.oldMailbox", old_mailbox, STR, 2),
	FIELD("oldMailboxID", old_mailbox_id, URL, 2),
	FIELD("vnd.lemonade.uidvalidity", uidvalidity, U32, 2),
	FIELD("uidnext", uidnext, U32, 1),
	FIELD("messages", messages, U32, 1),
	FIELD("vnd.lemonade.unseen", unseen, U32, 1),
	FIELD("vnd.lemonade.highestModseq", highest_modseq, U64, 1),
	FIELD("vnd.lemonade.uid", uid, U32, 2),
	FIELD("uidset", uidset, STR, 2),
	FIELD("modseq", modseq, U64, 2),
	FIELD("flagNames", flag_names, STR, 2),
	FIELD("messageSize", message_size, U64, 2),
	FIELD("vnd.lemonade.messageGuid", message_guid, STR, 2),
	FIELD("vnd.lemonade.messageId", message_id, TEXT, 3),
	FIELD("vnd.lemonade.from", from, TEXT, 3),
	FIELD("vnd.lemonade.to", to, TEXT, 3),
	FIELD("vnd.lemonade.subject", subject, TEXT, 3),
	FIELD("vnd.lemonade.date", date, TEXT, 3),
	FIELD("vnd.lemonade.snippet", snippet, TEXT, 4),
	FIELD("vnd.lemonade.importance", importance, U32, LEMO_FIELD_NEVER),
	FIELD("vnd.lemonade.quotaRoot", quota_root, STR, 2),
	FIELD("diskQuota", disk_quota, U64, 1),
	FIELD("diskUsed", disk_used, U64, 1),
	FIELD("maxMessages", max_messages, U64, 1),
	FIELD("vnd.lemonade.notifyText", notify_text, WORDS, 0),
	FIELD("vnd.lemonade.notifySubject", notify_subject, TEXT, 0),
	FIELD("vnd.lemonade.notifyFrom", notify_from, TEXT, 0),
	FIELD("vnd.lemonade.notifyTtl", notify_ttl, U32, 0),
	FIELD("vnd.lemonade.feed", feed, BOOL, LEMO_FIELD_NEVER),
	/* not members of a simple kind: see field_decode() */
	FIELD(KEY_TYPE, type, U32, LEMO_FIELD_NEVER),
	FIELD(KEY_DEVICE, devices, STR, LEMO_FIELD_NEVER)
};
#define FIELD_ID 0
#define FIELD_TYPE (LEMO_EVENT_FIELDS_COUNT - 2)
#define FIELD_DEVICE (LEMO_EVENT_FIELDS_COUNT - 1)
#define FIELD_BIT(n) (UINT64_C(1) << (n))
/* id, user, timestamp, uri; and the type */
#define FIELDS_REQUIRED (UINT64_C(15) | FIELD_BIT(FIELD_TYPE))

/* The letter that stands behind \001 for an octet, or NUL for none. */
static inline char escape_letter(unsigned char c)
{
	if (c > '\r')
		return '\0';
	switch (c) {
	case '\0': return '0';
	case '\001': return '1';
	case '\t': return 't';
	case '\n': return 'n';
	case '\r': return 'r';
	default: return '\0';
	}
}

/* escape: what replaces the octet, but for the letter at its end. */
static void add_escaped(struct lemo_buf *buf, const char *str, size_t len,
			const char *escape)
{
	size_t i, start = 0;
	char letter;

	for (i = 0; i < len; i++) {
		letter = escape_letter(str[i]);
		if (letter == '\0')
			continue;
		lemo_buf_add(buf, str + start, i - start);
		lemo_buf_adds(buf, escape);
		lemo_buf_addc(buf, letter);
		start = i + 1;
	}
	lemo_buf_add(buf, str + start, len - start);
}

void lemo_tabescape(struct lemo_buf *buf, const char *str, size_t len)
{
	add_escaped(buf, str, len, "\001");
}

/* A component of the list in "device=", escaped as such and as a value. */
static void add_component(struct lemo_buf *buf, const char *str)
{
	add_escaped(buf, str, strlen(str), "\001" "1");
}

static char unescape_letter(char letter)
{
	switch (letter) {
	case '1': return '\001';
	case 't': return '\t';
	case 'n': return '\n';
	case 'r': return '\r';
	default: return '\0';
	}
}

ptrdiff_t lemo_tabunescape(char *str, size_t len)
{
	char *end = str + len, *dest, *src;

	src = dest = memchr(str, '\001', len);
	if (src == NULL)
		return memchr(str, '\0', len) == NULL ? (ptrdiff_t)len : -1;
	if (memchr(str, '\0', len) != NULL)
		return -1;
	while (src < end) {
		if (*src != '\001') {
			*dest++ = *src++;
			continue;
		}
		if (end - src < 2 || unescape_letter(src[1]) == '\0')
			return -1;
		*dest++ = unescape_letter(src[1]);
		src += 2;
	}
	return dest - str;
}

static void add_key(struct lemo_buf *buf, const struct lemo_event_field *field)
{
	lemo_buf_addc(buf, '\t');
	lemo_buf_add(buf, field->key, field->key_len);
	lemo_buf_addc(buf, '=');
}

static void add_number(struct lemo_buf *buf,
		       const struct lemo_event_field *field, uint64_t num)
{
	if (num == 0)
		return;
	add_key(buf, field);
	lemo_buf_addu(buf, num);
}

static void add_string(struct lemo_buf *buf,
		       const struct lemo_event_field *field, const char *str)
{
	if (str == NULL)
		return;
	add_key(buf, field);
	lemo_tabescape(buf, str, strlen(str));
}

static void add_field(struct lemo_buf *buf,
		      const struct lemo_event_field *field, const void *member)
{
	switch (field->kind) {
	case LEMO_FIELD_U32:
		add_number(buf, field, *(const uint32_t *)member);
		break;
	case LEMO_FIELD_U64:
		add_number(buf, field, *(const uint64_t *)member);
		break;
	case LEMO_FIELD_BOOL:
		add_number(buf, field, *(const bool *)member ? 1 : 0);
		break;
	default:
		add_string(buf, field, *(const char *const *)member);
	}
}

/* "" = NULL */
static void add_next_component(struct lemo_buf *buf, const char *str)
{
	lemo_buf_adds(buf, "\001t");
	if (str != NULL)
		add_component(buf, str);
}

static void add_device(struct lemo_buf *buf,
		       const struct lemo_event_device *device)
{
	add_key(buf, &lemo_event_fields[FIELD_DEVICE]);
	add_component(buf, device->name);
	add_next_component(buf, device->verdict);
	if (device->subscription == NULL)
		return;
	add_next_component(buf, device->subscription);
	if (device->text == NULL && device->ttl == 0)
		return;
	add_next_component(buf, device->text);
	add_next_component(buf, device->subject);
	add_next_component(buf, device->from);
	lemo_buf_adds(buf, "\001t");
	lemo_buf_addu(buf, device->importance);
	if (device->ttl == 0)
		return;
	lemo_buf_adds(buf, "\001t");
	lemo_buf_addu(buf, device->ttl);
}

void lemo_event_encode(const struct lemo_event *event, struct lemo_buf *buf)
{
	unsigned int i;

	lemo_buf_adds(buf, EVENT_COMMAND);
	add_key(buf, &lemo_event_fields[FIELD_TYPE]);
	lemo_buf_adds(buf, lemo_event_type_name(event->type));
	for (i = 0; i < FIELD_TYPE; i++) {
		add_field(buf, &lemo_event_fields[i],
			  lemo_event_field_get(event, &lemo_event_fields[i]));
	}
	for (i = 0; i < event->devices_count; i++)
		add_device(buf, &event->devices[i]);
	lemo_buf_addc(buf, '\n');
}

/* What is known while a line is decoded. */
struct decoder {
	struct lemo_event event;
	uint64_t seen;      /* FIELD_BIT()s */
	unsigned int guess; /* the field expected next: they come in order */
	const char *end;    /* of the line */
	const char *error;
};

static bool fail(struct decoder *dec, const char *error)
{
	dec->error = error;
	return false;
}

/* The field of this key, FIELDS_COUNT if unknown. */
static unsigned int find_field(struct decoder *dec, const char *key, size_t len)
{
	const struct lemo_event_field *field;
	unsigned int i, n;

	for (i = 0; i < LEMO_EVENT_FIELDS_COUNT; i++) {
		n = (dec->guess + i) % LEMO_EVENT_FIELDS_COUNT;
		field = &lemo_event_fields[n];
		if (field->key_len == len &&
		    memcmp(field->key, key, len) == 0) {
			dec->guess = n == FIELD_DEVICE ? n : n + 1;
			return n;
		}
	}
	return LEMO_EVENT_FIELDS_COUNT;
}

/* Strict decimal: no sign, no leading zero, and not 0, which is absence. */
static bool parse_number(const char *str, size_t len, uint64_t max,
			 uint64_t *num_r)
{
	uint64_t num = 0;
	size_t i;

	if (len == 0 || str[0] == '0')
		return false;
	for (i = 0; i < len; i++) {
		unsigned int digit = (unsigned char)str[i] - '0';

		if (digit > 9 || digit > max || num > (max - digit) / 10)
			return false;
		num = num * 10 + digit;
	}
	*num_r = num;
	return true;
}

static bool is_url_text(const char *str)
{
	for (; *str != '\0'; str++) {
		if (*str <= ' ' || *str > '~' || *str == '"')
			return false;
	}
	return true;
}

static bool decode_string(struct decoder *dec, unsigned int kind,
			  const char **member, char *value)
{
	if (kind == LEMO_FIELD_URL && !is_url_text(value))
		return fail(dec, "URL is not printable ASCII");
	*member = value;
	return true;
}

static bool decode_number(struct decoder *dec, unsigned int kind, void *member,
			  const char *value, size_t len)
{
	uint64_t num, max = kind == LEMO_FIELD_U64 ? UINT64_MAX :
		kind == LEMO_FIELD_U32 ? UINT32_MAX : 1;

	if (!parse_number(value, len, max, &num))
		return fail(dec, "bad number");
	if (kind == LEMO_FIELD_U64)
		*(uint64_t *)member = num;
	else if (kind == LEMO_FIELD_U32)
		*(uint32_t *)member = num;
	else
		*(bool *)member = true;
	return true;
}

/* Unescapes the component that ends at a TAB or at *end; *next_r is where
   the one behind it begins, or NULL. */
static bool next_component(char *str, char *end, char **next_r)
{
	char *tab = memchr(str, '\t', end - str);
	ptrdiff_t len;

	*next_r = tab == NULL ? NULL : tab + 1;
	len = lemo_tabunescape(str, (tab == NULL ? end : tab) - str);
	if (len < 0)
		return false;
	str[len] = '\0';
	return true;
}

/* NAME, VERDICT, JSON; TEXT, SUBJECT, FROM, IMPORTANCE; TTL */
#define DEVICE_PARTS_MIN 2
#define DEVICE_PARTS_MAX 8

static const char *null_if_empty(const char *str)
{
	return str == NULL || *str == '\0' ? NULL : str;
}

static bool set_device_ttl(struct decoder *dec, const char *part,
			   struct lemo_event_device *device)
{
	uint64_t ttl;

	if (part == NULL)
		return true;
	if (!parse_number(part, strlen(part), LEMO_DEVICE_TTL_MAX, &ttl))
		return fail(dec, "bad ttl for a device");
	device->ttl = ttl;
	return true;
}

/* A script's words go with all that belongs to them. */
static bool set_device_text(struct decoder *dec, char *const *part,
			    struct lemo_event_device *device)
{
	const char *importance = part[6];

	if (part[3] == NULL)
		return true;
	if (importance == NULL || importance[0] < '0' ||
	    importance[0] > '3' || importance[1] != '\0')
		return fail(dec, "bad text for a device");
	device->text = null_if_empty(part[3]);
	if (device->text != NULL) {
		device->subject = null_if_empty(part[4]);
		device->from = null_if_empty(part[5]);
		device->importance = importance[0] - '0';
	}
	return set_device_ttl(dec, part[7], device);
}

static bool append_device(struct decoder *dec, char *const *part)
{
	struct lemo_event *event = &dec->event;
	struct lemo_event_device *device;
	unsigned int i;

	if (event->devices_count == LEMO_EVENT_MAX_DEVICES)
		return fail(dec, "too many devices");
	for (i = 0; i < event->devices_count; i++) {
		if (strcmp(event->devices[i].name, part[0]) == 0)
			return fail(dec, "doubled device");
	}
	device = &event->devices[event->devices_count++];
	device->name = part[0];
	device->verdict = part[1];
	device->subscription = part[2];
	return set_device_text(dec, part, device);
}

static bool decode_device(struct decoder *dec, char *value, size_t len)
{
	char *part[DEVICE_PARTS_MAX] = { value }, *next;
	unsigned int i = 0;

	for (next = value; next != NULL; i++) {
		if (i == DEVICE_PARTS_MAX)
			return fail(dec, "bad device");
		part[i] = next;
		if (!next_component(next, value + len, &next))
			return fail(dec, "bad escape in device");
	}
	if (i < DEVICE_PARTS_MIN)
		return fail(dec, "device without verdict");
	return append_device(dec, part);
}

/* value is unescaped and NUL-terminated. */
static bool decode_field(struct decoder *dec, unsigned int n, char *value,
			 size_t len)
{
	const struct lemo_event_field *field = &lemo_event_fields[n];
	void *member = (char *)&dec->event + field->offset;

	if (n == FIELD_DEVICE)
		return decode_device(dec, value, len);
	if ((dec->seen & FIELD_BIT(n)) != 0)
		return fail(dec, "doubled key");
	dec->seen |= FIELD_BIT(n);
	if (n == FIELD_TYPE) {
		return lemo_event_type_find(value, len, &dec->event.type) ||
			fail(dec, "unknown event");
	}
	if (field->kind >= LEMO_FIELD_U32)
		return decode_number(dec, field->kind, member, value, len);
	return decode_string(dec, field->kind, member, value);
}

/* Decodes "key=value". */
static bool decode_pair(struct decoder *dec, char *pair, size_t len)
{
	char *value = memchr(pair, '=', len);
	ptrdiff_t value_len;
	unsigned int n;

	if (value == NULL)
		return fail(dec, "key without value");
	n = find_field(dec, pair, value - pair);
	if (n == LEMO_EVENT_FIELDS_COUNT)
		return true;
	value++;
	value_len = lemo_tabunescape(value, pair + len - value);
	if (value_len < 0)
		return fail(dec, "bad escape");
	/* The NUL goes where the TAB was. There is none behind the last value,
	   and what lies there is not ours: move over the "=". */
	if (value + value_len == dec->end) {
		memmove(value - 1, value, value_len);
		value--;
	}
	value[value_len] = '\0';
	return decode_field(dec, n, value, value_len);
}

static bool id_is_valid(const char *id)
{
	return strlen(id) == LEMO_EVENT_ID_LEN &&
		strspn(id, "0123456789abcdef") == LEMO_EVENT_ID_LEN;
}

static bool check_event(struct decoder *dec)
{
	const struct lemo_event *event = &dec->event;
	int64_t time;

	if ((dec->seen & FIELDS_REQUIRED) != FIELDS_REQUIRED)
		return fail(dec, "id, event, user, timestamp or uri missing");
	if (!id_is_valid(event->id))
		return fail(dec, "id is not 32 lower-case hex digits");
	if (event->user[0] == '\0' || strlen(event->user) > LEMO_USER_MAX)
		return fail(dec, "user is empty or too long");
	if (event->uri[0] == '\0')
		return fail(dec, "uri is empty");
	if (!lemo_time_parse_rfc3339(event->timestamp,
				     strlen(event->timestamp), &time))
		return fail(dec, "timestamp is not as in RFC 3339");
	return true;
}

static bool decode_line(struct decoder *dec, char *line, size_t len)
{
	const size_t command_len = strlen(EVENT_COMMAND);
	const char *end = dec->end;
	char *pos, *tab;

	if (memchr(line, '\n', len) != NULL || memchr(line, '\r', len) != NULL)
		return fail(dec, "line break inside");
	if (!lemo_utf8_is_valid(line, len))
		return fail(dec, "not UTF-8");
	if (len < command_len ||
	    memcmp(line, EVENT_COMMAND, command_len) != 0 ||
	    (len > command_len && line[command_len] != '\t'))
		return fail(dec, "not an EVENT line");
	for (pos = line + command_len; pos < end; pos = tab) {
		pos++;
		tab = memchr(pos, '\t', end - pos);
		if (tab == NULL)
			tab = line + len;
		if (!decode_pair(dec, pos, tab - pos))
			return false;
	}
	return check_event(dec);
}

int lemo_event_decode(char *line, size_t len, struct lemo_event *event_r,
		      const char **error_r)
{
	struct decoder dec;

	memset(&dec, 0, sizeof(dec));
	/* the type comes first */
	dec.guess = FIELD_TYPE;
	dec.end = line + len;
	if (len >= LEMO_EVENT_LINE_MAX)
		(void)fail(&dec, "line too long");
	else if (decode_line(&dec, line, len)) {
		*event_r = dec.event;
		return 0;
	}
	*error_r = dec.error;
	return -1;
}
