#include "proc/mappings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/io.h"
#include "base/search.h"
#include "proc/maps.h"
#include "proc/task.h"

/* The most that are remembered: far more than vm.max_map_count is ever set to. */
#define MAPPINGS (4u * 1024 * 1024)
/* Bytes of a mapping whose page tables alone are worth a look. */
#define LARGE (16u * 1024 * 1024)

/*
 * Whether the kernel gives memory this name that is anonymous.  Others without a file, such as
 * [vdso], have content that nobody wrote.
 */
static int
is_anonymous(const char *name)
{
	return *name == '\0' || strcmp(name, "[heap]") == 0 || strncmp(name, "[stack", 6) == 0 ||
	    strncmp(name, "[anon:", 6) == 0;
}

static void
add(struct mappings *m, uint64_t start, uint64_t end, enum mapping_kind kind)
{
	struct mapping *last = m->count > 0 ? &m->of[m->count - 1] : NULL;

	if (last != NULL && last->end == start && last->kind == kind) {
		last->end = end;
		return;
	}
	if (ARRAY_GROW(m->of, m->room, m->count, MAPPINGS) < 0) {
		m->broken = 1;
		return;
	}
	m->of[m->count++] = (struct mapping){ .start = start, .end = end, .kind = kind };
}

/*
 * Whether a private mapping is of /dev/zero, which the kernel takes for anonymous memory, whatever
 * name it has in whatever namespace.  Each look costs microseconds: smaller ones are read.
 */
static int
is_zero_device(const struct mappings *m, uint64_t start, uint64_t end)
{
	char path[64];
	struct stat st;

	if (end - start < LARGE || m->files < 0)
		return 0;
	snprintf(path, sizeof(path), "%" PRIx64 "-%" PRIx64, start, end);
	return fstatat(m->files, path, &st, 0) == 0 && S_ISCHR(st.st_mode) &&
	    st.st_rdev == makedev(1, 5);
}

/* "start-end rwxp offset device inode   name": a process may have more than 100,000 such lines. */
static int
take_line(void *arg, char *line)
{
	struct mappings *m = arg;
	char *at, *rights, *name;
	uint64_t start, end, inode;

	start = strtoull(line, &at, 16);
	if (*at++ != '-')
		return 0;
	end = strtoull(at, &at, 16);
	if (*at++ != ' ' || strlen(at) < 5 || end <= start)
		return 0;
	rights = at;
	at += 5;
	strtoull(at, &at, 16);
	at += *at == ' ' ? 1 + strcspn(at + 1, " ") : 0;
	inode = strtoull(at, &name, 10);
	name += strspn(name, " ");
	if (rights[3] == 's')
		add(arg, start, end, MAPPING_SHARED);
	else if (inode == 0 ? is_anonymous(name) : is_zero_device(m, start, end))
		add(arg, start, end, MAPPING_ANONYMOUS);
	return 0;
}

int
mappings_read(struct mappings *m, pid_t pid)
{
	int rc;

	*m = (struct mappings){ .files = proc_open_file(pid, "map_files") };
	rc = proc_map_lines(pid, take_line, m);
	if (m->files >= 0)
		io_close(m->files);
	if (rc == 0 && !m->broken)
		return 0;
	if (rc >= 0)
		errno = rc > 0 ? EINVAL : ENOMEM;
	return -1;
}

void
mappings_close(struct mappings *m)
{
	free(m->of);
	*m = (struct mappings){ .of = NULL };
}

const struct mapping *
mappings_from(const struct mappings *m, uint64_t address)
{
	size_t i = SEARCH_AFTER(struct mapping, end, m->of, m->count, address);

	return i < m->count ? &m->of[i] : NULL;
}

struct keys {
	size_t mappings;	/* that were told to their end */
	int has_key, keyed;
};

int
mappings_keys_open(pid_t pid)
{
	return proc_open_file(pid, "smaps");
}

/* The kernel tells the key before the flags, which are the last of a mapping. */
static int
take_key(void *arg, char *line)
{
	static const char key[] = "ProtectionKey:", flags[] = "VmFlags:";
	struct keys *s = arg;

	if (strncmp(line, key, strlen(key)) == 0) {
		s->has_key = 1;
		s->keyed = strtoul(line + strlen(key), NULL, 10) != 0;
		return s->keyed;
	}
	if (strncmp(line, flags, strlen(flags)) != 0)
		return 0;
	s->mappings++;
	return !s->has_key;
}

int
mappings_keyed(int fd)
{
	struct keys s = { .mappings = 0 };
	char first;

	if (proc_lines(fd, take_key, &s) < 0)
		return -1;
	if (s.keyed)
		return 1;
	/* If the process was killed meanwhile the list ended early, and cannot be read again. */
	if (s.mappings > 0 && io_pread(fd, &first, 1, 0) == 1)
		return 0;
	errno = ESRCH;
	return -1;
}
