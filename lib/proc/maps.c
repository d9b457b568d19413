#include "proc/maps.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "core/files_note.h"
#include "proc/proc.h"
#include "proc/task.h"

/* A line of maps: a path in which each newline has become four bytes, and the columns before it. */
#define MAPS_LINE (4 * CORE_PATH + 256)
#define MEM_PAGE 4096u

static int
add_thread(struct core *c, pid_t pid, uint32_t tid)
{
	char path[64];
	struct core_thread *t;
	ssize_t n;
	int fd;

	if ((t = core_add_thread(c, tid)) == NULL)
		return -1;
	snprintf(path, sizeof(path), "/proc/%ld/task/%" PRIu32 "/comm", (long)pid, tid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	n = io_read(fd, t->name, sizeof(t->name) - 1);
	io_close(fd);
	if (n < 0)
		n = 0;
	t->name[n] = '\0';
	if (n > 0 && t->name[n - 1] == '\n')
		t->name[n - 1] = '\0';
	return 0;
}

int
proc_threads(struct core *c, pid_t pid)
{
	char path[64];
	struct dirent *e;
	DIR *tasks;
	int rc = 0;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	if ((tasks = opendir(path)) == NULL)
		return -1;
	while (rc == 0 && c->thread_count < CORE_THREADS && (e = readdir(tasks)) != NULL)
		if (e->d_name[0] != '.')
			rc = add_thread(c, pid, (uint32_t)strtoul(e->d_name, NULL, 10));
	closedir(tasks);
	return rc;
}

/* Undoes what maps has made of newlines, in place. */
static void
unescape(char *path)
{
	char *out = path;

	for (const char *p = path; *p != '\0'; p++) {
		if (strncmp(p, "\\012", 4) == 0) {
			*out++ = '\n';
			p += 3;
		} else {
			*out++ = *p;
		}
	}
	*out = '\0';
}

static int
map_line(void *arg, char *line)
{
	struct core_files *f = arg;
	struct core_mapping m;
	uint64_t inode;
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %" SCNu64 " %n", &m.start,
	    &m.end, &m.from, &inode, &path) != 4 || path == 0)
		return 0;
	/* The vdso is the only module that is no file. */
	if (inode == 0 && strcmp(line + path, "[vdso]") != 0)
		return 0;
	unescape(line + path);
	if (strlen(line + path) < CORE_PATH)
		core_files_map(f, &m, line + path);
	else
		f->cut = 1;
	return 0;
}

/* Gives each whole line of buf, of *len bytes, and keeps the rest.  Returns what give returned. */
static int
give_lines(int (*give)(void *arg, char *line), void *arg, char *buf, size_t *len)
{
	char *line = buf, *end;
	int rc = 0;

	buf[*len] = '\0';
	while (rc == 0 && (end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		rc = give(arg, line);
		line = end + 1;
	}
	*len -= (size_t)(line - buf);
	memmove(buf, line, *len);
	return rc;
}

int
proc_lines(int fd, int (*give)(void *arg, char *line), void *arg)
{
	char *buf = malloc(MAPS_LINE + 1);
	size_t len = 0;
	int cut = 0;
	ssize_t n;

	if (buf == NULL)
		return -1;
	while ((n = io_read_some(fd, buf + len, MAPS_LINE - len)) > 0) {
		len += (size_t)n;
		if (give_lines(give, arg, buf, &len) != 0)
			break;
		/* No such line is made by the kernel. */
		if (len == MAPS_LINE) {
			cut = 1;
			len = 0;
		}
	}
	free(buf);
	return n < 0 ? -1 : cut;
}

int
proc_map_lines(pid_t pid, int (*give)(void *arg, char *line), void *arg)
{
	int fd = proc_open_file(pid, "maps"), rc;

	if (fd < 0)
		return -1;
	rc = proc_lines(fd, give, arg);
	io_close(fd);
	return rc;
}

static int
read_maps(struct core_files *f, pid_t pid)
{
	int rc = proc_map_lines(pid, map_line, f);

	f->cut |= rc > 0;
	core_files_order(f);
	return rc < 0 ? -1 : 0;
}

int
proc_files(struct core_files *f, pid_t pid, int pidfd, int dumped, uint32_t uid)
{
	core_files_close(f);
	if ((pidfd < 0 || proc_pidfd_is(pidfd, pid) == 1) &&
	    (dumped < 0 || proc_is_dumped(dumped, 0, uid)) && read_maps(f, pid) < 0)
		return -1;
	if ((pidfd >= 0 && proc_pidfd_is(pidfd, pid) != 1) ||
	    (dumped >= 0 && !proc_is_dumped(dumped, 0, uid))) {
		core_files_close(f);
		errno = ESRCH;
		return -1;
	}
	return 0;
}

/* Reads the first bytes of a file's image, as many as are mapped; of what is no ELF file, none. */
static size_t
read_image(int mem, const struct core_file *file, uint8_t *image)
{
	size_t len = 0;

	while (len < CORE_IMAGE_HELD && file->start + len < file->end &&
	    io_pread(mem, image + len, MEM_PAGE, file->start + len) == MEM_PAGE) {
		if (len == 0 && memcmp(image, ELFMAG, SELFMAG) != 0)
			return 0;
		len += MEM_PAGE;
	}
	return len;
}

int
proc_modules(struct core_files *f, int mem)
{
	static const char shared[] = "/dev/shm/", devices[] = "/dev/";
	uint8_t *image = malloc(CORE_IMAGE_HELD);
	struct elf_id id;
	size_t len;

	if (image == NULL)
		return -1;
	for (size_t i = 0; i < f->count; i++) {
		struct core_file *file = &f->file[i];

		/* To read a device may do something to it. */
		if (file->from != 0 || (strncmp(file->path, devices, strlen(devices)) == 0 &&
		    strncmp(file->path, shared, strlen(shared)) != 0))
			continue;
		len = read_image(mem, file, image);
		if (len > 0 && elf_id_image(image, len, &id) == ELF_ID_OK)
			core_files_identify(file, &id);
	}
	free(image);
	return 0;
}
