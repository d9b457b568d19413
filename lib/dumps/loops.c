#define _GNU_SOURCE
#include "dumps/loops.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "store/lock.h"

/* The room of a line: key, start, count, name and payer, with what stands between them. */
#define LINE (LOOPS_KEY + 2 * 21 + NAME_MAX + 8 + 12)
#define FILE_MOST (64 + LOOPS_MAX * LINE)

static uint64_t
since_boot(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What tells this boot from others; "" where the kernel does not say. */
static void
read_boot(char *text, size_t size)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : io_read(fd, text, size - 1);

	if (fd >= 0)
		io_close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* "s" for a service or "u" for a user, and a uid; 0, or -1 when it is no payer. */
static int
parse_payer(struct payer *p, const char *text)
{
	uint64_t uid;

	if ((*text != 's' && *text != 'u') || number_parse(text + 1, 0, UINT32_MAX, &uid) < 0)
		return -1;
	*p = (struct payer){ .uid = (uint32_t)uid, .service = *text == 's' };
	return 0;
}

/* "key TAB start TAB count TAB name TAB payer", cut into strings; 0, or -1 when it is none. */
static int
parse(struct loop *p, char *line)
{
	char *word[5];

	for (size_t i = 0; i < 5; i++)
		if ((word[i] = strsep(&line, "\t")) == NULL)
			return -1;
	/* Where others may write to the directory, the file can be one of theirs. */
	if (line != NULL || strchr(word[3], '/') != NULL || strlen(word[0]) >= sizeof(p->key) ||
	    strlen(word[3]) >= sizeof(p->name) || number_parse(word[1], 0, UINT64_MAX,
	    &p->start) < 0 || number_parse(word[2], 1, UINT64_MAX - 1, &p->count) < 0 ||
	    parse_payer(&p->payer, word[4]) < 0)
		return -1;
	strcpy(p->key, word[0]);
	strcpy(p->name, word[3]);
	return 0;
}

static int
read_file(struct loops *l)
{
	char *text = malloc(FILE_MOST + 1), *next = text, *line;
	ssize_t n;

	if (text == NULL)
		return -1;
	if ((n = io_pread(l->fd, text, FILE_MOST, 0)) < 0) {
		free(text);
		return -1;
	}
	text[n] = '\0';
	line = strsep(&next, "\n");
	if (strcmp(line, l->boot) == 0)
		while ((line = strsep(&next, "\n")) != NULL && l->count < LOOPS_MAX)
			l->count += parse(&l->loop[l->count], line) == 0;
	free(text);
	return 0;
}

int
loops_open(struct loops *l, int dir)
{
	int saved;

	l->count = 0;
	if ((l->fd = lock_file(dir, LOOPS_FILE, LOOPS_WAIT)) < 0)
		return -1;
	read_boot(l->boot, sizeof(l->boot));
	if (read_file(l) == 0)
		return 0;
	saved = errno;
	loops_close(l);
	errno = saved;
	return -1;
}

static int
same_payer(const struct payer *a, const struct payer *b)
{
	return a->uid == b->uid && a->service == b->service;
}

/* How many places the payer has. */
static int
places_of(const struct loops *l, const struct payer *payer)
{
	int n = 0;

	for (int i = 0; i < l->count; i++)
		n += same_payer(&l->loop[i].payer, payer);
	return n;
}

/* A place for one more of the payer's. */
static struct loop *
find_place(struct loops *l, const struct payer *payer)
{
	struct loop *lost = NULL;
	int taken = 0, most = 0;

	for (int i = 0; i < l->count; i++)
		taken += l->loop[i].payer.service == payer->service;
	if (taken < LOOPS_SHARE && l->count < LOOPS_MAX)
		return &l->loop[l->count++];
	for (int i = 0; i < l->count; i++) {
		struct loop *p = &l->loop[i];
		int n;

		/* Where the file has too many of one kind, the other has its places again. */
		if (p->payer.service != payer->service && taken >= LOOPS_SHARE)
			continue;
		n = places_of(l, &p->payer) + same_payer(&p->payer, payer);
		if (lost == NULL || n > most || (n == most && p->start < lost->start)) {
			lost = p;
			most = n;
		}
	}
	return lost;
}

struct loop *
loops_one(struct loops *l, const char *key, const struct payer *payer, uint32_t seconds)
{
	const struct payer unknown = { .uid = PAYER_UNKNOWN };
	size_t len = strlen(key);
	const char *end = len < LOOPS_KEY ? key : key + len - LOOPS_KEY + 1;
	uint64_t now = since_boot();
	struct loop *p = NULL;

	for (int i = 0; i < l->count && p == NULL; i++)
		if (strcmp(l->loop[i].key, end) == 0 &&
		    (payer == NULL || same_payer(&l->loop[i].payer, payer)))
			p = &l->loop[i];
	if (p == NULL) {
		if (payer == NULL)
			payer = &unknown;
		p = find_place(l, payer);
		p->count = 0;
		p->payer = *payer;
		strcpy(p->key, end);
	}
	if (p->count == 0 || p->start > now || now - p->start >= (uint64_t)seconds * 1000) {
		p->start = now;
		p->count = 0;
		p->name[0] = '\0';
	}
	p->count++;
	return p;
}

int
loops_save(struct loops *l)
{
	char *text = malloc(FILE_MOST), *end = text;
	struct stat st;
	int rc = -1;

	if (text == NULL) {
		loops_close(l);
		return -1;
	}
	end += sprintf(end, "%s\n", l->boot);
	for (int i = 0; i < l->count; i++) {
		const struct loop *p = &l->loop[i];

		end += snprintf(end, LINE, "%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%c%" PRIu32 "\n",
		    p->key, p->start, p->count, p->name, p->payer.service ? 's' : 'u',
		    p->payer.uid);
	}
	/* Cut only when it is shorter now: file systems write out what replaces an emptied file. */
	if (fstat(l->fd, &st) == 0 && io_pwrite(l->fd, text, (size_t)(end - text), 0) == 0 &&
	    (st.st_size <= end - text || ftruncate(l->fd, end - text) == 0))
		rc = 0;
	free(text);
	if (io_close(l->fd) < 0)
		rc = -1;
	return rc;
}

void
loops_close(struct loops *l)
{
	io_close(l->fd);
}
