#include "elf/id.h"

#include <ar.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/number.h"
#include "elf/file.h"

/*
 * A thin archive holds no members, but says which files they are (GNU binutils, include/aout/ar.h).
 */
#define THIN "!<thin>\n"
/* The most bytes of the table of long names. */
#define NAMES_MAX (16u * 1024 * 1024)
#define PIECE (64u * 1024)

struct archive {
	int fd;
	uint64_t size;
	int thin;
	const char *path;	/* of the archive itself, or NULL */
	char *names;		/* the table of long names, a NUL behind it */
	size_t names_len;
	int copy;		/* a file for the member that is looked at, or -1 */
};

struct member {
	uint64_t data, len;	/* what it holds */
	uint64_t next;		/* where the next header is */
	char name[PATH_MAX];
	int table;		/* of symbols or names: no member */
	int names;		/* that of names */
	int nested;		/* a thin archive's member that is in another archive */
};

/* A number of the header: decimal, spaces behind it. */
static int
read_size(const char *field, size_t n, uint64_t *value)
{
	char text[32];

	while (n > 0 && field[n - 1] == ' ')
		n--;
	memcpy(text, field, n);
	text[n] = '\0';
	return number_parse(text, 0, INT64_MAX, value);
}

/* A name out of the table: to the end of its line, less the slash there. */
static int
long_name(const struct archive *a, const char *digits, struct member *m)
{
	size_t n = strspn(digits, "0123456789");
	uint64_t at;

	m->nested = digits[n] == ':';
	if (read_size(digits, n, &at) < 0 || at >= a->names_len)
		return -1;
	n = strcspn(a->names + at, "\n");
	if (n > 0 && a->names[at + n - 1] == '/')
		n--;
	if (n >= sizeof(m->name))
		return -1;
	memcpy(m->name, a->names + at, n);
	m->name[n] = '\0';
	return 0;
}

/* The name that stands before what the member holds, as in BSD. */
static int
name_before(const struct archive *a, uint64_t n, struct member *m)
{
	if (n > m->len || n >= sizeof(m->name) ||
	    io_pread(a->fd, m->name, (size_t)n, m->data) != (ssize_t)n)
		return -1;
	m->name[n] = '\0';
	m->data += n;
	m->len -= n;
	return 0;
}

static int
read_name(const struct archive *a, const struct ar_hdr *h, struct member *m)
{
	char text[sizeof(h->ar_name) + 1];
	size_t n = sizeof(h->ar_name);
	uint64_t before;

	while (n > 0 && h->ar_name[n - 1] == ' ')
		n--;
	memcpy(text, h->ar_name, n);
	text[n] = '\0';
	if (strcmp(text, "/") == 0 || strcmp(text, "//") == 0 || strcmp(text, "/SYM64/") == 0) {
		m->table = 1;
		m->names = text[1] == '/';
		return 0;
	}
	if (strncmp(text, "#1/", 3) == 0)
		return read_size(text + 3, n - 3, &before) < 0 ? -1 : name_before(a, before, m);
	if (text[0] == '/')
		return long_name(a, text + 1, m);
	if (n > 0 && text[n - 1] == '/')
		text[n - 1] = '\0';
	strcpy(m->name, text);
	return 0;
}

/* Keeps the table of long names. */
static int
read_names(struct archive *a, const struct member *m)
{
	if (a->names != NULL || m->len > NAMES_MAX ||
	    (a->names = malloc((size_t)m->len + 1)) == NULL)
		return -1;
	a->names_len = (size_t)m->len;
	a->names[a->names_len] = '\0';
	return io_pread(a->fd, a->names, a->names_len, m->data) == (ssize_t)m->len ? 0 : -1;
}

/* The member whose header is at an offset; -1 when it is none. */
static int
read_member(struct archive *a, uint64_t at, struct member *m)
{
	struct ar_hdr h;
	uint64_t stored;

	m->name[0] = '\0';
	m->table = m->names = m->nested = 0;
	if (io_pread(a->fd, &h, sizeof(h), at) != (ssize_t)sizeof(h) ||
	    memcmp(h.ar_fmag, ARFMAG, sizeof(h.ar_fmag)) != 0 ||
	    read_size(h.ar_size, sizeof(h.ar_size), &m->len) < 0)
		return -1;
	m->data = at + sizeof(h);
	stored = m->len;
	if (read_name(a, &h, m) < 0)
		return -1;
	m->next = at + sizeof(h);
	if (a->thin && m->table == 0)
		return 0;
	if (stored > a->size - m->next)
		return -1;
	m->next += stored + stored % 2;
	return m->names ? read_names(a, m) : 0;
}

/* The file of a thin archive's member, whose name is from the archive's own folder. */
static int
open_file(const struct archive *a, const char *name)
{
	const char *slash = a->path != NULL ? strrchr(a->path, '/') : NULL;
	char path[2 * PATH_MAX];
	int n;

	if (a->path == NULL) {
		errno = 0;
		return -1;
	}
	n = slash == NULL || name[0] == '/' ? 0 : (int)(slash + 1 - a->path);
	if (n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	snprintf(path, sizeof(path), "%.*s%s", n, a->path, name);
	return io_open_regular(path, 1);
}

/* What the member holds, in a file of its own, since elf_id_read reads from a file's first byte. */
static int
copy_member(struct archive *a, const struct member *m)
{
	uint8_t *buf = io_buffer(PIECE);
	uint64_t done = 0;

	if (a->copy < 0)
		a->copy = io_tmpfile();
	if (buf == NULL || a->copy < 0 || ftruncate(a->copy, 0) < 0)
		done = UINT64_MAX;
	while (done < m->len) {
		size_t n = m->len - done < PIECE ? (size_t)(m->len - done) : PIECE;
		ssize_t got = io_pread(a->fd, buf, n, m->data + done);

		/* It cannot end early unless it was cut short meanwhile. */
		errno = got == 0 ? EIO : errno;
		if (got <= 0 || io_pwrite(a->copy, buf, (size_t)got, done) < 0)
			break;
		done += (uint64_t)got;
	}
	free(buf);
	return done == m->len ? 0 : -1;
}

static enum elf_id_status
identify(struct archive *a, const struct member *m, const char *section, struct elf_id *id)
{
	uint8_t magic[ELF_ID_KIND_LEN];
	enum elf_id_status st;
	enum elf_id_kind kind;
	uint64_t at = a->thin ? 0 : m->data;
	int fd = a->fd;
	ssize_t n;

	memset(id, 0, sizeof(*id));
	if (a->thin && (m->nested || (fd = open_file(a, m->name)) < 0))
		return m->nested ? ELF_ID_ARCHIVE : ELF_ID_ABSENT;
	n = io_pread(fd, magic,
	    !a->thin && m->len < sizeof(magic) ? (size_t)m->len : sizeof(magic), at);
	kind = elf_id_kind(magic, n < 0 ? 0 : (size_t)n);
	if (n < 0)
		st = ELF_ID_SYSTEM;
	else if (kind != ELF_ID_KIND_ELF && kind != ELF_ID_KIND_CORE)
		st = kind == ELF_ID_KIND_ARCHIVE ? ELF_ID_ARCHIVE : ELF_ID_NOT_ELF;
	else if (!a->thin && copy_member(a, m) < 0)
		st = ELF_ID_SYSTEM;
	else
		st = elf_id_read(a->thin ? fd : a->copy, section, id);
	if (fd != a->fd)
		io_close(fd);
	return st;
}

enum elf_id_status
elf_id_archive(int fd, const char *path, const char *section,
    void (*each)(void *arg, const char *name, enum elf_id_status status, const struct elf_id *id),
    void *arg)
{
	struct archive a = { .fd = fd, .path = path, .copy = -1 };
	struct elf_id *id = malloc(sizeof(*id));
	struct member *m = malloc(sizeof(*m));
	off_t size = lseek(fd, 0, SEEK_END);
	enum elf_id_status st = ELF_ID_OK;
	char magic[SARMAG];

	a.size = size < 0 ? 0 : (uint64_t)size;
	if (id == NULL || m == NULL)
		st = ELF_ID_SYSTEM;
	else if (io_pread(fd, magic, SARMAG, 0) != SARMAG)
		st = elf_id_malformed("an archive that is cut short");
	else
		a.thin = memcmp(magic, THIN, SARMAG) == 0;
	for (uint64_t at = SARMAG; st == ELF_ID_OK && at < a.size; at = m->next) {
		if (read_member(&a, at, m) < 0)
			st = elf_id_malformed("an archive with a damaged member header");
		else if (m->table == 0)
			each(arg, m->name, identify(&a, m, section, id), id);
	}
	if (a.copy >= 0)
		io_close(a.copy);
	free(a.names);
	free(id);
	free(m);
	return st;
}
