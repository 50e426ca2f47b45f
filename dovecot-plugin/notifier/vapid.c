#include "lib.h"
#include "ioloop.h"
#include "safe-memset.h"
#include "lemonade-names.h"
#include "state-dir.h"
#include "vapid.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tokens that are remembered: more than there are push services. */
#define TOKENS_MAX 1024
#define NO_CONTACT "lemonade_contact is not set: push services are to be " \
	"told a mailto: or https: URL"

struct vapid {
	struct event *event;
	char *path, *public_path;
	/* NULL: see error */
	struct lemo_vapid_keys *keys;
	char *error;
	/* NULL without a contact */
	struct lemo_vapid_cache *tokens;
};

static const char *parse_error(const char *error, unsigned int block)
{
	return block == 0 ? t_strdup_printf("the file %s", error) :
		t_strdup_printf("block %u %s", block, error);
}

static int parse_keys(const char *pem, size_t size,
		      struct lemo_vapid_keys **keys_r, const char **error_r)
{
	const char *error;
	unsigned int block;

	if (lemo_vapid_keys_parse(pem, size, keys_r, &error, &block) == 0)
		return 0;
	*error_r = parse_error(error, block);
	return -1;
}

/* What the admin put there may have any mode. */
static void close_to_others(struct vapid *vapid, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (st.st_mode & 077) != 0 &&
	    fchmod(fd, 0600) == 0) {
		e_warning(vapid->event, "%s could be read by others (mode "
			  "%04o): mode is 0600 now", vapid->path,
			  (unsigned int)(st.st_mode & 07777));
	}
}

static const char *read_error(const struct vapid *vapid)
{
	return t_strdup_printf("reading %s failed: %m%s", vapid->path,
		errno == EACCES ? ": it must belong to lemonade_user" : "");
}

/* Returns 1, 0 if there is no file, -1 with *error_r. */
static int read_keys(struct vapid *vapid, const char **error_r)
{
	char buf[LEMO_VAPID_FILE_MAX + 1];
	ssize_t size;
	int fd, ret;

	fd = open(vapid->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1 && errno == ENOENT)
		return 0;
	size = fd == -1 ? -1 : read(fd, buf, sizeof(buf));
	if (size < 0) {
		*error_r = read_error(vapid);
		i_close_fd(&fd);
		return -1;
	}
	close_to_others(vapid, fd);
	i_close_fd(&fd);
	ret = parse_keys(buf, size, &vapid->keys, error_r);
	safe_memset(buf, 0, sizeof(buf));
	if (ret == 0)
		return 1;
	*error_r = t_strdup_printf("%s: %s: restore it from a backup and "
				   "reload Dovecot", vapid->path, *error_r);
	return -1;
}

static int write_keys(const struct vapid *vapid,
		      const struct lemo_vapid_keys *keys, const char **error_r)
{
	struct lemo_buf buf;
	int ret;

	lemo_buf_init(&buf, LEMO_VAPID_FILE_MAX);
	ret = lemo_vapid_keys_format(keys, &buf);
	if (ret < 0)
		*error_r = "keys cannot be written as PEM";
	else {
		ret = state_dir_write(vapid->path, buf.data, buf.len, 0600,
				      error_r);
	}
	if (buf.data != NULL)
		safe_memset(buf.data, 0, buf.size);
	lemo_buf_free(&buf);
	return ret;
}

/* Already there: nothing to do on a file system that is read-only now. */
static bool is_published(const struct vapid *vapid, const char *line)
{
	char buf[LEMO_VAPID_PUBLIC_LEN + 2];
	ssize_t size;
	int fd;

	fd = open(vapid->public_path,
		  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size = fd == -1 ? -1 : read(fd, buf, sizeof(buf));
	i_close_fd(&fd);
	return size == (ssize_t)strlen(line) && memcmp(buf, line, size) == 0;
}

static int publish(const struct vapid *vapid, const char **error_r)
{
	const char *line = t_strconcat(lemo_vapid_key_public(
		lemo_vapid_keys_get(vapid->keys, 0)), "\n", NULL);

	if (is_published(vapid, line))
		return 0;
	return state_dir_write(vapid->public_path, line, strlen(line), 0644,
			       error_r);
}

/* Writes keys and takes them over; on failure they are freed. */
static int change_keys(struct vapid *vapid, struct lemo_vapid_keys *keys,
		       const char **error_r)
{
	if (write_keys(vapid, keys, error_r) < 0) {
		lemo_vapid_keys_free(&keys);
		return -1;
	}
	lemo_vapid_keys_free(&vapid->keys);
	vapid->keys = keys;
	if (publish(vapid, error_r) == 0)
		return 0;
	*error_r = t_strdup_printf("the keys are stored, but the first is not "
		"published before the next start: %s", *error_r);
	return -1;
}

static struct lemo_vapid_keys *make_key(const char **error_r)
{
	struct lemo_vapid_keys *keys = lemo_vapid_keys_generate();

	if (keys == NULL)
		*error_r = "libcrypto cannot make a key";
	return keys;
}

static int load(struct vapid *vapid, const char **error_r)
{
	struct lemo_vapid_keys *keys;
	int ret = read_keys(vapid, error_r);

	if (ret < 0)
		return -1;
	if (ret > 0)
		return publish(vapid, error_r);
	keys = make_key(error_r);
	if (keys == NULL || change_keys(vapid, keys, error_r) < 0)
		return -1;
	/* if there was one it is lost, and the phones with it */
	e_info(vapid->event, "Made a key for Web Push: back up %s",
	       vapid->path);
	return 0;
}

struct vapid *vapid_init(struct event *event, const char *dir,
			 const char *contact)
{
	struct vapid *vapid = i_new(struct vapid, 1);
	const char *error;

	vapid->event = event;
	vapid->path = i_strconcat(dir, "/"STATE_VAPID_NAME, NULL);
	vapid->public_path = i_strconcat(dir, "/"LEMONADE_VAPID_PUBLIC_NAME,
					 NULL);
	if (*contact != '\0')
		vapid->tokens = lemo_vapid_cache_init(contact, TOKENS_MAX);
	if (load(vapid, &error) < 0) {
		e_error(event, "VAPID keys: %s", error);
		vapid->error = i_strdup(error);
		/* nobody is to subscribe with a key that does not sign */
		if (vapid->keys == NULL)
			i_unlink_if_exists(vapid->public_path);
	}
	return vapid;
}

void vapid_deinit(struct vapid **_vapid)
{
	struct vapid *vapid = *_vapid;

	*_vapid = NULL;
	lemo_vapid_cache_deinit(&vapid->tokens);
	lemo_vapid_keys_free(&vapid->keys);
	i_free(vapid->error);
	i_free(vapid->public_path);
	i_free(vapid->path);
	i_free(vapid);
}

const struct lemo_vapid_keys *
vapid_keys(const struct vapid *vapid, const char **error_r)
{
	if (vapid->keys == NULL)
		*error_r = vapid->error;
	return vapid->keys;
}

const struct lemo_vapid_key *
vapid_first(const struct vapid *vapid, const char **error_r)
{
	const struct lemo_vapid_keys *keys = vapid_keys(vapid, error_r);

	return keys == NULL ? NULL : lemo_vapid_keys_get(keys, 0);
}

const struct lemo_vapid_key *
vapid_find(const struct vapid *vapid, const char *public, const char **error_r)
{
	const struct lemo_vapid_keys *keys = vapid_keys(vapid, error_r);
	const struct lemo_vapid_key *key;

	if (keys == NULL)
		return NULL;
	key = lemo_vapid_keys_find(keys, public);
	if (key == NULL)
		*error_r = "made with a VAPID key that is not ours";
	return key;
}

const char *vapid_authorization(struct vapid *vapid,
				const struct lemo_vapid_key *key,
				const char *origin, const char **error_r)
{
	const char *value;

	if (vapid->tokens == NULL) {
		*error_r = NO_CONTACT;
		return NULL;
	}
	value = lemo_vapid_cache_get(vapid->tokens, key, origin, ioloop_time);
	if (value == NULL)
		*error_r = "cannot be signed with the VAPID key";
	return value;
}

/* Takes first over. */
static int put_before(struct vapid *vapid, struct lemo_vapid_keys *first,
		      const char **error_r)
{
	struct lemo_vapid_keys *keys;
	const char *error;

	keys = lemo_vapid_keys_join(first, vapid->keys, &error);
	lemo_vapid_keys_free(&first);
	if (keys != NULL)
		return change_keys(vapid, keys, error_r);
	*error_r = t_strdup_printf("%s: take one that no device uses any more "
		"out of %s and reload Dovecot", error, vapid->path);
	return -1;
}

int vapid_rotate(struct vapid *vapid, const char **error_r)
{
	struct lemo_vapid_keys *first = NULL;

	if (vapid_keys(vapid, error_r) != NULL)
		first = make_key(error_r);
	return first == NULL ? -1 : put_before(vapid, first, error_r);
}

int vapid_import(struct vapid *vapid, const char *pem, size_t size,
		 const char **error_r)
{
	struct lemo_vapid_keys *first;

	if (vapid_keys(vapid, error_r) == NULL ||
	    parse_keys(pem, size, &first, error_r) < 0)
		return -1;
	return put_before(vapid, first, error_r);
}
