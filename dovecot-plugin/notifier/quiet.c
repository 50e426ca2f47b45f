#include "lib.h"
#include "hash.h"
#include "lemo-importance.h"
#include "lemo-quiet.h"
#include "lemonade-zoneinfo.h"
#include "notifier.h"
#include "notify-clock.h"
#include "quiet.h"
#include "target.h"

/* Zones in memory; IANA has some 600. */
#define ZONES_MAX 1000
/* How often it is looked whether a zone's file is still the same. */
#define ZONE_CHECK_MSECS (60 * 1000)
/* Lines about zones that cannot be read. */
#define WARN_MSECS (60 * 1000)

struct quiet_zone {
	char *name;
	/* NULL: cannot be read */
	struct lemonade_zone *zone;
	int64_t checked; /* outbox time */
};

struct quiet {
	struct notifier *notifier;
	HASH_TABLE(char *, struct quiet_zone *) zones;
	int64_t last_warning; /* outbox time, 0 = never */
};

struct quiet *quiet_init(struct notifier *notifier)
{
	struct quiet *quiet = i_new(struct quiet, 1);

	quiet->notifier = notifier;
	hash_table_create(&quiet->zones, default_pool, 0, str_hash, strcmp);
	return quiet;
}

static void zones_forget(struct quiet *quiet)
{
	struct hash_iterate_context *iter;
	struct quiet_zone *qzone;
	char *name;

	iter = hash_table_iterate_init(quiet->zones);
	while (hash_table_iterate(iter, quiet->zones, &name, &qzone)) {
		i_free(qzone->zone);
		i_free(qzone->name);
		i_free(qzone);
	}
	hash_table_iterate_deinit(&iter);
	hash_table_clear(quiet->zones, FALSE);
}

void quiet_deinit(struct quiet **_quiet)
{
	struct quiet *quiet = *_quiet;

	*_quiet = NULL;
	zones_forget(quiet);
	hash_table_destroy(&quiet->zones);
	i_free(quiet);
}

static void zone_warn(struct quiet *quiet, const char *name, const char *error)
{
	int64_t now = notify_clock_msecs();

	if (quiet->last_warning != 0 &&
	    now < quiet->last_warning + WARN_MSECS)
		return;
	quiet->last_warning = now;
	e_warning(quiet->notifier->event, "time zone %s: %s/%s: %s: devices "
		  "with quiet hours of this zone ring at any time (is the "
		  "package tzdata installed?)", name, LEMONADE_ZONEINFO_DIR,
		  name, error);
}

static void zone_read(struct quiet *quiet, struct quiet_zone *qzone)
{
	const char *error;

	i_free(qzone->zone);
	qzone->zone = lemonade_zone_read(qzone->name, &error);
	if (qzone->zone == NULL)
		zone_warn(quiet, qzone->name, error);
}

static void zone_check(struct quiet *quiet, struct quiet_zone *qzone)
{
	int64_t now = notify_clock_msecs();

	if (qzone->checked != 0 && now < qzone->checked + ZONE_CHECK_MSECS)
		return;
	qzone->checked = now;
	if (qzone->zone == NULL ||
	    !lemonade_zone_is_current(qzone->zone, qzone->name))
		zone_read(quiet, qzone);
}

static const struct lemo_tzif *zone_get(struct quiet *quiet, const char *name)
{
	struct quiet_zone *qzone = hash_table_lookup(quiet->zones, name);

	if (qzone == NULL) {
		if (hash_table_count(quiet->zones) >= ZONES_MAX)
			zones_forget(quiet);
		qzone = i_new(struct quiet_zone, 1);
		qzone->name = i_strdup(name);
		hash_table_insert(quiet->zones, qzone->name, qzone);
	}
	T_BEGIN {
		zone_check(quiet, qzone);
	} T_END;
	return qzone->zone == NULL ? NULL : &qzone->zone->tz;
}

int64_t quiet_until(struct quiet *quiet, const struct target *target)
{
	const struct lemo_tzif *tz;
	int64_t end;

	if (target->sub->quiet == NULL)
		return 0;
	tz = zone_get(quiet, target->sub->quiet->zone);
	if (tz == NULL ||
	    !lemo_quiet_at(target->sub->quiet, tz,
			   notify_clock_wall_msecs() / 1000, &end))
		return 0;
	return end;
}

bool quiet_lets_pass(const struct lemo_subscription *sub,
		     const struct lemo_event *event)
{
	return sub->quiet != NULL && !sub->quiet->hold_urgent &&
		event->importance == LEMO_IMPORTANCE_HIGH;
}

int64_t quiet_holds(struct quiet *quiet, const struct target *target,
		    const struct lemo_event *event)
{
	return quiet_lets_pass(target->sub, event) ? 0 :
		quiet_until(quiet, target);
}
