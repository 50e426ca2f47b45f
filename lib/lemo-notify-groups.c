#include "lemo-notify-groups.h"
#include "lemo-utf8.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

enum specifier {
	SPECIFIER_INBOXES,
	SPECIFIER_PERSONAL,
	SPECIFIER_SUBSCRIBED,
	SPECIFIER_SUBTREE,
	SPECIFIER_MAILBOXES,
	SPECIFIER_SELECTED /* known, to be refused with the right reason */
};

static const struct {
	const char *name;
	enum specifier specifier;
} specifier_names[] = {
	{ "inboxes", SPECIFIER_INBOXES },
	{ "personal", SPECIFIER_PERSONAL },
	{ "subscribed", SPECIFIER_SUBSCRIBED },
	{ "subtree", SPECIFIER_SUBTREE },
	{ "mailboxes", SPECIFIER_MAILBOXES },
	{ "selected", SPECIFIER_SELECTED },
	{ "selected-delayed", SPECIFIER_SELECTED }
};

#define M(type) LEMO_EVENT_MASK(LEMO_EVENT_##type)

/* Names of RFC 5465 that are not, or mean more than, one of RFC 5423. Mask 0:
   refused. */
static const struct {
	const char *name;
	lemo_event_mask_t mask;
} event_names[] = {
	{ "MessageExpunge", M(MESSAGE_EXPUNGE) | M(MESSAGE_EXPIRE) },
	{ "FlagChange", M(FLAGS_SET) | M(FLAGS_CLEAR) | M(MESSAGE_READ) |
			M(MESSAGE_TRASH) },
	{ "MailboxName", M(MAILBOX_CREATE) | M(MAILBOX_DELETE) |
			 M(MAILBOX_RENAME) },
	{ "SubscriptionChange", M(MAILBOX_SUBSCRIBE) |
				M(MAILBOX_UNSUBSCRIBE) },
	{ "AnnotationChange", 0 },
	{ "MailboxMetadataChange", 0 },
	{ "ServerMetadataChange", 0 }
};

#define N_ELEMENTS(arr) (sizeof(arr) / sizeof((arr)[0]))

struct group {
	enum specifier specifier;
	lemo_event_mask_t events;
	/* of "subtree" and "mailboxes": lemo_notify_groups.mailboxes from
	   first on */
	unsigned int first, count;
};

struct lemo_notify_groups {
	struct group groups[LEMO_NOTIFY_MAX_GROUPS];
	const char *mailboxes[LEMO_NOTIFY_MAX_MAILBOXES];
	unsigned int groups_count, mailboxes_count;
	char names[]; /* what mailboxes[] points to */
};

struct parser {
	const char *start, *pos, *end;
	struct lemo_notify_groups *result;
	char *name_end; /* free room in result->names */
	const char *error;
};

struct token {
	const char *str;
	size_t len;
};

static bool fail_at(struct parser *p, const char *pos, const char *error)
{
	p->pos = pos;
	p->error = error;
	return false;
}

static void skip_spaces(struct parser *p)
{
	while (p->pos < p->end && *p->pos == ' ')
		p->pos++;
}

/* Takes the octet c and the spaces around it. */
static bool take(struct parser *p, char c)
{
	skip_spaces(p);
	if (p->pos == p->end || *p->pos != c)
		return false;
	p->pos++;
	skip_spaces(p);
	return true;
}

/* ASTRING-CHAR of RFC 3501, and the octets of UTF-8. */
static bool is_atom_char(char c)
{
	unsigned char u = c;

	return u > ' ' && u != 0x7f && strchr("(){%*\"\\", c) == NULL;
}

static bool take_atom(struct parser *p, struct token *token_r)
{
	token_r->str = p->pos;
	while (p->pos < p->end && is_atom_char(*p->pos))
		p->pos++;
	token_r->len = p->pos - token_r->str;
	return token_r->len > 0;
}

static bool token_is(const struct token *token, const char *name)
{
	return strlen(name) == token->len &&
		strncasecmp(name, token->str, token->len) == 0;
}

/* Copies a quoted string's content behind the names; pos is behind the first
   quote. A name is shorter than its text, so there is always room. */
static bool copy_quoted(struct parser *p, const char *open)
{
	for (; p->pos < p->end && *p->pos != '"'; p->pos++) {
		if (*p->pos == '\\') {
			p->pos++;
			if (p->pos == p->end ||
			    (*p->pos != '"' && *p->pos != '\\')) {
				return fail_at(p, p->pos, "only \\ and \" can "
					"stand behind \\ in a quoted string");
			}
		}
		if ((unsigned char)*p->pos < ' ' || *p->pos == 0x7f) {
			return fail_at(p, p->pos, "control character in "
				       "mailbox name");
		}
		*p->name_end++ = *p->pos;
	}
	if (p->pos == p->end)
		return fail_at(p, open, "quoted string is not closed");
	p->pos++;
	return true;
}

static bool copy_mailbox(struct parser *p)
{
	const char *start = p->pos;
	struct token atom;

	if (p->pos < p->end && *p->pos == '"') {
		p->pos++;
		return copy_quoted(p, start);
	}
	if (!take_atom(p, &atom)) {
		return fail_at(p, start, "mailbox name expected; quote it if "
			       "it has spaces or any of (){%*\"\\");
	}
	memcpy(p->name_end, atom.str, atom.len);
	p->name_end += atom.len;
	return true;
}

/* Takes one name into the result. */
static bool parse_mailbox(struct parser *p, struct group *group)
{
	struct lemo_notify_groups *result = p->result;
	const char *start = p->pos;
	char *name = p->name_end;

	if (result->mailboxes_count == LEMO_NOTIFY_MAX_MAILBOXES)
		return fail_at(p, start, "more than 50 mailboxes");
	if (!copy_mailbox(p))
		return false;
	if (p->name_end == name)
		return fail_at(p, start, "mailbox name is empty");
	if (p->pos < p->end && strchr(" ()", *p->pos) == NULL)
		return fail_at(p, p->pos, "space expected");
	*p->name_end++ = '\0';
	result->mailboxes[result->mailboxes_count++] = name;
	group->count++;
	return true;
}

/* one-or-more-mailbox */
static bool parse_mailboxes(struct parser *p, struct group *group)
{
	group->first = p->result->mailboxes_count;
	if (!take(p, '('))
		return parse_mailbox(p, group);
	do {
		if (!parse_mailbox(p, group))
			return false;
	} while (!take(p, ')'));
	return true;
}

static bool parse_specifier(struct parser *p, struct group *group)
{
	const char *start = p->pos;
	struct token atom;
	unsigned int i;

	if (!take_atom(p, &atom))
		return fail_at(p, start, "mailbox specifier expected");
	for (i = 0; i < N_ELEMENTS(specifier_names); i++) {
		if (token_is(&atom, specifier_names[i].name))
			break;
	}
	if (i == N_ELEMENTS(specifier_names)) {
		return fail_at(p, start, "must be inboxes, personal, "
			       "subscribed, subtree or mailboxes");
	}
	group->specifier = specifier_names[i].specifier;
	if (group->specifier == SPECIFIER_SELECTED) {
		return fail_at(p, start, "selected belongs to a connection; "
			       "name the mailboxes");
	}
	skip_spaces(p);
	return group->specifier < SPECIFIER_SUBTREE ||
		parse_mailboxes(p, group);
}

static bool find_event(const struct token *atom, lemo_event_mask_t *mask_r)
{
	enum lemo_event_type type;
	unsigned int i;

	for (i = 0; i < N_ELEMENTS(event_names); i++) {
		if (token_is(atom, event_names[i].name)) {
			*mask_r = event_names[i].mask;
			return true;
		}
	}
	if (!lemo_event_type_find(atom->str, atom->len, &type) ||
	    type >= LEMO_EVENT_DEVICE_SET)
		return false;
	*mask_r = LEMO_EVENT_MASK(type);
	return true;
}

static bool parse_event(struct parser *p, struct group *group)
{
	const char *start = p->pos;
	lemo_event_mask_t mask;
	struct token atom;

	if (start < p->end && *start == '(') {
		return fail_at(p, start, "fetch attributes are not for "
			       "pushes; \"payload\" says what is sent");
	}
	if (!take_atom(p, &atom))
		return fail_at(p, start, "event name or ) expected");
	if (!find_event(&atom, &mask)) {
		return fail_at(p, start, "unknown event: must be one of RFC "
			       "5465 or 5423, such as MessageNew");
	}
	if (mask == 0)
		return fail_at(p, start, "event not supported");
	group->events |= mask;
	return true;
}

/* "(" event *(SP event) ")" / "NONE" */
static bool parse_events(struct parser *p, struct group *group)
{
	const char *start;
	struct token atom;

	skip_spaces(p);
	start = p->pos;
	if (take_atom(p, &atom)) {
		return token_is(&atom, "NONE") ||
			fail_at(p, start, "events must stand in (), or be "
				"NONE");
	}
	if (!take(p, '('))
		return fail_at(p, start, "events expected: (MessageNew)");
	do {
		if (!parse_event(p, group))
			return false;
	} while (!take(p, ')'));
	return true;
}

static bool parse_group(struct parser *p)
{
	struct group *group = &p->result->groups[p->result->groups_count];

	if (p->result->groups_count == LEMO_NOTIFY_MAX_GROUPS)
		return fail_at(p, p->pos, "more than 20 event groups");
	if (!take(p, '(')) {
		return fail_at(p, p->pos, "event group expected: "
			       "(personal (MessageNew))");
	}
	if (!parse_specifier(p, group) || !parse_events(p, group))
		return false;
	if (!take(p, ')'))
		return fail_at(p, p->pos, ") expected");
	p->result->groups_count++;
	return true;
}

static bool parse_groups(struct parser *p)
{
	skip_spaces(p);
	do {
		if (!parse_group(p))
			return false;
	} while (p->pos < p->end);
	return true;
}

int lemo_notify_groups_parse(const char *str, size_t len,
			     struct lemo_notify_groups **groups_r,
			     const char **error_r, size_t *pos_r)
{
	struct parser p = { .start = str, .pos = str, .end = str + len };

	if (!lemo_utf8_is_valid(str, len))
		p.error = "not UTF-8";
	/* A name is in the text with a space or quotes beside it, so its NUL
	   has room in len + 1 octets. */
	else if ((p.result = calloc(1, sizeof(*p.result) + len + 1)) == NULL)
		p.error = "out of memory";
	else {
		p.name_end = p.result->names;
		if (parse_groups(&p)) {
			*groups_r = p.result;
			return 0;
		}
	}
	free(p.result);
	*error_r = p.error;
	*pos_r = p.pos - p.start;
	return -1;
}

void lemo_notify_groups_free(struct lemo_notify_groups **groups)
{
	free(*groups);
	*groups = NULL;
}

bool lemo_notify_groups_want_subscribed(const struct lemo_notify_groups *g)
{
	unsigned int i;

	for (i = 0; i < g->groups_count; i++) {
		if (g->groups[i].specifier == SPECIFIER_SUBSCRIBED)
			return true;
	}
	return false;
}

/* True if the first component is INBOX, which has no case (RFC 3501 5.1). */
static bool starts_with_inbox(const char *name, char separator)
{
	return strncasecmp(name, "INBOX", 5) == 0 &&
		(name[5] == '\0' || name[5] == separator);
}

/* True if the mailbox is the one called wanted or, asked for that, below. */
static bool name_matches(const char *wanted, const struct lemo_mailbox_facts *f,
			 bool below)
{
	size_t len = strlen(wanted), skip = 0;

	if (len > 1 && wanted[len - 1] == f->separator)
		len--;
	if (starts_with_inbox(wanted, f->separator) &&
	    starts_with_inbox(f->name, f->separator))
		skip = 5;
	if (strncmp(wanted + skip, f->name + skip, len - skip) != 0)
		return false;
	return f->name[len] == '\0' ||
		(below && f->name[len] == f->separator);
}

static bool group_has_mailbox(const struct lemo_notify_groups *g,
			      const struct group *group,
			      const struct lemo_mailbox_facts *f)
{
	unsigned int i;

	for (i = group->first; i < group->first + group->count; i++) {
		if (name_matches(g->mailboxes[i], f,
				 group->specifier == SPECIFIER_SUBTREE))
			return true;
	}
	return false;
}

static bool group_names(const struct lemo_notify_groups *g,
			const struct group *group,
			const struct lemo_mailbox_facts *f)
{
	switch (group->specifier) {
	case SPECIFIER_INBOXES:
		/* RFC 5465 6.3: which mailboxes Sieve may file into cannot be
		   told */
	case SPECIFIER_PERSONAL:
		return f->personal;
	case SPECIFIER_SUBSCRIBED:
		return f->subscribed;
	default:
		return group_has_mailbox(g, group, f);
	}
}

lemo_event_mask_t lemo_notify_groups_events(const struct lemo_notify_groups *g,
					    const struct lemo_mailbox_facts *f)
{
	lemo_event_mask_t events = 0;
	unsigned int i;

	for (i = 0; i < g->groups_count; i++) {
		if (!group_names(g, &g->groups[i], f))
			continue;
		if (g->groups[i].events == 0)
			return 0;
		events |= g->groups[i].events;
	}
	return events;
}

lemo_event_mask_t lemo_notify_groups_any(const struct lemo_notify_groups *g)
{
	lemo_event_mask_t events = 0;
	unsigned int i;

	for (i = 0; i < g->groups_count; i++)
		events |= g->groups[i].events;
	return events;
}

const char *lemo_notify_groups_mailbox(const struct lemo_notify_groups *g,
				       unsigned int n)
{
	return n < g->mailboxes_count ? g->mailboxes[n] : NULL;
}
