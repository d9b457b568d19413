#define _GNU_SOURCE
#include "kept/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "core/match.h"
#include "elf/id.h"
#include "record/record.h"
#include "kept/servers.h"
#include "system/spawn.h"

/* What the kernel puts behind the path of a mapped file that has no name any more: proc(5). */
#define DELETED " (deleted)"
#define HEX (2 * ELF_ID_BUILD_ID_MAX + 1)

const char *
executable_words(const struct executable *e, enum executable_status st)
{
	switch (st) {
	case EXECUTABLE_FOUND:
		return "the executable of this core";
	case EXECUTABLE_UNSURE:
		return "nothing tells whether it is the executable of this core";
	case EXECUTABLE_OTHER:
		return "not the executable of this core, but another build";
	case EXECUTABLE_CLOSED:
		return e->why == EINVAL ? "not a regular file" :
		    e->why == ENOEXEC   ? "not an ELF file" :
					  strerror(e->why);
	case EXECUTABLE_GONE:
		break;
	}
	return "the executable is not there any more";
}

/* What the record knows of the identity, where core and file cannot be compared. */
static enum executable_status
by_record(const struct executable *e, const struct match *m)
{
	char hex[HEX], text[ELF_ID_TEXT_MAX], escaped[RECORD_ESCAPED(ELF_ID_TEXT_MAX)];
	const char *from;
	size_t n;

	if (e->record == NULL)
		return EXECUTABLE_UNSURE;
	if (*e->record->build_id != '\0' && elf_id_build_id(&m->file, hex) > 0)
		return strcmp(hex, e->record->build_id) == 0 ? EXECUTABLE_FOUND : EXECUTABLE_OTHER;
	if (*e->record->uuid != '\0' && (n = elf_id_uuid(&m->file, text, &from)) > 0) {
		record_escape(escaped, text, n);
		return strcmp(escaped, e->record->uuid) == 0 ? EXECUTABLE_FOUND : EXECUTABLE_OTHER;
	}
	return EXECUTABLE_UNSURE;
}

/* What an open file is. */
static enum executable_status
check_file(const struct executable *e, int fd)
{
	struct match m;

	if (match_file(e->core, e->image, fd, &m) != ELF_ID_OK)
		return EXECUTABLE_GONE;
	return m.verdict == MATCH_YES ? EXECUTABLE_FOUND :
	    m.verdict == MATCH_NO     ? EXECUTABLE_OTHER :
					by_record(e, &m);
}

/* Remembers the first file that is there and cannot be opened. */
static void
note_closed(struct executable *e, const char *path, int why)
{
	if (e->why != 0 || why == ENOENT || why == ENOTDIR)
		return;
	e->why = why;
	snprintf(e->closed, sizeof(e->closed), "%s", path);
}

/* Makes a file that was opened e->fd; -1 makes it none. */
static void
take_file(struct executable *e, int fd)
{
	if (e->fd >= 0)
		io_close(e->fd);
	e->fd = fd;
}

/* Opens and checks a path; *fd is open unless the status is EXECUTABLE_CLOSED or EXECUTABLE_GONE. */
static enum executable_status
check_path(struct executable *e, const char *path, int *fd)
{
	enum executable_status st;

	if ((*fd = io_open_regular(path, 1)) < 0) {
		note_closed(e, path, errno);
		return e->why != 0 ? EXECUTABLE_CLOSED : EXECUTABLE_GONE;
	}
	st = check_file(e, *fd);
	if (st == EXECUTABLE_GONE)
		io_close(*fd);
	return st;
}

enum executable_status
executable_check(struct executable *e, const char *path)
{
	int fd;
	enum executable_status st = check_path(e, path, &fd);

	if (st != EXECUTABLE_CLOSED && st != EXECUTABLE_GONE)
		take_file(e, fd);
	return st;
}

/* Whether the executable is at e->path. */
static int
is_there(struct executable *e)
{
	int fd;
	enum executable_status st = check_path(e, e->path, &fd);

	if (st == EXECUTABLE_FOUND)
		take_file(e, fd);
	else if (st != EXECUTABLE_CLOSED && st != EXECUTABLE_GONE)
		io_close(fd);
	return st == EXECUTABLE_FOUND;
}

/* Where it was: an absolute path, which no program takes for an option. */
static void
recorded(struct executable *e)
{
	const char *path = e->core->exe != NULL ? e->core->exe->path : "",
	    *exe = e->record != NULL ? e->record->exe : "";
	size_t n;

	e->recorded[0] = '\0';
	if (*path == '/') {
		if (strlen(path) < sizeof(e->recorded))
			strcpy(e->recorded, path);
	} else if (*exe == '/' && strlen(exe) < sizeof(e->recorded)) {
		strcpy(e->recorded, exe);
		record_unescape(e->recorded);
	}
	n = strlen(e->recorded);
	if (n > strlen(DELETED) && strcmp(e->recorded + n - strlen(DELETED), DELETED) == 0)
		e->recorded[n - strlen(DELETED)] = '\0';
}

/* The build-id in hexadecimal; whether there is one. */
static int
build_id(const struct executable *e, char hex[HEX])
{
	const char *said = e->record != NULL ? e->record->build_id : "";
	struct elf_id id = { .build_id_len = 0 };

	if (e->core->exe != NULL)
		core_files_identity(e->core->exe, &id);
	if (elf_id_build_id(&id, hex) > 0)
		return strlen(hex) > 2;
	/* The record's value becomes a part of a path, so it must be digits and nothing else. */
	if (strlen(said) >= HEX || strlen(said) <= 2 ||
	    said[strspn(said, "0123456789abcdef")] != '\0')
		return 0;
	strcpy(hex, said);
	return 1;
}

static int
in_directory(struct executable *e, const char *dir, const char *hex)
{
	int n = snprintf(e->path, sizeof(e->path), "%s/.build-id/%.2s/%s", dir, hex, hex + 2);

	return n > 0 && (size_t)n < sizeof(e->path) && is_there(e);
}

/* The first line that a program prints when it ends well, in out[len]; whether there is one. */
static int
ask(const char *const *argv, char *out, size_t len)
{
	struct spawn child = { .argv = (char **)(uintptr_t)argv,
		.fd = { SPAWN_SAME, SPAWN_SAME, SPAWN_SAME } };
	int join[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(join, O_CLOEXEC) < 0)
		return 0;
	child.fd[1] = join[1];
	pid = spawn_start(&child);
	io_close(join[1]);
	n = io_read(join[0], out, len - 1);
	io_close(join[0]);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return pid > 0 && spawn_wait(pid) == 0 && *out == '/';
}

static int
on_servers(struct executable *e, const char *hex)
{
	const char *const argv[] = { "debuginfod-find", "executable", hex, NULL };

	const char *urls = getenv("DEBUGINFOD_URLS");

	if (urls == NULL || *urls == '\0')
		return 0;
	servers_bound();
	return ask(argv, e->path, sizeof(e->path)) && is_there(e);
}

/* The search among the sources; what the file at the recorded path is. */
struct search {
	struct executable *e;
	enum executable_status st;
};

static int
judge(void *arg, const struct kept_file *f)
{
	struct search *s = arg;
	enum executable_status st;

	if (f->fd < 0) {
		note_closed(s->e, f->path, f->why);
		return 0;
	}
	st = check_file(s->e, f->fd);
	if (st == EXECUTABLE_GONE && f->kind == KEPT_PATH)
		note_closed(s->e, f->path, ENOEXEC);
	if (st == EXECUTABLE_UNSURE && f->sure)
		st = EXECUTABLE_FOUND;
	if (f->kind == KEPT_PATH && strcmp(f->path, s->e->recorded) == 0)
		s->st = st;
	else if (st != EXECUTABLE_FOUND)
		return 0;
	if (st == EXECUTABLE_GONE || strlen(f->path) >= sizeof(s->e->path))
		return 0;
	take_file(s->e, fcntl(f->fd, F_DUPFD_CLOEXEC, 3));
	strcpy(s->e->path, f->path);
	return st == EXECUTABLE_FOUND;
}

/* Looks where the sources have files. */
static int
in_sources(struct search *s)
{
	struct executable *e = s->e;
	struct core_module module = { .build_id_len = 0 };
	const struct core_file unknown = { .path = e->recorded, .module = &module };
	char hex[HEX];

	if (e->core->exe == NULL && build_id(e, hex))
		for (size_t k = 0; hex[2 * k] != '\0' && hex[2 * k + 1] != '\0'; k++) {
			sscanf(hex + 2 * k, "%2hhx", &module.build_id[k]);
			module.build_id_len = k + 1;
		}
	return kept_sources_offer(e->sources, e->core,
	    e->core->exe != NULL ? e->core->exe : &unknown, judge, s);
}

enum executable_status
executable_find(struct executable *e)
{
	struct search s = { .e = e, .st = EXECUTABLE_GONE };
	char hex[HEX];

	recorded(e);
	if (in_sources(&s) || (build_id(e, hex) &&
	    ((e->debug != NULL && in_directory(e, e->debug, hex)) ||
	    in_directory(e, "/usr/lib/debug", hex) || on_servers(e, hex))))
		return EXECUTABLE_FOUND;
	strcpy(e->path, s.st == EXECUTABLE_GONE ? "" : e->recorded);
	return s.st == EXECUTABLE_GONE && e->why != 0 ? EXECUTABLE_CLOSED : s.st;
}
