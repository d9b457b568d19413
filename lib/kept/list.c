#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "core/files_note.h"
#include "kept/hold.h"
#include "proc/maps.h"
#include "proc/task.h"

/* Whether the path is that of a file; to read a device may do something to it. */
static int
is_file_path(const char *path)
{
	static const char shared[] = "/dev/shm/", devices[] = "/dev/";

	return path[0] == '/' && (strncmp(path, devices, strlen(devices)) != 0 ||
	    strncmp(path, shared, strlen(shared)) == 0);
}

/* The root directory of the process as we see it, without a slash at its end. */
static void
read_root(char *root, size_t size, pid_t pid)
{
	int dir = proc_hold(pid), thread = dir < 0 ? -1 : proc_hold_thread(dir, 0);
	ssize_t n = thread < 0 ? -1 : readlinkat(thread, "root", root, size - 1);

	root[n < 0 || (n == 1 && root[0] == '/') ? 0 : n] = '\0';
	if (thread >= 0)
		io_close(thread);
	if (dir >= 0)
		io_close(dir);
}

/* The path as the process, and so its core, has it. */
static const char *
below_root(const char *path, const char *root)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 && path[len] == '/' ? path + len : path;
}

int
kept_list(struct kept_shared *s, const struct kept_process *p)
{
	struct core_files f = { 0 };
	char root[CORE_PATH];

	read_root(root, sizeof(root), p->pid);
	if (proc_files(&f, p->pid, p->pidfd, p->dumped, p->uid) < 0)
		return -1;
	s->cut = f.cut;
	for (size_t i = 0; i < f.count; i++) {
		const struct core_file *file = &f.file[i];
		const char *path = below_root(file->path, root);
		size_t len = strlen(path) + 1;

		if (file->from != 0 || !is_file_path(path))
			continue;
		if (s->count == KEPT_MODULES || len > sizeof(s->paths) - s->paths_len) {
			s->cut = 1;
			break;
		}
		memcpy(s->paths + s->paths_len, path, len);
		s->module[s->count++] = (struct kept_module){ .start = file->start,
			.end = file->first_end, .path = (uint32_t)s->paths_len };
		s->paths_len += len;
	}
	core_files_close(&f);
	return 0;
}
