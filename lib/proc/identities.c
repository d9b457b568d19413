#include "proc/identities.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "core/core.h"
#include "core/read.h"
#include "elf/debug_file.h"
#include "proc/facts.h"

static const struct elf_id none;

static int
refuse(struct identities *i, const char *why)
{
	snprintf(i->why, sizeof(i->why), "%s", why);
	return -1;
}

static void
give(const struct identities *i, enum elf_id_status st, const struct elf_id *id)
{
	i->each(i->arg, IDENTITIES_FILE, NULL, st, id);
}

static void
give_modules(const struct identities *i, const struct core *c)
{
	struct elf_id id;
	int given = 0;

	for (size_t k = 0; k < c->files.count; k++) {
		const struct core_file *f = &c->files.file[k];

		if (f->module == NULL || facts_identity(f, &id) < 0)
			continue;
		i->each(i->arg, IDENTITIES_MODULE, f->path[0] != '\0' ? f->path : "-", ELF_ID_OK,
		    &id);
		given = 1;
	}
	if (!given)
		give(i, ELF_ID_OK, &none);
}

static int
read_core(struct identities *i, struct image *image)
{
	struct elf_id id = none;
	uint64_t bytes;
	struct core c;
	int rc = 0;

	core_open(&c);
	if (core_read_image(&c, image, &bytes) < 0) {
		rc = refuse(i, strerror(errno));
	} else if (!c.is_core) {
		rc = refuse(i, c.bad);
	} else if (i->modules) {
		give_modules(i, &c);
	} else {
		facts_identity(c.exe, &id);
		give(i, ELF_ID_OK, &id);
	}
	core_close(&c);
	return rc;
}

static int
read_object(const struct identities *i, const char *path, int fd)
{
	struct elf_id id;
	enum elf_id_status st = elf_id_read(fd, i->section, &id);
	int debug;

	if (i->debug && path != NULL && st == ELF_ID_OK && id.section_len == 0 &&
	    (debug = elf_debug_open(fd, path)) >= 0) {
		st = elf_id_read(debug, i->section, &id);
		io_close(debug);
	}
	give(i, st, &id);
	return 0;
}

struct archive {
	const struct identities *i;
	int given;
};

static void
give_member(void *arg, const char *name, enum elf_id_status st, const struct elf_id *id)
{
	struct archive *a = arg;

	/* Some members of a library are no objects. */
	if (st == ELF_ID_NOT_ELF)
		return;
	a->i->each(a->i->arg, IDENTITIES_MEMBER, name, st, id);
	a->given = 1;
}

static int
read_archive(struct identities *i, const char *path, int fd)
{
	struct archive a = { .i = i };
	enum elf_id_status st = elf_id_archive(fd, path, i->section, give_member, &a);

	if (st != ELF_ID_OK)
		return refuse(i, st == ELF_ID_SYSTEM ? strerror(errno) : "malformed archive");
	if (!a.given)
		give(i, ELF_ID_OK, &none);
	return 0;
}

/* An ELF file that is stored in another format; libelf needs it as a file. */
static int
read_stored_object(struct identities *i, struct stored *s)
{
	int fd = stored_file(s), rc;

	if (fd < 0)
		return refuse(i, strerror(errno));
	rc = read_object(i, NULL, fd);
	io_close(fd);
	return rc;
}

/* A core, or what is stored in another format: a core or an ELF file. */
static int
read_stored(struct identities *i, int fd)
{
	uint8_t head[ELF_ID_KIND_LEN];
	enum stored_status st;
	struct stored s;
	ssize_t n;
	int rc;

	if ((st = stored_open(&s, fd, i->age, 0)) != STORED_OK)
		refuse(i, s.why);
	if (st == STORED_CANNOT)
		return -1;
	n = image_read(s.image, 0, head, sizeof(head));
	if (elf_id_kind(head, n < 0 ? 0 : (size_t)n) == ELF_ID_KIND_ELF)
		rc = read_stored_object(i, &s);
	else
		rc = read_core(i, s.image);
	stored_close(&s);
	return rc < 0 ? -1 : st == STORED_DAMAGED;
}

static int
read_file(struct identities *i, int fd, const char *path)
{
	uint8_t head[ELF_ID_KIND_LEN];
	ssize_t n = io_pread(fd, head, sizeof(head), 0);
	enum elf_id_kind kind = elf_id_kind(head, n < 0 ? 0 : (size_t)n);

	if (kind == ELF_ID_KIND_CORE || unpack_knows(fd))
		return read_stored(i, fd);
	return kind == ELF_ID_KIND_ARCHIVE ? read_archive(i, path, fd) : read_object(i, path, fd);
}

int
identities_read(struct identities *i, int fd, const char *path)
{
	int copy, rc;

	if (io_regular(fd))
		return read_file(i, fd, path);
	if (unpack_knows(fd))
		return read_stored(i, fd);
	if ((copy = elf_id_spool(fd)) < 0)
		return refuse(i, errno == ENOEXEC ? elf_id_words(ELF_ID_NOT_ELF) : strerror(errno));
	rc = read_file(i, copy, path);
	io_close(copy);
	return rc;
}
