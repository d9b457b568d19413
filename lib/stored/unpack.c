#define _GNU_SOURCE
#include "stored/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "gzip/inflate.h"
#include "record/record.h"
#include "system/pipe.h"
#include "system/spawn.h"

/* As many bytes are looked at: the longest of the magics. */
#define HEAD 35
/* What is left at the end and still read, bytes: a checksum behind the data takes no more. */
#define REST (1024u * 1024)
#define WORDS 96

struct format {
	const char *magic;
	size_t len;
	const char *argv[5];	/* "" stands for the identity */
};

/*
 * RFC 8878 section 3.1 and doc/lz4_Frame_format.md (skippable frames, which pzstd begins with, are both's);
 * xz-file-format.txt 2.1.1.1; age-encryption.org/v1.
 */
static const struct format formats[] = {
	{ "\x28\xb5\x2f\xfd", 4, { "zstd", "-dcq" } },
	{ "\x50\x2a\x4d\x18", 4, { "zstd", "-dcq" } },
	{ "\x04\x22\x4d\x18", 4, { "lz4", "-dcq" } },
	{ "\xfd" "7zXZ\0", 6, { "xz", "-dcq" } },
	{ "age-encryption.org/v1\n", 22, { "age", "-d", "-i", "" } },
	{ "-----BEGIN AGE ENCRYPTED FILE-----", 34, { "age", "-d", "-i", "" } },
	/* The level, 1 to 9, stands between its two parts. */
	{ "BZh", 3, { "bzip2", "-dcq" } },
};

static const struct format *
format_of(const uint8_t *head, size_t n)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		const struct format *f = &formats[i];

		if (n < f->len || memcmp(head, f->magic, f->len) != 0)
			continue;
		/* Of a block, or of the end of no blocks: the digits of pi, and of its root. */
		if (strcmp(f->argv[0], "bzip2") == 0 && (n < 10 || head[3] < '1' || head[3] > '9' ||
		    (memcmp(head + 4, "\x31\x41\x59\x26\x53\x59", 6) != 0 &&
			memcmp(head + 4, "\x17\x72\x45\x38\x50\x90", 6) != 0)))
			continue;
		return f;
	}
	return NULL;
}

static int
seekable(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
}

/* The first bytes, which stay there; none of what is neither a file nor a pipe. */
static ssize_t
peek(int fd, uint8_t head[HEAD])
{
	ssize_t n = seekable(fd) ? io_pread(fd, head, HEAD, 0) : pipe_peek(fd, head, HEAD, -1);

	return n < 0 && errno == EINVAL ? 0 : n;
}

static void
explain(struct unpack *u, const char *what, const char *words)
{
	char text[RECORD_ESCAPED(WORDS)];

	record_escape(text, words, strnlen(words, WORDS));
	snprintf(u->why, sizeof(u->why), "%s%s%s", what != NULL ? what : "", what != NULL ? ": " : "", text);
}

/* In the child: its reader may go before it is done. */
static int
usual_signals(void *arg)
{
	sigset_t none;

	(void)arg;
	sigemptyset(&none);
	return signal(SIGPIPE, SIG_DFL) == SIG_ERR || sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -1 : 0;
}

/* Starts a program between two descriptors.  Returns 0, or an errno. */
static int
start_program(struct unpack_layer *l, const struct format *f, const char *identity, int in, int out)
{
	char *argv[6] = { NULL };
	/* All that is ours is O_CLOEXEC; what we were given stays, and the identity may be /dev/fd/N. */
	struct spawn child = { .argv = argv, .fd = { in, out, l->said }, .prepare = usual_signals };

	for (size_t i = 0; f->argv[i] != NULL; i++)
		argv[i] = (char *)(uintptr_t)(*f->argv[i] != '\0' ? f->argv[i] : identity);
	l->program = argv[0];
	if ((l->pid = spawn_start(&child)) < 0)
		return errno;
	if (child.error != 0)
		spawn_wait(l->pid);
	return child.error;
}

/* A process of ours, which decodes gzip or zlib data; its first words are as a program's. */
static int
decode(int in, int out, int said)
{
	char text[128];
	enum inflate_status st = INFLATE_MEMORY;
	struct inflate f;
	struct source s;
	struct sink k;

	sink_open(&k, out);
	f.at = 0;
	if (source_open(&s, in) == 0 && inflate_open(&f, &s, &k) == 0)
		st = inflate_all(&f);
	snprintf(text, sizeof(text), "byte %ju: %s", (uintmax_t)f.at, inflate_words(st));
	return st == INFLATE_OK || io_write(said, text, strlen(text)) < 0 ? 0 : 1;
}

static int
start_ours(struct unpack_layer *l, int in, int out, int other)
{
	struct spawn child = { .fd = { SPAWN_SAME, SPAWN_SAME, SPAWN_SAME }, .prepare = usual_signals };

	if ((l->pid = spawn_start(&child)) < 0)
		return errno;
	if (l->pid == 0) {
		io_close(other);
		_exit(decode(in, out, l->said));
	}
	l->program = NULL;
	return 0;
}

/* Puts a layer in front of u->fd; f NULL: ours. */
static int
add(struct unpack *u, const struct format *f, const char *identity, int given)
{
	struct unpack_layer *l = &u->layer[u->count];
	int join[2], rc;

	if (pipe2(join, O_CLOEXEC) < 0)
		return errno;
	pipe_grow(join[0]);
	if ((l->said = memfd_create("said", MFD_CLOEXEC)) < 0)
		rc = errno;
	else if (f != NULL)
		rc = start_program(l, f, identity, u->fd, join[1]);
	else
		rc = start_ours(l, u->fd, join[1], join[0]);
	io_close(join[1]);
	if (rc != 0) {
		if (l->said >= 0)
			io_close(l->said);
		io_close(join[0]);
		return rc;
	}
	if (u->fd != given)
		io_close(u->fd);
	u->fd = join[0];
	u->count++;
	return 0;
}

/* Collects the processes; those that failed on their own are damage when that counts. */
static enum unpack_status
collect(struct unpack *u, int counts)
{
	enum unpack_status st = UNPACK_OK;

	for (size_t i = 0; i < u->count; i++) {
		struct unpack_layer *l = &u->layer[i];
		char words[WORDS + 1] = "", *p = words;
		ssize_t n;
		int status;

		if (!counts)
			kill(l->pid, SIGKILL);
		status = spawn_wait(l->pid);
		n = io_pread(l->said, words, WORDS, 0);
		words[n > 0 ? n : 0] = '\0';
		io_close(l->said);
		/* Who was left by its reader did not fail: the reader did. */
		if (!counts || st != UNPACK_OK || status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE))
			continue;
		st = UNPACK_DAMAGED;
		if (l->program != NULL && strncmp(p, l->program, strlen(l->program)) == 0 && p[strlen(l->program)] == ':')
			p += strlen(l->program) + 1;
		p += strspn(p, " \t\r\n");
		p[strcspn(p, "\r\n")] = '\0';
		if (WIFSIGNALED(status))
			snprintf(words, sizeof(words), "killed by signal %d", WTERMSIG(status));
		else if (*p == '\0')
			snprintf(words, sizeof(words), "failed with status %d", WEXITSTATUS(status));
		explain(u, l->program, WIFSIGNALED(status) || *p == '\0' ? words : p);
	}
	u->count = 0;
	return st;
}

int
unpack_needed(int fd)
{
	uint8_t head[HEAD];
	ssize_t n = peek(fd, head);

	return n > 0 && format_of(head, (size_t)n) != NULL;
}

enum unpack_status
unpack_open(struct unpack *u, int fd, const char *identity, int flags)
{
	enum unpack_status st = UNPACK_CANNOT;
	uint8_t head[HEAD];
	int rc = 0;

	memset(u, 0, sizeof(*u));
	u->fd = fd;
	for (;;) {
		ssize_t n = peek(u->fd, head);
		const struct format *f;

		if (n < 0) {
			explain(u, NULL, strerror(errno));
			break;
		}
		f = format_of(head, (size_t)n);
		if (f == NULL && (!(flags & UNPACK_OURS) || (u->fd == fd && seekable(fd)) ||
		    !inflate_knows(head, (size_t)n)))
			return UNPACK_OK;
		if (f != NULL && strcmp(f->argv[0], "age") == 0 && identity == NULL) {
			st = UNPACK_IDENTITY;
			explain(u, NULL, "encrypted with age: its identity file is needed (-i)");
			break;
		}
		u->secret |= f != NULL && strcmp(f->argv[0], "age") == 0;
		if (u->count == UNPACK_LAYERS) {
			explain(u, NULL, "compressed or encrypted too many times over");
			break;
		}
		if (u->fd == fd && seekable(fd) && lseek(fd, 0, SEEK_SET) < 0)
			rc = errno;
		else
			rc = add(u, f, identity, fd);
		if (rc != 0) {
			explain(u, f != NULL ? f->argv[0] : NULL, rc == ENOENT && f != NULL ? "not found" : strerror(rc));
			break;
		}
	}
	if (u->fd != fd)
		io_close(u->fd);
	collect(u, 0);
	return st;
}

enum unpack_status
unpack_end(struct unpack *u)
{
	uint8_t rest[4096];
	size_t left = REST;
	ssize_t n = 1;

	if (u->count == 0)
		return UNPACK_OK;
	while (left > 0 && (n = io_read_some(u->fd, rest, sizeof(rest))) > 0)
		left -= (size_t)n < left ? (size_t)n : left;
	io_close(u->fd);
	return collect(u, n == 0);
}
