#include "lib.h"
#include "hash.h"
#include "llist.h"
#include "net.h"
#include "str.h"
#include "http-pins.h"

#include "lemo-banned.h"

struct http_pin {
	struct http_pin *prev, *next; /* least recently used first */
	char *key; /* host:port */
	unsigned int generation;
};

struct http_pins {
	HASH_TABLE(char *, struct http_pin *) table;
	struct http_pin *head, *tail;
	unsigned int max;
};

static void http_pin_free(struct http_pins *pins, struct http_pin *pin)
{
	DLLIST2_REMOVE(&pins->head, &pins->tail, pin);
	hash_table_remove(pins->table, pin->key);
	i_free(pin->key);
	i_free(pin);
}

static struct curl_slist *
http_pins_entry(pool_t pool, const char *text, struct curl_slist *next)
{
	struct curl_slist *entry = p_new(pool, struct curl_slist, 1);

	entry->data = p_strdup(pool, text);
	entry->next = next;
	return entry;
}

static const char *http_pin_text(const char *key, const struct ip_addr *ips,
				 unsigned int ips_count)
{
	string_t *str = t_str_new(128);
	unsigned int i;

	str_append(str, key);
	for (i = 0; i < ips_count; i++) {
		str_append_c(str, i == 0 ? ':' : ',');
		if (ips[i].family == AF_INET6)
			str_printfa(str, "[%s]", net_ip2addr(&ips[i]));
		else
			str_append(str, net_ip2addr(&ips[i]));
	}
	return str_c(str);
}

static struct http_pin *http_pin_get(struct http_pins *pins, const char *key)
{
	struct http_pin *pin = hash_table_lookup(pins->table, key);

	if (pin == NULL) {
		pin = i_new(struct http_pin, 1);
		pin->key = i_strdup(key);
		hash_table_insert(pins->table, pin->key, pin);
	} else {
		DLLIST2_REMOVE(&pins->head, &pins->tail, pin);
	}
	DLLIST2_APPEND(&pins->head, &pins->tail, pin);
	return pin;
}

struct curl_slist *
http_pins_set(struct http_pins *pins, pool_t pool, const char *host,
	      in_port_t port, const struct ip_addr *ips,
	      unsigned int ips_count, unsigned int generation)
{
	struct curl_slist *list = NULL;
	struct http_pin *pin;
	const char *key;

	key = t_strdup_printf("%s:%u", host, port);
	pin = http_pin_get(pins, key);
	if (pin->generation == generation)
		return NULL;
	pin->generation = generation;
	list = http_pins_entry(pool, http_pin_text(key, ips, ips_count), list);
	if (hash_table_count(pins->table) > pins->max) {
		/* taken out along with this request */
		list = http_pins_entry(pool, t_strconcat("-", pins->head->key,
							 NULL), list);
		http_pin_free(pins, pins->head);
	}
	return list;
}

struct http_pins *http_pins_init(unsigned int max)
{
	struct http_pins *pins = i_new(struct http_pins, 1);

	pins->max = max;
	hash_table_create(&pins->table, default_pool, 0, str_hash, strcmp);
	return pins;
}

void http_pins_deinit(struct http_pins **_pins)
{
	struct http_pins *pins = *_pins;

	*_pins = NULL;
	while (pins->head != NULL)
		http_pin_free(pins, pins->head);
	hash_table_destroy(&pins->table);
	i_free(pins);
}
