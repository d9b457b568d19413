/* core-match - does a core belong to an executable? */
#define _XOPEN_SOURCE 700
#include <err.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "core/core.h"
#include "core/match.h"
#include "core/read.h"
#include "dumps/operand.h"
#include "kept/sources.h"
#include "options.h"
#include "record/record.h"
#include "stored/open.h"

#define OPEN_DIRS 32	/* directories of a tree that are open at once */

static struct core core;
static struct stored stored;
/* One ELF file alone is answered; of several those that fit are named. */
static int several, fits, unknown;

static int
usage(FILE *to, int status)
{
	fputs("usage: core-match [-hSV] [-i IDENTITY] CORE [ELF ...]\n", to);
	return fflush(to) == 0 ? status : 2;
}

/* Prints the identity that was compared of the core, and of the file where they differ. */
static void
print_evidence(const struct match *m)
{
	char hex[2 * ELF_ID_BUILD_ID_MAX + 1], text[ELF_ID_TEXT_MAX];
	struct elf_id note = m->core;
	const char *from;

	switch (m->evidence) {
	case MATCH_BUILD_ID:
		elf_id_build_id(&m->core, hex);
		printf(": build-id %s", hex);
		elf_id_build_id(&m->file, hex);
		if (m->verdict == MATCH_NO)
			printf(", not %s", hex);
		break;
	case MATCH_UUID:
		elf_id_uuid(&note, text, &from);
		printf(": uuid %s", text);
		note = m->file;
		note.section_len = 0;
		elf_id_uuid(&note, text, &from);
		if (m->verdict == MATCH_NO)
			printf(", not %s", text);
		break;
	case MATCH_BYTES:
		if (m->verdict == MATCH_YES)
			printf(": %" PRIu64 " bytes of it are in the core", m->compared);
		else if (m->differs != 0)
			printf(": the bytes at 0x%" PRIx64 " differ", m->differs);
		else
			fputs(": of another kind of machine", stdout);
		break;
	case MATCH_NOTHING:
		fputs(": no identity in both, and none of its bytes in the core", stdout);
		break;
	}
}

static void
print_answer(const char *path, const struct match *m)
{
	static const char *const verdict[] = { "yes", "no", "cannot tell" };
	char name[RECORD_ESCAPED(PATH_MAX)];

	if (several && m->verdict != MATCH_YES)
		return;
	if (several) {
		record_escape(name, path, strnlen(path, PATH_MAX));
		printf("%s: ", name);
	}
	fputs(verdict[m->verdict], stdout);
	print_evidence(m);
	putchar('\n');
}

/* Compares an open file: an operand, or one that was found. */
static void
compare_open(const char *path, int fd, int found)
{
	struct match m;
	enum elf_id_status st = match_file(&core, stored.image, fd, &m);

	if (st != ELF_ID_OK) {
		/* A directory may hold anything. */
		if (!found)
			warnx("%s: %s", path, elf_id_words(st));
		unknown |= !found || st != ELF_ID_NOT_ELF;
		return;
	}
	print_answer(path, &m);
	fits |= m.verdict == MATCH_YES;
	unknown |= m.verdict == MATCH_UNKNOWN;
}

/* Compares an operand, or a file that was found below one. */
static void
compare_file(const char *path, int found)
{
	int fd = io_open_regular(path, !found);

	if (fd < 0) {
		if (!found && errno == EINVAL)
			warnx("%s: not a regular file", path);
		else if (!found)
			warn("%s", path);
		unknown |= !found;
	} else {
		compare_open(path, fd, found);
		io_close(fd);
	}
}

/* One of the places where the executable may be; whether it is there. */
static int
compare_offered(void *arg, const struct kept_file *f)
{
	(void)arg;
	if (f->fd >= 0) {
		compare_open(f->path, f->fd, 1);
	} else if (f->why != ENOENT && f->why != ENOTDIR) {
		warnx("%s: %s", f->path,
		    f->why == EINVAL ? "not a regular file" : strerror(f->why));
		unknown = 1;
	}
	return fits;
}

/* Looks for the executable as core-open does, but for debug directories and servers. */
static void
find_executable(const struct operand *o, const char *operand)
{
	static struct kept_sources sources;

	if (core.exe == NULL)
		errx(2, "%s: the core does not say which file its executable is", o->shown);
	kept_sources_open(&sources, o, operand, NULL, 0);
	kept_sources_offer(&sources, &core, core.exe, compare_offered, NULL);
	kept_sources_close(&sources);
}

static int
compare_found(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F && S_ISREG(st->st_mode))
		compare_file(path, 1);
	return 0;
}

static void
open_core(struct operand *o, const char *path, int small, const char *identity)
{
	uint64_t bytes;

	if (operand_open(o, path, small, CONF_FILE, DUMPS_DIR) < 0)
		errx(2, "%s: %s", o->shown, o->why);
	if (o->note != NULL)
		warnx("%s: %s", o->shown, o->note);
	if (stored_open(&stored, o->fd, identity, 0) != STORED_OK)
		warnx("%s: %s", o->shown, stored.why);
	if (stored.status == STORED_CANNOT)
		exit(2);
	core_open(&core);
	if (core_read_image(&core, stored.image, &bytes) < 0)
		err(2, "%s", o->shown);
	if (!core.is_core)
		errx(2, "%s: %s", o->shown, core.bad);
}

int
main(int argc, char **argv)
{
	static struct operand operand;
	const char *opt[128] = { NULL };
	struct stat st;

	if (io_std() < 0)
		err(2, "/dev/null");
	options_take(argc, argv, "hi:SV", opt, usage, "core-match", NULL);
	argv += optind;
	argc -= optind;
	if (argc < 1)
		return usage(stderr, 2);
	open_core(&operand, argv[0], opt['S'] != NULL, opt['i']);
	several = argc != 2 || (stat(argv[1], &st) == 0 && S_ISDIR(st.st_mode));
	if (argc == 1)
		find_executable(&operand, argv[0]);
	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) < 0 || !S_ISDIR(st.st_mode)) {
			compare_file(argv[i], 0);
		} else if (nftw(argv[i], compare_found, OPEN_DIRS, FTW_PHYS) != 0) {
			warn("%s", argv[i]);
			unknown = 1;
		}
	}
	core_close(&core);
	stored_close(&stored);
	operand_close(&operand);
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return fits ? 0 : unknown ? 2 : 1;
}
