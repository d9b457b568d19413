#define _GNU_SOURCE
#include "dumps/values.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/io.h"
#include "store/in_use.h"

/* What a record counts at least against DUMPS_OF_OTHERS, bytes. */
#define DUMPS_LEAST 1024

const char *
dump_words(enum dump_state state)
{
	static const char *const words[] = { "whole", "cut", "partial", "none", "open", "gone",
		"lost", "small" };

	return words[state];
}

int
dump_waits(const struct dump *d)
{
	return d->state != DUMP_OPEN && *d->sent == '\0' && !d->pending;
}

/*
 * Whether a record without an end is still to get one: its handler has it marked, or is about to.
 */
static int
open_still(int fd, const struct stat *st)
{
	time_t now = time(NULL);

	return in_use(fd) || (st->st_mtime <= now && now - st->st_mtime < DUMPS_FRESH);
}

/*
 * Reads a record, and its stat with the size that was read; NULL with errno, EINVAL when that is
 * none.
 */
static char *
read_text(int dir, const char *name, uint64_t *left, struct stat *st, int *open)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char *text = NULL;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	errno = EINVAL;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_size > 0 &&
	    st->st_size <= DUMPS_RECORD && (uint64_t)st->st_size <= *left &&
	    (text = malloc((size_t)st->st_size + 1)) != NULL)
		n = io_pread(fd, text, (size_t)st->st_size, 0);
	/* The smallest takes memory too. */
	if (n > 0 && *left != UINT64_MAX)
		*left -= (uint64_t)n + DUMPS_LEAST < *left ? (uint64_t)n + DUMPS_LEAST : *left;
	*open = n > 0 && open_still(fd, st);
	io_close(fd);
	/* The first line is the identity, the second says that this is a record. */
	if (n <= 0 || strncmp(text, "uuid=", 5) != 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	st->st_size = n;
	return text;
}

/*
 * Points the dump's strings at their values in the text, of which each line becomes a string of its
 * own.
 */
static void
take_values(struct dump *p, const char **stored, const char **complete, const char **pending)
{
	const struct {
		const char *key;
		const char **to;
	} want[] = {
		{ "time", &p->time },
		{ "comm", &p->comm },
		{ "signame", &p->signame },
		{ "uid", &p->uid },
		{ "uuid", &p->uuid },
		{ "build_id", &p->build_id },
		{ "fingerprint", &p->fingerprint },
		{ "where", &p->where },
		{ "fingerprint_version", &p->fingerprint_version },
		{ "reason", &p->reason },
		{ "exe", &p->exe },
		{ "pid", &p->pid },
		{ "bytes", &p->bytes },
		{ "host", &p->host },
		{ "object", &p->object },
		{ "object_whole", &p->object_whole },
		{ "sent", &p->sent },
		{ "small", &p->small_kept },
		{ "small_bytes", &p->small_bytes },
		{ "small_object", &p->small_object },
		{ "small_sent", &p->small_sent },
		{ "on_request", &p->on_request },
		{ "pending", pending },
		{ "container_owner", &p->container_owner },
		{ "stored", stored },
		{ "complete", complete },
	};
	char *next;

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		*want[i].to = "";
	/*
	 * A NUL, which a record has when it was damaged, ends a line too: what follows still
	 * counts.
	 */
	for (char *line = p->record, *end = line + p->record_len; line < end; line = next) {
		size_t n = strcspn(line, "=\n");

		next = line + n + strcspn(line + n, "\n");
		*next++ = '\0';
		for (size_t i = 0; line[n] == '=' && i < sizeof(want) / sizeof(*want); i++)
			if (strlen(want[i].key) == n && memcmp(line, want[i].key, n) == 0)
				*want[i].to = line + n + 1;
	}
}

/* The state that the record tells of: its files are not known yet. */
static enum dump_state
state_of(const char *stored, const char *complete, int open)
{
	if (*complete == '\0')
		return open ? DUMP_OPEN : DUMP_LOST;
	if (strcmp(stored, "whole") == 0)
		return strcmp(complete, "yes") == 0 ? DUMP_WHOLE : DUMP_CUT;
	return strcmp(stored, "partial") == 0 ? DUMP_PARTIAL : DUMP_NONE;
}

int
dump_values_read(struct dump *d, int dir, const char *file, uint64_t *left)
{
	const char *stored, *complete, *pending;
	time_t now = time(NULL);
	struct stat st;
	int open;

	memset(d, 0, sizeof(*d));
	if ((d->record = read_text(dir, file, left, &st, &open)) == NULL)
		return -1;
	d->record_size = (uint64_t)st.st_size;
	d->record_len = (size_t)st.st_size;
	take_values(d, &stored, &complete, &pending);
	/* After a clock was set back no record of the future waits for ever. */
	d->pending = *pending != '\0' && st.st_mtime <= now && now - st.st_mtime < DUMPS_PENDING;
	d->state = state_of(stored, complete, open);
	return 0;
}

const char *
dump_next_value(const struct dump *d, const char *key, const char *last)
{
	const char *end = d->record + d->record_len, *line = d->record;
	size_t n = strlen(key);

	if (last != NULL)
		line = last + strlen(last) + 1;
	for (; line < end; line += strlen(line) + 1)
		if (strncmp(line, key, n) == 0 && line[n] == '=')
			return line + n + 1;
	return NULL;
}
