#define _GNU_SOURCE
#include "crash/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "crash/name.h"
#include "record/text.h"
#include "store/store.h"
#include "system/owner.h"

/* How many names are tried. */
#define TRIES 100000

static int
ends_in(const char *name, const char *suffix, size_t len)
{
	size_t n = strlen(name);

	return n > len && name[n - len - 1] == '.' && memcmp(name + n - len, suffix, len) == 0;
}

void
claim_own_name(char out[NAME_MAX + 1], const char *name, const char *suffix)
{
	int taken = ends_in(name, "small", 5);

	/* The file X.gz.age, and the part X.gz.partial, would be those of a dump X.gz. */
	if (suffix != NULL) {
		const char *first = strchr(suffix, '.'), *last = strrchr(suffix, '.');

		taken |= ends_in(name, suffix, strlen(suffix));
		if (first != NULL)
			taken |= ends_in(name, suffix, (size_t)(first - suffix)) |
			    ends_in(name, suffix, (size_t)(last - suffix));
	}
	snprintf(out, NAME_MAX + 1, "%s%s", name, taken ? "_" : "");
}

void
claim_owner(struct claim *c, struct begun *b, FILE *log)
{
	c->owner = (struct record_owner){ (uid_t)-1, (gid_t)-1, b->mode };
	if (*b->owner == '\0' || owner_parse(b->owner, &c->owner.uid, &c->owner.gid) == 0)
		return;
	text_print(log, "log=%s/%s.txt: no record can be made: %s: no such user or group\n",
	    c->shown, b->name, b->owner);
	b->owner = "";
	b->mode = 0600;
	c->owner = (struct record_owner){ (uid_t)-1, (gid_t)-1, 0600 };
}

/* Whether any file of a dump of that name is in the directory. */
static int
is_taken(int dir, const char *name, const char *suffix)
{
	static const char *const forms[] = { "%s.txt", "%s.%s", ("%s.%s" STORE_PARTIAL),
		"%s.small.%s" };
	char file[NAME_MAX + 1];
	struct stat st;

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if ((size_t)snprintf(file, sizeof(file), forms[i], name, suffix) < sizeof(file) &&
		    fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 1;
	return 0;
}

/* Stores the record under the first free name; 0, or -1 with errno. */
static int
store_first(const struct claim *c, const struct record_owner *owner, struct begun *b)
{
	int dir = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC),
	    flags = c->flags == CLAIM_SYNC ? STORE_SYNC : 0, rc = -1;
	char base[NAME_MAX + 1];

	strcpy(base, b->name);
	for (int i = 0; i < TRIES; i++) {
		if (i > 0 && snprintf(b->name, sizeof(b->name), "%s-%d", base, i) > NAME_MAX) {
			errno = ENAMETOOLONG;
			break;
		}
		if (dir >= 0 && is_taken(dir, b->name, c->suffix != NULL ? c->suffix : "gz")) {
			errno = EEXIST;
			continue;
		}
		rc = record_file_put(c->dir, b->name, b->record, owner, c->spare, flags);
		/* Another may have been faster. */
		if (rc == 0 || errno != EEXIST)
			break;
	}
	if (dir >= 0) {
		int saved = errno;

		io_close(dir);
		errno = saved;
	}
	return rc;
}

/*
 * Names a dump that has no record yet: a name that others may have or get would be taken for theirs
 * when the record is ended and the dump is given away.
 */
static void
name_unclaimed(struct begun *b, const char *base)
{
	uint64_t n = 0;

	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		n = (uint64_t)getpid();
	/* No longer than a name that fits, with what stands behind it in the names of files. */
	snprintf(b->name, sizeof(b->name), "%.*s-%016" PRIx64, NAME_BYTES - 17, base, n);
	b->heir[0] = '\0';
}

enum begin_verdict
claim_name(const struct claim *c, struct begun *b, FILE *log)
{
	const struct record_owner plain = { (uid_t)-1, (gid_t)-1, 0600 };
	char base[NAME_MAX + 1];

	strcpy(base, b->name);
	if (store_first(c, &c->owner, b) == 0)
		return BEGIN_STORE;
	if (c->spare > 0 && (errno == ENOSPC || errno == EDQUOT)) {
		strcpy(b->name, base);
		return BEGIN_ROOM;
	}
	text_print(log, "log=%s/%s.txt: no record can be made: %s\n", c->shown, base,
	    strerror(errno));
	strcpy(b->name, base);
	b->owner = "";
	b->mode = 0600;
	if (store_first(c, &plain, b) == 0)
		return BEGIN_STORE;
	name_unclaimed(b, base);
	return BEGIN_FAILED;
}
