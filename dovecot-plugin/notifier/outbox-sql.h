/* Each SQL statement of the notifier: X(NAME, TEXT). Included by outbox.h for
   the names and by outbox.c for the texts; prepared once. */

X(BEGIN, "BEGIN IMMEDIATE")
X(COMMIT, "COMMIT")
X(ROLLBACK, "ROLLBACK")

X(META_SET, "INSERT INTO meta(name, value) VALUES(?1, ?2)"
	" ON CONFLICT(name) DO UPDATE SET value = excluded.value")
X(META_GET, "SELECT value FROM meta WHERE name = ?1")

/* seen ids, in order of arrival */
X(SEEN_ADD, "INSERT INTO seen(key, at) VALUES(?1, ?2)")
X(SEEN_LOAD, "SELECT key FROM seen ORDER BY n")
X(SEEN_OLDEST, "SELECT n, key, at FROM seen ORDER BY n LIMIT ?1")
X(SEEN_PURGE, "DELETE FROM seen WHERE n <= ?1")

X(DEVICE_ADD, "INSERT INTO device(uid, user, name, last_event)"
	" VALUES(?1, ?2, ?3, ?4)")
X(DEVICE_FIND, "SELECT id, subscription, disabled, last_event, last_sent,"
	" failing_since, last_result, held_back, budget_at, budget_tokens"
	" FROM device WHERE uid = ?1 AND user = ?2 AND name = ?3")
X(DEVICE_SUBSCRIBE, "UPDATE device SET subscription = ?2, disabled = 0,"
	" failing_since = 0 WHERE id = ?1")
X(DEVICE_SAVE, "UPDATE device SET disabled = ?2, last_event = ?3,"
	" last_sent = ?4, failing_since = ?5, last_result = ?6,"
	" held_back = ?7, budget_at = ?8, budget_tokens = ?9 WHERE id = ?1")
X(DEVICE_ENDPOINT, "SELECT gone, missing, missing_since, vapid FROM device"
	" WHERE id = ?1")
X(DEVICE_ENDPOINT_SAVE, "UPDATE device SET gone = ?2, missing = ?3,"
	" missing_since = ?4, vapid = ?5 WHERE id = ?1")
X(DEVICE_TOLD, "SELECT told FROM device WHERE id = ?1")
X(DEVICE_TOLD_SAVE, "UPDATE device SET told = max(told, ?2) WHERE id = ?1")
X(DEVICE_DELETE, "DELETE FROM device WHERE id = ?1")
/* but those that Sieve scripts have made (LEMO_NOTIFY_DEVICE_PREFIX) */
X(DEVICE_NAMES, "SELECT name FROM device WHERE uid = ?1 AND user = ?2"
	" AND name NOT GLOB 'sieve.*' ORDER BY last_event DESC")
X(DEVICE_SILENT, "SELECT id, user FROM device WHERE uid = ?1"
	" AND NOT EXISTS (SELECT 1 FROM pending WHERE device = device.id)"
	" AND NOT EXISTS (SELECT 1 FROM quiet WHERE device = device.id)"
	" ORDER BY last_event LIMIT ?2")
X(DEVICE_OF_USER, "SELECT uid, name FROM device WHERE user = ?1"
	" ORDER BY uid, name LIMIT 1000")
X(DEVICE_ENABLE_ALL, "UPDATE device SET disabled = 0, failing_since = 0"
	" WHERE disabled != 0 AND (?1 IS NULL OR user = ?1)")
X(DEVICE_COUNTS, "SELECT uid, COUNT(*) FROM device GROUP BY uid")

/* how often a user's Sieve scripts notified since the start of his day */
X(SIEVE_GET, "SELECT start, count FROM sieve WHERE uid = ?1 AND user = ?2")
X(SIEVE_SET, "INSERT INTO sieve(uid, user, start, count)"
	" VALUES(?1, ?2, ?3, ?4) ON CONFLICT(uid, user)"
	" DO UPDATE SET start = excluded.start, count = excluded.count")
X(SIEVE_PURGE, "DELETE FROM sieve WHERE rowid IN (SELECT rowid FROM sieve"
	" WHERE start <= ?1 LIMIT 10)")

/* the merged row of a device that waits or is in flight */
X(PENDING_ADD, "INSERT INTO pending(device, uid, origin, due, gen, tries,"
	" expires, events, class, event)"
	" VALUES(?1, ?2, ?3, ?4, 1, 0, ?5, 1, ?6, ?7)")
X(PENDING_HEAD, "SELECT gen, events, class, tries, due FROM pending"
	" WHERE device = ?1")
X(PENDING_GET, "SELECT device, gen, events, tries, expires, due, event, uid"
	" FROM pending WHERE device = ?1")
X(PENDING_MERGE, "UPDATE pending SET gen = ?2, events = ?3, expires = ?4,"
	" class = ?5, event = ?6, follow = NULL WHERE device = ?1")
X(PENDING_FOLLOW, "UPDATE pending SET gen = ?2, events = ?3, expires = ?4,"
	" follow = ?5 WHERE device = ?1")
X(PENDING_COUNT_UP, "UPDATE pending SET gen = ?2, events = ?3, expires = ?4"
	" WHERE device = ?1")
X(PENDING_MOVE, "UPDATE pending SET origin = ?2, due = ?3, gen = ?4"
	" WHERE device = ?1")
X(PENDING_RETRY, "UPDATE pending SET due = ?2, tries = ?3 WHERE device = ?1")
X(PENDING_REST, "UPDATE pending SET events = max(events - ?3, 1), tries = 0,"
	" due = ?2, class = ?4, event = CASE WHEN ?5 THEN follow ELSE event END,"
	" follow = NULL WHERE device = ?1")
X(PENDING_DELETE, "DELETE FROM pending WHERE device = ?1")
X(PENDING_DUE, "SELECT p.device, p.gen, p.events, p.tries, p.expires, p.due,"
	" p.event, p.uid, d.user, d.name FROM pending p"
	" JOIN device d ON d.id = p.device WHERE p.origin = ?1 AND p.due <= ?2"
	" AND (p.due, p.uid, p.device) > (?3, ?4, ?5)"
	" ORDER BY p.due, p.uid, p.device LIMIT ?6")
X(PENDING_NEXT_DUE, "SELECT due FROM pending WHERE origin = ?1 AND due > ?2"
	" ORDER BY due LIMIT 1")
X(PENDING_NEXT_ORIGIN, "SELECT origin, due FROM pending WHERE origin > ?1"
	" ORDER BY origin, due LIMIT 1")
X(PENDING_COUNTS, "SELECT uid, COUNT(*) FROM pending GROUP BY uid")
X(PENDING_OLDEST, "SELECT MIN(expires) FROM"
	" (SELECT expires FROM pending LIMIT 10000)")
X(PENDING_LIST, "SELECT d.uid, d.user, d.name, p.tries, p.due, p.expires,"
	" d.last_result, d.subscription FROM pending p"
	" JOIN device d ON d.id = p.device"
	" WHERE ?1 IS NULL OR d.user = ?1 LIMIT 1000")
X(PENDING_RETRY_ALL, "UPDATE pending SET due = ?1 WHERE due > ?1")
X(PENDING_RETRY_USER, "UPDATE pending SET due = ?1 WHERE due > ?1 AND"
	" device IN (SELECT id FROM device WHERE user = ?2)")

/* what quiet hours hold back, and when those end */
X(HELD_ADD, "INSERT INTO held(device, mailbox, uid, class, events, event)"
	" VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
X(HELD_MERGE, "UPDATE held SET events = events + ?3, event = ?4"
	" WHERE device = ?1 AND mailbox = 0 AND uid = 0 AND class = ?2")
X(HELD_COUNT, "SELECT COUNT(*), COALESCE(SUM(events), 0) FROM held"
	" WHERE device = ?1")
X(HELD_COUNTS, "SELECT d.uid, COUNT(*) FROM held h"
	" JOIN device d ON d.id = h.device GROUP BY d.uid")
X(HELD_UIDS, "SELECT uid FROM held WHERE device = ?1 AND mailbox = ?2"
	" AND uid != 0")
X(HELD_REMOVE, "DELETE FROM held WHERE device = ?1 AND mailbox = ?2"
	" AND uid = ?3")
X(HELD_LINES, "SELECT event FROM held WHERE device = ?1 AND uid != 0")
X(HELD_LATEST, "SELECT event FROM held WHERE device = ?1 AND uid != 0"
	" ORDER BY n DESC LIMIT ?2")
X(HELD_SPEAKER, "SELECT event, class FROM held WHERE device = ?1"
	" ORDER BY class DESC, n DESC LIMIT 1")
X(HELD_DELETE, "DELETE FROM held WHERE device = ?1")
X(QUIET_SET, "INSERT INTO quiet(device, due) VALUES(?1, ?2)"
	" ON CONFLICT(device) DO UPDATE SET due = excluded.due")
X(QUIET_NEXT, "SELECT MIN(due) FROM quiet")
X(QUIET_DUE, "SELECT q.device, d.uid, d.user, d.name FROM quiet q"
	" LEFT JOIN device d ON d.id = q.device WHERE q.due <= ?1"
	" ORDER BY q.due LIMIT ?2")
X(QUIET_WAKE, "UPDATE quiet SET due = ?1")
X(QUIET_DELETE, "DELETE FROM quiet WHERE device = ?1")
X(QUIET_LIST, "SELECT d.uid, d.user, d.name, 0, q.due, q.due, 'quiet hours',"
	" d.subscription FROM quiet q JOIN device d ON d.id = q.device"
	" WHERE ?1 IS NULL OR d.user = ?1 LIMIT 1000")

/* the admin's feed; due is NULL behind an earlier row of the same user */
X(FEED_ADD, "INSERT INTO feed(uid, user, origin, due, tries, expires, event)"
	" VALUES(?1, ?2, ?3, ?4, 0, ?5, ?6)")
X(FEED_COUNT, "SELECT COUNT(*) FROM feed WHERE uid = ?1 AND user = ?2")
X(FEED_DUE, "SELECT seq, tries, expires, due, event, uid, user FROM feed"
	" WHERE origin = ?1 AND due <= ?2 AND (due, seq) > (?3, ?4)"
	" ORDER BY due, seq LIMIT ?5")
X(FEED_NEXT_DUE, "SELECT due FROM feed WHERE origin = ?1 AND due > ?2"
	" ORDER BY due LIMIT 1")
X(FEED_NEXT_ORIGIN, "SELECT origin, due FROM feed WHERE origin > ?1"
	" AND due IS NOT NULL ORDER BY origin, due LIMIT 1")
X(FEED_RETRY, "UPDATE feed SET due = ?2, tries = ?3 WHERE seq = ?1")
X(FEED_DELETE, "DELETE FROM feed WHERE seq = ?1")
X(FEED_ADVANCE, "UPDATE feed SET due = ?3 WHERE seq ="
	" (SELECT MIN(seq) FROM feed WHERE uid = ?1 AND user = ?2)")
X(FEED_COUNTS, "SELECT uid, COUNT(*) FROM feed GROUP BY uid")
X(FEED_OLDEST, "SELECT expires FROM feed ORDER BY seq LIMIT 1")
X(FEED_LIST, "SELECT uid, user, origin, tries, due, expires FROM feed"
	" WHERE ?1 IS NULL OR user = ?1 ORDER BY seq LIMIT 1000")
X(FEED_RETRY_ALL, "UPDATE feed SET due = ?1 WHERE due > ?1"
	" AND (?2 IS NULL OR user = ?2)")
X(FEED_UIDS, "SELECT uid, COUNT(*) FROM feed WHERE user = ?1 GROUP BY uid")
X(FEED_EXPORT, "SELECT event, tries FROM feed WHERE uid = ?1 AND user = ?2"
	" ORDER BY seq LIMIT 1000")
X(FEED_PURGE, "DELETE FROM feed WHERE user = ?1")

/* which messages rang which device; the log is folded into the table now and
   then, because an append dirties one page and a random insert one each */
X(RANG_LOG_ADD, "INSERT INTO rang_log(device, mailbox, uid, ring, at)"
	" VALUES(?1, ?2, ?3, ?4, ?5)")
X(RANG_LOG_LOAD, "SELECT device, mailbox, uid, ring, at FROM rang_log"
	" ORDER BY n")
X(RANG_FOLD, "INSERT OR REPLACE INTO rang(device, mailbox, uid, ring, at)"
	" SELECT device, mailbox, uid, ring, at FROM rang_log"
	" ORDER BY device, mailbox, uid, n")
X(RANG_TRIM, "DELETE FROM rang WHERE device = ?1 AND at < (SELECT at FROM"
	" rang WHERE device = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)")
X(RANG_LOG_EMPTY, "DELETE FROM rang_log")
X(RANG_UIDS, "SELECT uid FROM rang WHERE device = ?1 AND mailbox = ?2")
X(RANG_RINGS, "SELECT ring FROM rang WHERE device = ?1 AND at > ?2"
	" ORDER BY at DESC LIMIT ?3")
X(RANG_REMOVE, "DELETE FROM rang WHERE device = ?1 AND mailbox = ?2"
	" AND uid = ?3")
X(RANG_LOG_REMOVE, "DELETE FROM rang_log WHERE device = ?1 AND mailbox = ?2"
	" AND uid = ?3")
X(RANG_LIST, "SELECT mailbox, uid, at FROM rang WHERE device = ?1"
	" UNION SELECT mailbox, uid, at FROM rang_log WHERE device = ?1"
	" ORDER BY at")
X(RANG_DELETE, "DELETE FROM rang WHERE device = ?1")
X(RANG_LOG_DELETE, "DELETE FROM rang_log WHERE device = ?1")

/* messages that cost money, by day */
X(SMS_COUNT, "SELECT count FROM sms WHERE day = ?1 AND uid = ?2"
	" AND user = ?3")
X(SMS_TAKE, "INSERT INTO sms(day, uid, user, count, at)"
	" VALUES(?1, ?2, ?3, 1, ?5)"
	" ON CONFLICT(day, uid, user) DO UPDATE SET count = count + 1, at = ?5"
	" WHERE count < ?4")
X(SMS_REFUND, "UPDATE sms SET count = count - 1 WHERE day = ?1 AND count > 0"
	" AND ((uid = ?2 AND user = ?3) OR (uid = -1 AND user = ''))")
X(SMS_PURGE, "DELETE FROM sms WHERE at < ?1")
