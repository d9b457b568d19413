/* elf-uuid - print the identity of ELF files */
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_id.h"
#include "io.h"
#include "record.h"

struct options {
	int build_id, raw;
	const char *section;	/* NULL: .uuid, and the other identities after it */
};

static int
usage(FILE *to, int status)
{
	fputs("usage: elf-uuid [-bhrV] [FILE ...]\n"
	      "       elf-uuid -s SECTION [-r] [FILE ...]\n",
	    to);
	return fflush(to) == 0 ? status : 2;
}

/* A seekable copy of a stream that starts as an ELF file does; -1 with errno, ENOEXEC: not ELF. */
static int
spool(int fd)
{
	char magic[SELFMAG];
	ssize_t n = io_read(fd, magic, sizeof(magic));
	int tmp;

	if (n < 0)
		return -1;
	if (n < SELFMAG || memcmp(magic, ELFMAG, SELFMAG) != 0) {
		errno = ENOEXEC;
		return -1;
	}
	if ((tmp = io_tmpfile()) < 0)
		return -1;
	if (io_write(tmp, magic, sizeof(magic)) < 0 || io_copy(fd, tmp) != 0) {
		int saved = errno;

		io_close(tmp);
		errno = saved;
		return -1;
	}
	return tmp;
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
	char text[ELF_ID_TEXT_MAX + 1], hex[2 * ELF_ID_BUILD_ID_MAX + 1];
	const char *from = NULL;
	size_t n = 0;

	if (!o->build_id)
		n = elf_id_uuid(id, text, &from);
	/* Only the section was asked for: another identity is not an answer. */
	if (o->section != NULL && (n == 0 || strcmp(from, "section") != 0))
		n = 0;
	if (o->section != NULL && o->raw && id->section_len > 0) {
		put(o, prefix, id->section, id->section_len, "", 0);
	} else if (n > 0) {
		int note = strcmp(from, "note") == 0;

		put(o, prefix, note ? id->note : id->section, note ? ELF_ID_UUID : id->section_len,
		    text, n);
	} else if (o->section == NULL && id->build_id_len > 0) {
		n = elf_id_build_id(id, hex);
		put(o, prefix, id->build_id, id->build_id_len, hex, n);
	} else {
		return 1;
	}
	return 0;
}

static int
one(const struct options *o, const char *path, int several)
{
	const char *name = path == NULL || strcmp(path, "-") == 0 ? "<stdin>" : path;
	struct stat st;
	struct elf_id id;
	int fd, from, status = 2;

	if ((fd = from = io_open(path)) < 0) {
		warn("%s", name);
		return 2;
	}
	if (isatty(fd)) {
		warnx("%s: is a terminal: an ELF file is not read from there", name);
	} else if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && (fd = spool(fd)) < 0) {
		if (errno == ENOEXEC)
			warnx("%s: not an ELF file", name);
		else
			warn("%s", name);
	} else {
		switch (elf_id_read(fd, o->section != NULL ? o->section : ELF_ID_SECTION, &id)) {
		case ELF_ID_TOO_LONG:
			/* Of the build-id alone the section is no part. */
			if (!o->build_id) {
				warnx("%s: section %s: over %d bytes", name,
				    o->section != NULL ? o->section : ELF_ID_SECTION,
				    ELF_ID_SECTION_MAX);
				break;
			}
			/* fallthrough */
		case ELF_ID_OK:
			if ((status = print(o, several ? name : NULL, &id)) == 1)
				warnx("%s: no identity", name);
			break;
		case ELF_ID_NOT_ELF:
			warnx("%s: not an ELF file", name);
			break;
		case ELF_ID_CUT:
			warnx("%s: cut short: its section headers are past its end", name);
			break;
		case ELF_ID_TOO_MANY:
			warnx("%s: malformed ELF file: more sections, segments or names than a program has",
			    name);
			break;
		case ELF_ID_MALFORMED:
			warnx("%s: malformed ELF file: %s", name, elf_id_error());
			break;
		}
	}
	if (fd >= 0 && fd != from)
		io_close(fd);
	if (from != STDIN_FILENO)
		io_close(from);
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	int c, status = 0;

	if (io_std() < 0)
		return 2;
	while ((c = getopt(argc, argv, "bhrs:V")) != -1) {
		switch (c) {
		case 'b':
			o.build_id = 1;
			break;
		case 'h':
			return usage(stdout, 0);
		case 'r':
			o.raw = 1;
			break;
		case 's':
			o.section = optarg;
			break;
		case 'V':
			puts("elf-uuid " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		default:
			return usage(stderr, 2);
		}
	}
	argv += optind;
	argc -= optind;
	if (o.build_id && o.section != NULL)
		return usage(stderr, 2);
	if (o.raw && argc > 1)
		errx(2, "-r: the bytes of several files cannot be told apart");

	if (argc == 0)
		status = one(&o, NULL, 0);
	for (int i = 0; i < argc; i++) {
		int st = one(&o, argv[i], argc > 1);

		if (st > status)
			status = st;
	}
	if (fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return status;
}
