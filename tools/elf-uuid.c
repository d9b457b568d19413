/* elf-uuid - print the identity of ELF files */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "core/core.h"
#include "core/read.h"
#include "elf/debug_file.h"
#include "elf/id.h"
#include "elf/loaded.h"
#include "proc/facts.h"
#include "record/record.h"
#include "stored/image.h"

struct options {
	int all, build_id, debug, raw, only;	/* only: that section, and no other identity in its place */
	const char *section;
};

static int
usage(FILE *to, int status)
{
	fputs("usage: elf-uuid [-abdhrV] [FILE ...]\n"
	      "       elf-uuid -s SECTION [-dr] [FILE ...]\n"
	      "       elf-uuid -c FILE [OTHER]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* Writes n bytes, or their text, as the one line of a file. */
static void
put(const struct options *o, const char *prefix, const uint8_t *raw, size_t raw_len,
    const char *text, size_t len)
{
	char line[RECORD_ESCAPED(ELF_ID_TEXT_MAX)];

	if (o->raw) {
		fwrite(raw, 1, raw_len, stdout);
		return;
	}
	record_escape(line, text, len);
	if (prefix != NULL)
		printf("%s: ", prefix);
	puts(line);
}

/* Prints the identity that was asked for; returns the exit status. */
static int
print(const struct options *o, const char *prefix, const struct elf_id *id)
{
	char text[ELF_ID_TEXT_MAX], hex[2 * ELF_ID_BUILD_ID_MAX + 1];
	const char *from = NULL;
	size_t n = 0;

	if (!o->build_id)
		n = elf_id_uuid(id, text, &from);
	/* Only the section was asked for: another identity is not an answer. */
	if (o->only && (n == 0 || strcmp(from, "section") != 0))
		n = 0;
	if (o->only && o->raw && id->section_len > 0) {
		put(o, prefix, id->section, id->section_len, "", 0);
	} else if (n > 0) {
		int note = strcmp(from, "note") == 0;

		put(o, prefix, note ? id->note : id->section, note ? ELF_ID_UUID : id->section_len,
		    text, n);
	} else if (!o->only && id->build_id_len > 0) {
		n = elf_id_build_id(id, hex);
		put(o, prefix, id->build_id, id->build_id_len, hex, n);
	} else {
		return 1;
	}
	return 0;
}

/* The identity that was read, or why it could not be, of a file with that name. */
static int
tell(const struct options *o, const char *name, int named, enum elf_id_status st, const struct elf_id *id)
{
	char why[ELF_ID_WHY];
	int status = 2;

	/* Of the build-id alone the section is no part. */
	if (st == ELF_ID_OK || (st == ELF_ID_TOO_LONG && o->build_id)) {
		if ((status = print(o, named ? name : NULL, id)) == 1)
			warnx("%s: no identity", name);
	} else if (st == ELF_ID_TOO_LONG) {
		warnx("%s: section %s: over %d bytes", name, o->section, ELF_ID_SECTION_MAX);
	} else {
		warnx("%s: %s", name, elf_id_why(st, why));
	}
	return status;
}

/* "NAME: PART", where PART is of hostile bytes, for a line; the next call's overwrites it. */
static const char *
part_of(const char *name, const char *part)
{
	static char text[RECORD_ESCAPED(PATH_MAX) + RECORD_ESCAPED(CORE_PATH) + 4];
	int n = name == NULL ? 0 : sprintf(text, "%s: ", name);

	record_escape(text + n, part, strnlen(part, CORE_PATH));
	return text;
}

struct archive {
	const struct options *o;
	const char *name;
	int named;		/* it is one of several */
	int status;		/* the worst of its objects, -1: it has none */
};

static void
member(void *arg, const char *name, enum elf_id_status st, const struct elf_id *id)
{
	struct archive *a = arg;
	/* An error names the archive too. */
	int in_full = a->named || (st != ELF_ID_OK && st != ELF_ID_TOO_LONG);
	/* Of a library's members some are no objects. */
	int status = st == ELF_ID_NOT_ELF ? -1 : tell(a->o, part_of(in_full ? a->name : NULL, name), 1, st, id);

	if (status > a->status)
		a->status = status;
}

/* A core: the identity of its executable, or of all its modules. */
static int
core(const struct options *o, const char *name, int named, int fd)
{
	struct image *image;
	uint64_t bytes = 0;
	struct elf_id id = { 0 };
	struct core c;
	int status = 0, none = o->all;

	if (image_open(&image, fd) < 0) {
		warn("%s", name);
		return 2;
	}
	core_open(&c);
	if (core_read_image(&c, image, &bytes) < 0) {
		warn("%s", name);
		status = 2;
	} else if (!c.is_core) {
		warnx("%s: %s", name, c.bad);
		status = 2;
	} else if (!o->all) {
		facts_identity(c.exe, &id);
		status = tell(o, name, named, ELF_ID_OK, &id);
	}
	for (size_t i = 0; status < 2 && o->all && i < c.files.count; i++) {
		const struct core_file *f = &c.files.file[i];

		if (f->module == NULL || facts_identity(f, &id) < 0)
			continue;
		none = 0;
		if (print(o, part_of(named ? name : NULL, f->path[0] != '\0' ? f->path : "-"), &id) > status)
			status = 1;
	}
	if (status < 2 && none)
		status = tell(o, name, named, ELF_ID_OK, &(struct elf_id){ 0 });
	core_close(&c);
	image_close(image);
	return status;
}

static int
archive(const struct options *o, const char *path, const char *name, int named, int fd)
{
	struct archive a = { .o = o, .name = name, .named = named, .status = -1 };
	enum elf_id_status st = elf_id_archive(fd, path, o->section, member, &a);

	if (st == ELF_ID_OK)
		return a.status >= 0 ? a.status : tell(o, name, named, ELF_ID_OK, &(struct elf_id){ 0 });
	warnx("%s: %s", name, st == ELF_ID_SYSTEM ? strerror(errno) : "malformed archive");
	return 2;
}

static int
object(const struct options *o, const char *path, const char *name, int named, int fd)
{
	struct elf_id id;
	enum elf_id_status st = elf_id_read(fd, o->section, &id);
	int debug;

	if (o->debug && path != NULL && st == ELF_ID_OK && id.section_len == 0 &&
	    (debug = elf_debug_open(fd, path)) >= 0) {
		st = elf_id_read(debug, o->section, &id);
		io_close(debug);
	}
	return tell(o, name, named, st, &id);
}

static int
one(const struct options *o, const char *path, int several)
{
	const char *given = path == NULL ? "<stdin>" : path;
	uint8_t magic[ELF_ID_KIND_LEN];
	char name[RECORD_ESCAPED(PATH_MAX)];
	int fd, from, status = 2;

	record_escape(name, given, strnlen(given, PATH_MAX));
	if ((fd = from = io_open(path)) < 0) {
		warn("%s", name);
		return 2;
	}
	if (isatty(fd)) {
		warnx("%s: is a terminal: an ELF file is not read from there", name);
	} else if (!io_regular(fd) && (fd = elf_id_spool(fd)) < 0) {
		warnx("%s: %s", name, errno == ENOEXEC ? "not an ELF file" : strerror(errno));
	} else {
		ssize_t n = io_pread(fd, magic, sizeof(magic), 0);
		enum elf_id_kind kind = elf_id_kind(magic, n < 0 ? 0 : (size_t)n);

		if (kind == ELF_ID_KIND_CORE || kind == ELF_ID_KIND_GZIP)
			status = core(o, name, several, fd);
		else
			status = (kind == ELF_ID_KIND_ARCHIVE ? archive : object)(o, path, name, several, fd);
	}
	if (fd >= 0 && fd != from)
		io_close(fd);
	if (from != STDIN_FILENO)
		io_close(from);
	return status;
}

/* What is compared is read more than once: ends the program when path is a pipe or the like. */
static void
need_regular(const char *path)
{
	char name[RECORD_ESCAPED(PATH_MAX)];
	struct stat is;

	record_escape(name, path, strnlen(path, PATH_MAX));
	if (stat(path, &is) == 0 && !S_ISREG(is.st_mode))
		errx(2, "%s: not a regular file: -c needs one", name);
}

/* -c: whether a file can be stamped, or whether another loads what it does. */
static int
check(const char *path, const char *other)
{
	char words[ELF_LOADED_WORDS], name[RECORD_ESCAPED(PATH_MAX)];
	enum elf_loaded_status st;

	need_regular(path);
	if (other != NULL)
		need_regular(other);
	st = other == NULL ? elf_loaded_check(path, words) : elf_loaded_same(path, other, words);
	record_escape(name, other == NULL ? path : other, strnlen(other == NULL ? path : other, PATH_MAX));
	if (st != ELF_LOADED_OK)
		warnx("%s: %s", name, words);
	return st == ELF_LOADED_OK ? 0 : st == ELF_LOADED_BAD ? 2 : 1;
}

int
main(int argc, char **argv)
{
	struct options o = { .section = ELF_ID_SECTION };
	int c, checks = 0, status = 0;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "abcdhrs:V")) != -1) {
		switch (c) {
		case 'a':
			o.all = 1;
			break;
		case 'b':
			o.build_id = 1;
			break;
		case 'c':
			checks = 1;
			break;
		case 'd':
			o.debug = 1;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'r':
			o.raw = 1;
			break;
		case 's':
			o.section = optarg;
			o.only = 1;
			break;
		case 'V':
			return puts("elf-uuid " VERSION) < 0 || fflush(stdout) != 0 ? 2 : 0;
		default:
			return usage(stderr, 2);
		}
	}
	argv += optind;
	argc -= optind;
	if (((o.build_id || o.all) && o.only) ||
	    (checks && (argc < 1 || argc > 2 || o.all + o.build_id + o.debug + o.only + o.raw > 0)))
		return usage(stderr, 2);
	if (checks)
		return check(argv[0], argv[1]);
	if (o.raw && (argc > 1 || o.all))
		errx(2, "-r: the bytes of several files cannot be told apart");
	if (argc == 0)
		status = one(&o, NULL, 0);
	for (int i = 0; i < argc; i++) {
		int st = one(&o, strcmp(argv[i], "-") != 0 ? argv[i] : NULL, argc > 1);

		if (st > status)
			status = st;
	}
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
