/* Restoring a stored core for a debugger, and what is said of it. */
#define _XOPEN_SOURCE 700
#include "restoring.h"

#include <err.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "core/read.h"
#include "elf/id.h"
#include "gzip/inflate.h"
#include "record/record.h"
#include "store/store.h"
#include "stored/restore.h"
#include "stored/unpack.h"
#include "system/processors.h"

static void
tell_lost(void *arg, const struct inflate_lost *l)
{
	char words[INFLATE_LOST_WORDS];

	warnx("%s: %s", (const char *)arg, inflate_lost_words(words, l));
}

static const char *
ask_identity(const char *name)
{
	static char line[PATH_MAX];
	char question[RECORD_ESCAPED(PATH_MAX) + 64];

	snprintf(question, sizeof(question), "%s: encrypted; the age identity file: ", name);
	switch (terminal_ask(question, line, sizeof(line))) {
	case 0:
		return line;
	case 1:
		errx(2, "%s: encrypted with age: no identity file was named", name);
	default:
		errx(2, "%s: encrypted with age: %s", name,
		    "-i names the identity file; there is no terminal to ask at");
	}
}

int
is_plain_core(int fd)
{
	uint8_t head[ELF_ID_KIND_LEN];
	ssize_t n = io_pread(fd, head, sizeof(head), 0);

	return n > 0 && elf_id_kind(head, (size_t)n) == ELF_ID_KIND_CORE;
}

int
restore_core(const struct operand *o, const char *identity, int verbose)
{
	int tty = isatty(STDERR_FILENO), fd;
	struct progress p;
	struct restore r = { .progress = tty ? progress_show : NULL, .progress_arg = &p,
		.lost = tell_lost, .lost_arg = (void *)(uintptr_t)o->shown,
		 .threads = processors_usable(),
		.expected = operand_core_size(o) };
	enum unpack_status st;

	progress_start(&p, STDERR_FILENO);
	st = restore_open(&r, o->fd, identity, &fd);
	if (st == UNPACK_IDENTITY) {
		identity = ask_identity(o->shown);
		progress_start(&p, STDERR_FILENO);
		st = restore_open(&r, o->fd, identity, &fd);
	}
	if (tty)
		fputs("\r\033[K", stderr);
	if (st != UNPACK_OK)
		warnx("%s: %s", o->shown, r.why);
	if ((st != UNPACK_OK && st != UNPACK_DAMAGED) || (st == UNPACK_DAMAGED && r.size == 0))
		exit(2);
	if (r.secret && r.dir != NULL)
		warnx("%s: not enough memory: while it is open it is on disk, decrypted", o->shown);
	if (verbose)
		warnx("%s: restored in %s: %s", o->shown, r.dir != NULL ? r.dir : "memory",
		    progress_line(&p, r.in, r.size));
	return fd;
}

void
read_core(struct core *c, struct image **i, int fd, const char *name)
{
	size_t n = strlen(name);
	uint64_t size, at;

	if (image_open(i, fd) < 0)
		err(2, "%s", name);
	core_open(c);
	if (core_read_image(c, *i, &size) < 0)
		err(2, "%s", name);
	if (!c->is_core)
		errx(2, "%s: %s", name, c->bad);
	if (image_end(*i, &at) != INFLATE_OK)
		warnx("%s: byte %" PRIu64 ": %s", name, at, inflate_words(image_end(*i, &at)));
	if (size < c->promised)
		warnx("%s: cut short: %" PRIu64 " of %" PRIu64 " bytes", name, size, c->promised);
	else if (n > strlen(STORE_PARTIAL) &&
	    strcmp(name + n - strlen(STORE_PARTIAL), STORE_PARTIAL) == 0)
		warnx("%s: only a part was stored", name);
	if (c->bad != NULL)
		warnx("%s: %s", name, c->bad);
}
