#define _GNU_SOURCE
#include "kept/copy.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/io.h"
#include "elf/file.h"
#include "base/sha256.h"
#include "system/copy_file.h"
#include "system/owner.h"

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
#define PIECE (128u * 1024)

static void
fail(struct kept_task *t, const char *why, int error)
{
	t->verdict = KEPT_FAILED;
	t->why = why;
	t->error = error;
}

static int
is_fuse(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (uint64_t)fs.f_type == FUSE_SUPER_MAGIC;
}

static int
open_again(int source)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", source);
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/*
 * Opens the very file as root, and gives root up.  A FUSE file system may answer its own user alone,
 * not even root: that is the user of the process, who could read the file.  Returns the descriptor,
 * or -1 with what failed in t.
 */
static int
open_source(struct kept_task *t)
{
	struct stat st;
	int fd, as_user = 0, rc;

	/* To open what is no regular file may do something to it. */
	if (fstat(t->source, &st) == 0 && !S_ISREG(st.st_mode)) {
		fail(t, "not a regular file", 0);
		return -1;
	}
	fd = open_again(t->source);
	if (t->has_user && t->user != 0)
		as_user = fd >= 0 ? is_fuse(fd) : errno == EACCES || errno == EPERM;
	rc = as_user ? owner_take(t->user, t->group) : fd < 0 ? -1 : owner_take(t->uid, t->gid);
	if (rc == 0 && fd < 0)
		fd = open_again(t->source);
	if (rc < 0 || fd < 0) {
		fail(t, "cannot be opened", errno);
		return -1;
	}
	if (fstat(fd, &st) < 0) {
		fail(t, "cannot be read", errno);
		return -1;
	}
	if (!io_stored(fd)) {
		fail(t, "not a regular file", 0);
		return -1;
	}
	return fd;
}

/* Whether ordinary users can neither write the file nor say what its owner is. */
static int
is_of_root(int fd, const struct stat *st)
{
	return st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 && !is_fuse(fd);
}

/*
 * The user who alone can write the file, or -1: what a FUSE file system says of owners may be false.  The process of a
 * user who has a group of their own may have files for that group.  A file in memory is for everybody, but has no name
 * by which it could be opened.
 */
static int64_t
owner_of(int fd, const struct kept_task *t, const struct stat *st)
{
	if (is_fuse(fd))
		return -1;
	if (st->st_nlink > 0 && ((st->st_mode & S_IWOTH) ||
	    ((st->st_mode & S_IWGRP) && (!t->has_user || st->st_gid != t->group))))
		return -1;
	return st->st_uid;
}

/*
 * Whether a reader finds the very file at the path that the core names.  One that answers its own
 * user alone, whose rights we have then, answers no reader.
 */
static int
is_found(const struct kept_task *t, const struct stat *st)
{
	int fd = geteuid() == t->uid ? io_open_regular(t->path, 1) : -1;
	struct stat there;

	return fd >= 0 && fstat(fd, &there) == 0 && there.st_dev == st->st_dev &&
	    there.st_ino == st->st_ino;
}

static void
put_hex(char *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* The bytes of the disk that a copy takes at most: FUSE may say that a file has no blocks, and yet have bytes. */
static uint64_t
room_of(int fd, const struct stat *st)
{
	uint64_t disk = (uint64_t)st->st_blocks * 512;

	return is_fuse(fd) && disk < (uint64_t)st->st_size ? (uint64_t)st->st_size : disk;
}

void
kept_look(void *arg)
{
	struct kept_task *t = arg;
	const struct kept_module *m = t->module;
	struct elf_id id = { .build_id_len = 0 };
	struct stat st;
	int fd;

	if ((fd = open_source(t)) < 0)
		return;
	if (fstat(fd, &st) < 0) {
		fail(t, "cannot be read", errno);
		return;
	}
	t->disk = room_of(fd, &st);
	if (elf_id_image(t->head, m->head_len, &id) != ELF_ID_OK) {
		t->verdict = KEPT_NO_MODULE;
		return;
	}
	if (!t->all && is_found(t, &st)) {
		t->verdict = KEPT_FOUND;
		return;
	}
	t->kind = KEPT_DIGEST;
	t->owner = owner_of(fd, t, &st);
	if (is_of_root(fd, &st) && id.build_id_len >= KEPT_BUILD_ID_LEAST) {
		t->kind = KEPT_BUILD_ID;
		put_hex(t->name, id.build_id, id.build_id_len);
	} else if (is_of_root(fd, &st) && id.build_id_len == 0 && id.has_note) {
		t->kind = KEPT_UUID;
		put_hex(t->name, id.note, sizeof(id.note));
	}
	t->verdict = KEPT_WANTED;
}

/* Whether nothing has written to the file in between. */
static int
is_unchanged(int fd, const struct stat *before)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size == before->st_size &&
	    st.st_ino == before->st_ino && st.st_dev == before->st_dev &&
	    st.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == before->st_mtim.tv_nsec &&
	    st.st_ctim.tv_sec == before->st_ctim.tv_sec &&
	    st.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

/* Whether both files have the same bytes: 1, 0, or -1 with errno. */
static int
is_same(int a, int b, uint64_t size, uint8_t *buf)
{
	struct stat st;

	if (fstat(b, &st) < 0)
		return -1;
	if ((uint64_t)st.st_size != size)
		return 0;
	for (uint64_t at = 0; at < size;) {
		ssize_t n = io_pread(a, buf, PIECE, at), m = io_pread(b, buf + PIECE, PIECE, at);

		if (n < 0 || m < 0)
			return -1;
		if (n == 0 || n != m || memcmp(buf, buf + PIECE, (size_t)n) != 0)
			return 0;
		at += (uint64_t)n;
	}
	return 1;
}

/* Whether the file's header and program headers are those that the process has. */
static int
has_headers(int fd, const struct kept_task *t, uint8_t *buf)
{
	struct elf_file *f = malloc(sizeof(*f));
	size_t head_len = t->module->head_len;
	uint64_t len = 0, segments;
	ssize_t n;

	if (f == NULL || elf_file_memory(f, t->head, head_len) != ELF_ID_OK)
		return 0;
	segments = f->segments * f->head.e_phentsize;
	if (f->head.e_phoff <= head_len && segments <= head_len - f->head.e_phoff)
		len = f->head.e_phoff + segments;
	if (len < f->head.e_ehsize)
		len = f->head.e_ehsize;
	free(f);
	if (len == 0 || len > head_len)
		return 0;
	n = io_pread(fd, buf, (size_t)len, 0);
	return n == (ssize_t)len && memcmp(buf, t->head, (size_t)len) == 0;
}

/* Whether the copy has the identity that the process has in its memory; what is wrong, or NULL. */
static const char *
find_difference(const struct kept_task *t, uint8_t *buf)
{
	const struct kept_module *m = t->module;
	struct elf_id id[2] = { { .build_id_len = 0 }, { .build_id_len = 0 } };
	ssize_t n;

	if ((n = io_pread(t->to, buf, m->head_len, 0)) < 0)
		return "cannot be read";
	if (n < (ssize_t)SELFMAG || !has_headers(t->to, t, buf + CORE_IMAGE_HELD))
		return "not the file that the process has: other headers";
	if (elf_id_image(t->head, m->head_len, &id[0]) != ELF_ID_OK ||
	    elf_id_image(buf, (size_t)n, &id[1]) != ELF_ID_OK ||
	    id[0].build_id_len != id[1].build_id_len ||
	    memcmp(id[0].build_id, id[1].build_id, id[0].build_id_len) != 0 ||
	    id[0].has_note != id[1].has_note ||
	    memcmp(id[0].note, id[1].note, sizeof(id[0].note)) != 0)
		return "not the file that the process has: another identity";
	/* What others find in the file, by its sections, must not be another one either. */
	if (strcmp(t->kind, KEPT_BUILD_ID) == 0 &&
	    (elf_id_read(t->to, ELF_ID_SECTION, &id[1]), id[0].build_id_len != id[1].build_id_len ||
	    memcmp(id[0].build_id, id[1].build_id, id[0].build_id_len) != 0))
		return "its sections claim another build-id";
	return NULL;
}

/* The digest of a file as the digits of a name. */
static int
find_digest(int fd, char name[KEPT_NAME], uint8_t *buf)
{
	uint8_t digest[SHA256_LEN];
	struct sha256 s;
	uint64_t at = 0;
	ssize_t n;

	sha256_start(&s);
	while ((n = io_pread(fd, buf, PIECE, at)) > 0) {
		sha256_take(&s, buf, (size_t)n);
		at += (uint64_t)n;
	}
	sha256_end(&s, digest);
	put_hex(name, digest, sizeof(digest));
	return n < 0 ? -1 : 0;
}

/* Whatever the file says of its size, no more is written. */
static void
limit_size(uint64_t most)
{
	struct rlimit limit = { .rlim_cur = (rlim_t)most, .rlim_max = (rlim_t)most };

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
}

/*
 * Opens the source of a task, with what it is in st, and a buffer of two pieces.  Returns the
 * descriptor, or -1 with what failed in t.
 */
static int
begin(struct kept_task *t, struct stat *st, uint8_t **buf)
{
	int fd = open_source(t);

	if (fd < 0)
		return -1;
	if ((*buf = io_buffer(2 * PIECE)) == NULL || fstat(fd, st) < 0) {
		fail(t, "cannot be read", errno);
		return -1;
	}
	if ((uint64_t)st->st_size > t->most) {
		fail(t, "larger than what may be kept", 0);
		return -1;
	}
	return fd;
}

void
kept_name(void *arg)
{
	struct kept_task *t = arg;
	struct stat st;
	uint8_t *buf;
	int fd = begin(t, &st, &buf);

	if (fd < 0)
		return;
	if (find_digest(fd, t->name, buf) < 0)
		fail(t, "cannot be read", errno);
	else
		t->verdict = KEPT_NAMED;
}

void
kept_compare(void *arg)
{
	struct kept_task *t = arg;
	struct stat st;
	uint8_t *buf;
	int fd = begin(t, &st, &buf), same;

	if (fd < 0)
		return;
	if ((same = is_same(fd, t->kept, (uint64_t)st.st_size, buf)) < 0)
		fail(t, "cannot be read", errno);
	else if (!is_unchanged(fd, &st))
		fail(t, "changed while it was read", 0);
	else
		t->verdict = same ? KEPT_SAME : KEPT_OTHER;
}

void
kept_copy(void *arg)
{
	struct kept_task *t = arg;
	char name[KEPT_NAME];
	struct stat st;
	const char *why;
	uint8_t *buf;
	int fd = begin(t, &st, &buf);

	if (fd < 0)
		return;
	limit_size(t->most);
	if (room_of(fd, &st) > t->disk) {
		/* There may be no room for what it has by now. */
		fail(t, "changed while it was copied", 0);
	} else if (copy_file_bytes(fd, t->to, (uint64_t)st.st_size) < 0) {
		fail(t, errno != 0 ? "cannot be copied" : "changed while it was copied", errno);
	} else if (!is_unchanged(fd, &st)) {
		fail(t, "changed while it was copied", 0);
	} else if ((why = find_difference(t, buf)) != NULL) {
		fail(t, why, 0);
	} else if (strcmp(t->kind, KEPT_DIGEST) == 0 && find_digest(t->to, name, buf) < 0) {
		fail(t, "its copy cannot be read", errno);
	} else if (strcmp(t->kind, KEPT_DIGEST) == 0 && strcmp(name, t->name) != 0) {
		fail(t, "changed while it was copied", 0);
	} else {
		t->verdict = KEPT_COPIED;
	}
}
