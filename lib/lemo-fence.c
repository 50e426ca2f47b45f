#include "lemo-fence.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "lemo-banned.h"

struct net {
	uint8_t addr[16];
	unsigned char bits;
};

#define N_ELEMENTS(arr) (sizeof(arr) / sizeof((arr)[0]))

/* IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast and 240/4 */
static const struct net denied_v4[] = {
	{ { 0 }, 8 },              /* this network */
	{ { 10 }, 8 },
	{ { 100, 64 }, 10 },       /* CGNAT */
	{ { 127 }, 8 },
	{ { 169, 254 }, 16 },      /* link-local, cloud metadata */
	{ { 172, 16 }, 12 },
	{ { 192, 0, 0 }, 24 },     /* protocol assignments */
	{ { 192, 0, 2 }, 24 },     /* documentation */
	{ { 192, 88, 99 }, 24 },   /* 6to4 relays */
	{ { 192, 168 }, 16 },
	{ { 198, 18 }, 15 },       /* benchmarks */
	{ { 198, 51, 100 }, 24 },  /* documentation */
	{ { 203, 0, 113 }, 24 },   /* documentation */
	{ { 224 }, 4 },            /* multicast */
	{ { 240 }, 4 }             /* reserved, broadcast */
};

/* Within 2000::/3 */
static const struct net denied_v6[] = {
	{ { 0x20, 0x01 }, 23 },                   /* Teredo, benchmarks, ... */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },       /* documentation */
	{ { 0x20, 0x02 }, 16 },                   /* 6to4 */
	{ { 0x3f, 0xff }, 20 }                    /* documentation */
};
static const struct net global_v6 = { { 0x20 }, 3 };

/* These carry an IPv4 address in their last four octets. */
static const struct net mapped_v4 = {
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96
};
static const struct net nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };

static bool in_net(const uint8_t *addr, const struct net *net)
{
	unsigned int octets = net->bits / 8, rest = net->bits % 8;

	if (memcmp(addr, net->addr, octets) != 0)
		return false;
	return rest == 0 ||
		((addr[octets] ^ net->addr[octets]) >> (8 - rest)) == 0;
}

static bool in_nets(const uint8_t *addr, const struct net *nets, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (in_net(addr, &nets[i]))
			return true;
	}
	return false;
}

bool lemo_fence_allows(const uint8_t *addr, size_t len)
{
	if (len == 16 && (in_net(addr, &mapped_v4) || in_net(addr, &nat64))) {
		addr += 12;
		len = 4;
	}
	if (len == 4)
		return !in_nets(addr, denied_v4, N_ELEMENTS(denied_v4));
	return len == 16 && in_net(addr, &global_v6) &&
		!in_nets(addr, denied_v6, N_ELEMENTS(denied_v6));
}

bool lemo_fence_port_allowed(uint16_t port)
{
	return port == 443 || port == 8443;
}

/* One entry of the list. */
struct entry {
	const char *name;   /* host as written, without [] */
	size_t name_len;
	size_t addr_len;    /* 0: not an address */
	struct net net;     /* a single address is a net of its own */
	unsigned int port;  /* 0: any */
};

/* Octets of the address in str[len], 0 if it is none. */
static size_t parse_addr(const char *str, size_t len, uint8_t addr_r[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (len >= sizeof(copy))
		return 0;
	memcpy(copy, str, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, addr_r) == 1)
		return 4;
	return inet_pton(AF_INET6, copy, addr_r) == 1 ? 16 : 0;
}

/* Decimal from min to max, nothing else up to end. */
static bool parse_number(const char *str, const char *end, unsigned int min,
			 unsigned int max, unsigned int *num_r)
{
	unsigned int num = 0;

	if (str == end)
		return false;
	for (; str < end; str++) {
		if (*str < '0' || *str > '9')
			return false;
		num = num * 10 + (*str - '0');
		if (num > max)
			return false;
	}
	*num_r = num;
	return num >= min;
}

/* Where the host ends: at "]", "/", or the only ":". */
static const char *host_end(const char *str, const char *end, bool *brackets_r)
{
	const char *slash = memchr(str, '/', end - str);
	const char *colon = memchr(str, ':', end - str);

	*brackets_r = *str == '[';
	if (*brackets_r)
		return memchr(str, ']', end - str);
	if (slash != NULL)
		return slash;
	if (colon != NULL && memchr(colon + 1, ':', end - colon - 1) == NULL)
		return colon;
	return end;
}

static bool parse_suffix(const char *str, const char *end, struct entry *entry)
{
	unsigned int bits = entry->addr_len * 8;
	bool ok = true;

	if (str < end && *str == ':')
		ok = parse_number(str + 1, end, 1, UINT16_MAX, &entry->port);
	else if (str < end) {
		ok = *str == '/' && entry->addr_len > 0 &&
			parse_number(str + 1, end, 0, bits, &bits);
	}
	entry->net.bits = bits;
	return ok;
}

static bool name_is_valid(const struct entry *entry)
{
	size_t i;

	for (i = 0; i < entry->name_len; i++) {
		char c = entry->name[i] | 0x20;

		if ((c < 'a' || c > 'z') && strchr("0123456789-._",
						   entry->name[i]) == NULL)
			return false;
	}
	return entry->name_len > 0;
}

static bool parse_entry(const char *str, size_t len, struct entry *entry_r)
{
	const char *end = str + len, *stop;
	bool brackets;

	memset(entry_r, 0, sizeof(*entry_r));
	stop = host_end(str, end, &brackets);
	if (stop == NULL)
		return false;
	entry_r->name = brackets ? str + 1 : str;
	entry_r->name_len = stop - entry_r->name;
	entry_r->addr_len = parse_addr(entry_r->name, entry_r->name_len,
				       entry_r->net.addr);
	if (entry_r->addr_len == 0 && (brackets || !name_is_valid(entry_r)))
		return false;
	return parse_suffix(brackets ? stop + 1 : stop, end, entry_r);
}

/* What is asked. */
struct target {
	const char *host;
	uint16_t port;
	uint8_t addr[16];
	size_t addr_len; /* 0: not known */
};

static void target_init(struct target *target, const char *host, uint16_t port,
			const uint8_t *addr, size_t addr_len)
{
	memset(target, 0, sizeof(*target));
	target->host = host;
	target->port = port;
	if (addr == NULL) {
		target->addr_len = parse_addr(host, strlen(host),
					      target->addr);
	} else if (addr_len <= sizeof(target->addr)) {
		memcpy(target->addr, addr, addr_len);
		target->addr_len = addr_len;
	}
	if (target->addr_len == 16 && in_net(target->addr, &mapped_v4)) {
		memmove(target->addr, target->addr + 12, 4);
		target->addr_len = 4;
	}
}

static bool entry_matches(const struct entry *entry,
			  const struct target *target)
{
	if (entry->port != 0 && entry->port != target->port)
		return false;
	if (entry->addr_len > 0) {
		return entry->addr_len == target->addr_len &&
			in_net(target->addr, &entry->net);
	}
	return strlen(target->host) == entry->name_len &&
		strncasecmp(target->host, entry->name, entry->name_len) == 0;
}

#define SEPARATORS " ,\t"

bool lemo_fence_listed(const char *list, const char *host, uint16_t port,
		       const uint8_t *addr, size_t addr_len)
{
	struct target target;
	struct entry entry;
	size_t len;

	target_init(&target, host, port, addr, addr_len);
	for (list += strspn(list, SEPARATORS); *list != '\0';
	     list += strspn(list, SEPARATORS)) {
		len = strcspn(list, SEPARATORS);
		if (parse_entry(list, len, &entry) &&
		    entry_matches(&entry, &target))
			return true;
		list += len;
	}
	return false;
}

int lemo_fence_list_check(const char *list, const char **error_r,
			  size_t *pos_r)
{
	const char *pos = list;
	struct entry entry;
	size_t len;

	for (pos += strspn(pos, SEPARATORS); *pos != '\0';
	     pos += strspn(pos, SEPARATORS)) {
		len = strcspn(pos, SEPARATORS);
		if (!parse_entry(pos, len, &entry)) {
			*error_r = "must be host, host:port, 192.0.2.0/24 "
				"or [2001:db8::1]:port";
			*pos_r = pos - list;
			return -1;
		}
		pos += len;
	}
	return 0;
}
