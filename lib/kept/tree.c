#define _GNU_SOURCE
#include "kept/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/io.h"
#include "core/link_map.h"
#include "kept/debugger.h"
#include "system/copy_file.h"

/* Directories that are open at once while the tree is removed. */
#define OPEN_DIRS 16

/* Links on their way into the tree. */
struct links {
	struct kept_tree *t;
	const struct core *core;
	int failed;			/* an errno */
};

/* The right file of the module that has an address, or NULL. */
static const struct kept_tree_file *
file_at(const struct links *l, uint64_t address)
{
	const struct core_file *file = core_files_at(&l->core->files, address);

	for (size_t k = 0; file != NULL && k < l->t->files; k++)
		if (strcmp(l->t->file[k].file->path, file->path) == 0)
			return &l->t->file[k];
	return NULL;
}

/* Takes the file of a module, which is open; for another user, it may stay open for a copy. */
static int
take_file(struct kept_tree *t, const struct core_file *file, const struct kept_found *f)
{
	struct kept_tree_file one = { .file = file, .fd = -1 };
	char real[PATH_MAX];
	int linked = !t->other || debugger_can_read(f->path, t->user, real);

	if (ARRAY_GROW(t->file, t->room, t->files, CORE_FILES) < 0 ||
	    (one.path = strdup(t->other && linked ? real : f->path)) == NULL)
		return -1;
	if (linked)
		io_close(f->fd);
	else
		one.fd = f->fd;
	t->file[t->files++] = one;
	return 0;
}

static void
note_relative(void *arg, const char *name, uint64_t dynamic)
{
	struct links *l = arg;

	l->t->relative |= *name != '/' && file_at(l, dynamic) != NULL;
}

int
kept_tree_find(struct kept_tree *t, struct kept_sources *s, const struct core *c, struct image *i,
    void (*tell)(void *arg, const struct core_file *file, const struct kept_found *f), void *arg)
{
	struct kept_found *f = malloc(sizeof(*f));
	struct links l = { .t = t, .core = c };
	int rc = f != NULL ? 0 : -1;

	*t = (struct kept_tree){ .other = t->other, .user = t->user, .needed = t->other };
	for (size_t k = 0, looked = 0; rc == 0 && k < c->files.count; k++) {
		const struct core_file *file = &c->files.file[k];

		if (looked == KEPT_FIND_MOST || file->from != 0 || file->module == NULL ||
		    *file->path != '/')
			continue;
		looked++;
		if (!kept_found(f, s, c, i, file)) {
			/* Which executable to use is the caller's to say. */
			t->needed |= f->other && file != c->exe;
			if ((f->other || f->why != 0) && file != c->exe)
				tell(arg, file, f);
			continue;
		}
		t->needed |= strcmp(f->path, file->path) != 0;
		if ((rc = take_file(t, file, f)) < 0)
			io_close(f->fd);
	}
	free(f);
	if (t->needed)
		core_link_map(c, i, note_relative, &l);
	return rc;
}

void
kept_tree_forget(struct kept_tree *t)
{
	for (size_t k = 0; k < t->files; k++) {
		if (t->file[k].fd >= 0)
			io_close(t->file[k].fd);
		free(t->file[k].path);
	}
	free(t->file);
	t->file = NULL;
	t->files = t->room = 0;
}

/* Whether a part of the path leads up, so that it may not be what it seems. */
static int
leads_up(const char *path)
{
	size_t n = strlen(path);

	return strstr(path, "/../") != NULL || (n >= 3 && strcmp(path + n - 3, "/..") == 0);
}

/*
 * Opens the directory of a name in dir, and makes it first.  Returns -1 with errno, ENOTDIR where a link has the name:
 * that leads to a file of the core's, in whose place its owner may have put a link to a directory by now.
 */
static int
enter(int dir, const char *name)
{
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -1;
	return openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Links path below dir, which is closed, to a file. */
static int
link_below(int dir, char *path, const char *to)
{
	char *part = path + strspn(path, "/"), *end;
	int in = dir, rc;

	while (in >= 0 && *(end = part + strcspn(part, "/")) != '\0') {
		*end = '\0';
		dir = in;
		in = enter(dir, part);
		rc = errno;
		io_close(dir);
		errno = rc;
		part = end + 1 + strspn(end + 1, "/");
	}
	/* A path that ends with a slash, or leads through another file, is no file's. */
	rc = in < 0 ? -1 : *part == '\0' ? 0 : symlinkat(to, in, part);
	if (rc < 0 && (errno == EEXIST || errno == ENOTDIR || errno == ENAMETOOLONG))
		rc = 0;
	if (in >= 0) {
		int saved = errno;

		io_close(in);
		errno = saved;
	}
	return rc;
}

/* Links an absolute path in the tree to a file. */
static int
link_path(const struct kept_tree *t, const char *path, const char *to)
{
	char below[2 * PATH_MAX];
	int dir, n = snprintf(below, sizeof(below), KEPT_TREE_ROOT "%s", path);

	if (*path != '/' || leads_up(path) || (size_t)n >= sizeof(below))
		return 0;
	dir = open(t->dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? -1 : link_below(dir, below, to);
}

/* Links the last part of a path to a file; two modules of the same name would be mistaken for each other. */
static int
link_name(const struct kept_tree *t, const char *path, const char *to)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	char link[2 * PATH_MAX], other[2 * PATH_MAX];
	int n = snprintf(link, sizeof(link), "%s/" KEPT_TREE_NAMES "/%s", t->dir, name);
	ssize_t len;

	if (*name == '\0' || strcmp(name, "..") == 0 || strcmp(name, ".") == 0 ||
	    (size_t)n >= sizeof(link))
		return 0;
	if (symlink(to, link) == 0 || errno == ENAMETOOLONG)
		return 0;
	if (errno != EEXIST)
		return -1;
	len = readlink(link, other, sizeof(other) - 1);
	if (len < 0 || ((size_t)len == strlen(to) && memcmp(other, to, (size_t)len) == 0))
		return 0;
	/* A directory is no file of a module, and keeps the name taken. */
	return unlink(link) == 0 ? mkdir(link, 0700) : -1;
}

static void
add_link(struct links *l, const char *path, const char *to)
{
	if (l->failed == 0 && (link_path(l->t, path, to) < 0 || link_name(l->t, path, to) < 0))
		l->failed = errno;
}

/* The name by which the dynamic linker opened a module. */
static void
add_linker_name(void *arg, const char *name, uint64_t dynamic)
{
	struct links *l = arg;
	const struct kept_tree_file *f = file_at(l, dynamic);

	if (f != NULL)
		add_link(l, name, f->path);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

static void
remove_tree(const char *dir)
{
	nftw(dir, remove_one, OPEN_DIRS, FTW_DEPTH | FTW_PHYS);
}

/* The process that removes the tree when the other end of the pipe is closed. */
static void
wait_and_remove(const char *dir, int end)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	int null = open("/dev/null", O_RDWR);
	long most = sysconf(_SC_OPEN_MAX);
	char byte;

	for (size_t k = 0; k < sizeof(ignored) / sizeof(*ignored); k++)
		signal(ignored[k], SIG_IGN);
	setsid();
	/* Neither the stored file, and its lock, nor somebody's pipe. */
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	for (int fd = 3; fd < (most > 0 && most < 65536 ? (int)most : 65536); fd++)
		if (fd != end)
			io_close(fd);
	while (io_read(end, &byte, 1) > 0)
		continue;
	remove_tree(dir);
	_exit(0);
}

/* Starts it, detached from us: nobody waits for its end.  Returns 0, or -1 with errno. */
static int
start_remover(const char *dir)
{
	int join[2], status;
	pid_t pid;

	if (pipe2(join, O_CLOEXEC) < 0)
		return -1;
	/* The debugger inherits that end. */
	if (fcntl(join[1], F_SETFD, 0) < 0 || (pid = fork()) < 0) {
		io_close(join[0]);
		io_close(join[1]);
		return -1;
	}
	if (pid == 0) {
		io_close(join[1]);
		if ((pid = fork()) == 0)
			wait_and_remove(dir, join[0]);
		_exit(pid < 0);
	}
	io_close(join[0]);
	if (waitpid(pid, &status, 0) == pid && status == 0)
		return 0;
	io_close(join[1]);
	errno = EAGAIN;
	return -1;
}

/* Where the copy number k of a file is; -1 with errno if that is too long. */
static int
name_copy(const struct kept_tree *t, size_t k, const char *path, char copy[2 * PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int n = snprintf(copy, 2 * PATH_MAX, "%s/" KEPT_TREE_COPIES "/%zu/%s", t->dir, k,
	    slash != NULL ? slash + 1 : path);

	errno = ENAMETOOLONG;
	return n < PATH_MAX ? 0 : -1;
}

/* Copies the file of a descriptor, as number k. */
static int
make_copy(const struct kept_tree *t, size_t k, const char *path, int from, char copy[2 * PATH_MAX])
{
	char *slash;
	struct stat st;
	int to, rc;

	if (fstat(from, &st) < 0 || name_copy(t, k, path, copy) < 0)
		return -1;
	slash = strrchr(copy, '/');
	*slash = '\0';
	rc = mkdir(copy, 0700);
	*slash = '/';
	to = rc == 0 ? open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	if (to < 0)
		return -1;
	rc = copy_file_bytes(from, to, (uint64_t)st.st_size);
	return io_close(to) < 0 || rc < 0 ? -1 : 0;
}

static int
is_same(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	    one.st_ino == other.st_ino;
}

/* Makes the copies, to which the links will lead; that of fd is there. */
static int
make_copies(struct kept_tree *t, int fd, const char *there)
{
	char copy[2 * PATH_MAX], *path;

	for (size_t k = 0; k < t->files; k++) {
		struct kept_tree_file *f = &t->file[k];
		int same = f->fd >= 0 && fd >= 0 && is_same(f->fd, fd);

		if (f->fd < 0)
			continue;
		if ((!same && make_copy(t, k + 1, f->path, f->fd, copy) < 0) ||
		    (path = strdup(same ? there : copy)) == NULL)
			return -1;
		free(f->path);
		f->path = path;
	}
	return 0;
}

void
kept_tree_executable(const struct kept_tree *t, char path[PATH_MAX])
{
	char copy[2 * PATH_MAX];

	if (name_copy(t, 0, path, copy) == 0)
		strcpy(path, copy);
}

static int
make_folder(const struct kept_tree *t, const char *name)
{
	char folder[PATH_MAX + 16];

	snprintf(folder, sizeof(folder), "%s/%s", t->dir, name);
	return mkdir(folder, 0700);
}

static int
fill(struct kept_tree *t, const struct core *c, struct image *i, int fd, char path[PATH_MAX])
{
	struct links l = { .t = t, .core = c };
	char copy[2 * PATH_MAX];

	if (make_folder(t, KEPT_TREE_ROOT) < 0 || make_folder(t, KEPT_TREE_NAMES) < 0 ||
	    make_folder(t, KEPT_TREE_COPIES) < 0 ||
	    (fd >= 0 && make_copy(t, 0, path, fd, copy) < 0) || make_copies(t, fd, copy) < 0)
		return -1;
	for (size_t k = 0; k < t->files; k++)
		add_link(&l, t->file[k].file->path, t->file[k].path);
	core_link_map(c, i, add_linker_name, &l);
	if (fd >= 0)
		strcpy(path, copy);
	errno = l.failed;
	return l.failed == 0 ? 0 : -1;
}

int
kept_tree_make(struct kept_tree *t, const struct core *c, struct image *i, int fd,
    char path[PATH_MAX])
{
	const char *below = getenv("TMPDIR");
	char full[PATH_MAX];
	int saved;

	/* A link's target, and what gdb is told, do not depend on the working directory. */
	if (realpath(below != NULL && *below != '\0' ? below : "/tmp", full) == NULL)
		return -1;
	if ((size_t)snprintf(t->dir, sizeof(t->dir), "%s/core-open.XXXXXX", full) >= sizeof(t->dir))
		errno = ENAMETOOLONG;
	else if (mkdtemp(t->dir) != NULL) {
		if (fill(t, c, i, fd, path) == 0 && start_remover(t->dir) == 0)
			return 0;
		saved = errno;
		remove_tree(t->dir);
		errno = saved;
	}
	t->dir[0] = '\0';
	return -1;
}
