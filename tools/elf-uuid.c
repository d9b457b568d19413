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
#include "core/files.h"
#include "dumps/operand.h"
#include "elf/id.h"
#include "elf/loaded.h"
#include "proc/identities.h"
#include "record/record.h"

/* What each option says, by its letter: "" when it takes nothing, NULL when it is not given. */
static const char *opt[128];

static int
usage(FILE *to, int status)
{
	fputs("usage: elf-uuid [-abdhrV] [-i IDENTITY] [FILE ...]\n"
	      "       elf-uuid -s SECTION [-dr] [-i IDENTITY] [FILE ...]\n"
	      "       elf-uuid -c FILE [OTHER]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

static const char *
section(void)
{
	return opt['s'] != NULL ? opt['s'] : ELF_ID_SECTION;
}

/* Prints the bytes themselves, or their text as the one line of a file. */
static void
print_line(const char *prefix, const uint8_t *raw, size_t raw_len, const char *text, size_t len)
{
	char line[RECORD_ESCAPED(ELF_ID_TEXT_MAX)];

	if (opt['r'] != NULL) {
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
print_identity(const char *prefix, const struct elf_id *id)
{
	char text[ELF_ID_TEXT_MAX], hex[2 * ELF_ID_BUILD_ID_MAX + 1];
	const char *from = NULL;
	size_t n = 0;

	if (opt['b'] == NULL)
		n = elf_id_uuid(id, text, &from);
	/* Only the section was asked for: another identity is not an answer. */
	if (opt['s'] != NULL && (n == 0 || strcmp(from, "section") != 0))
		n = 0;
	if (opt['s'] != NULL && opt['r'] != NULL && id->section_len > 0) {
		print_line(prefix, id->section, id->section_len, "", 0);
	} else if (n > 0) {
		int note = strcmp(from, "note") == 0;

		print_line(prefix, note ? id->note : id->section,
		    note ? ELF_ID_UUID : id->section_len, text, n);
	} else if (opt['s'] == NULL && id->build_id_len > 0) {
		n = elf_id_build_id(id, hex);
		print_line(prefix, id->build_id, id->build_id_len, hex, n);
	} else {
		return 1;
	}
	return 0;
}

/*
 * Prints the identity of a file with that name, or why it could not be read; returns the exit
 * status.
 */
static int
tell(const char *name, int named, enum elf_id_status st, const struct elf_id *id)
{
	char why[ELF_ID_WHY];
	int status = 2;

	/* A section that is too long does not matter to the build-id. */
	if (st == ELF_ID_OK || (st == ELF_ID_TOO_LONG && opt['b'] != NULL)) {
		if ((status = print_identity(named ? name : NULL, id)) == 1)
			warnx("%s: no identity", name);
	} else if (st == ELF_ID_TOO_LONG) {
		warnx("%s: section %s: over %d bytes", name, section(), ELF_ID_SECTION_MAX);
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

/* What of one operand has been told. */
struct told {
	const char *name;
	int named;		/* it is one of several */
	int status;		/* the worst so far */
};

static void
tell_part(void *arg, enum identities_part part, const char *name, enum elf_id_status st,
    const struct elf_id *id)
{
	struct told *t = arg;
	/* An error names the archive too. */
	int in_full = t->named || (st != ELF_ID_OK && st != ELF_ID_TOO_LONG), status;

	if (part == IDENTITIES_FILE)
		status = tell(t->name, t->named, st, id);
	else if (part == IDENTITIES_MEMBER)
		status = tell(part_of(in_full ? t->name : NULL, name), 1, st, id);
	else
		status = print_identity(part_of(t->named ? t->name : NULL, name), id);
	if (status > t->status)
		t->status = status;
}

/* Tells the identities of what an operand, NULL for standard input, names. */
static int
tell_operand(const char *path, int several)
{
	struct told t = { .named = several };
	struct identities i = { .section = section(), .age = opt['i'], .modules = opt['a'] != NULL,
		.debug = opt['d'] != NULL, .each = tell_part, .arg = &t };
	const char *given = path == NULL ? "<stdin>" : path;
	char name[RECORD_ESCAPED(PATH_MAX)];
	static struct operand from;
	int rc;

	record_escape(name, given, strnlen(given, PATH_MAX));
	rc = operand_open(&from, path, 0, CONF_FILE, DUMPS_DIR);
	t.name = from.file[0] != '\0' ? from.shown : name;
	if (rc < 0) {
		warnx("%s: %s", t.name, isatty(from.fd) ?
		    "is a terminal: an ELF file is not read from there" : from.why);
		t.status = 2;
	} else {
		if (from.note != NULL)
			warnx("%s: %s", t.name, from.note);
		rc = identities_read(&i, from.fd, from.file[0] != '\0' ? from.file : path);
		if (rc != 0)
			warnx("%s: %s", t.name, i.why);
		if (rc < 0)
			t.status = 2;
	}
	operand_close(&from);
	return t.status;
}

/* A comparison reads a file more than once: ends the program when path is a pipe or the like. */
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
	path = other == NULL ? path : other;
	record_escape(name, path, strnlen(path, PATH_MAX));
	if (st != ELF_LOADED_OK)
		warnx("%s: %s", name, words);
	return st == ELF_LOADED_OK ? 0 : st == ELF_LOADED_BAD ? 2 : 1;
}

static void
take_options(int argc, char **argv)
{
	int c, others = 0;

	while ((c = getopt(argc, argv, "abcdhi:rs:V")) != -1) {
		if (c == '?')
			exit(usage(stderr, 2));
		if (c == 'h')
			exit(usage(stdout, 0));
		if (c == 'V')
			exit(puts("elf-uuid " VERSION) < 0 || fflush(stdout) != 0 ? 2 : 0);
		opt[c] = c == 'i' || c == 's' ? optarg : "";
		others |= c != 'c';
	}
	argc -= optind;
	if ((opt['s'] != NULL && (opt['a'] != NULL || opt['b'] != NULL)) ||
	    (opt['c'] != NULL && (argc < 1 || argc > 2 || others)))
		exit(usage(stderr, 2));
	if (opt['r'] != NULL && (argc > 1 || opt['a'] != NULL))
		errx(2, "-r: the bytes of several files cannot be told apart");
}

int
main(int argc, char **argv)
{
	int status;

	if (io_std() < 0)
		err(2, "/dev/null");
	take_options(argc, argv);
	argv += optind;
	argc -= optind;
	if (opt['c'] != NULL)
		return check(argv[0], argv[1]);
	status = argc == 0 ? tell_operand(NULL, 0) : 0;
	for (int i = 0; i < argc; i++) {
		int st = tell_operand(strcmp(argv[i], "-") != 0 ? argv[i] : NULL, argc > 1);

		if (st > status)
			status = st;
	}
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
