#define _GNU_SOURCE
#include "crash/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "store/room.h"
#include "store/store.h"

int
record_file_path(char *out, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	int len =
	    snprintf(out, PATH_MAX, "%s%s%s", dir, n > 0 && dir[n - 1] == '/' ? "" : "/", name);

	if (len < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int
write_text(struct store *s, const char *text, const struct record_owner *o, uint64_t spare)
{
	struct room room = { .fd = s->fd, .most = UINT64_MAX, .spare = spare, .queue = -1 };
	size_t len = strlen(text);

	if (store_protect(s, o->uid, o->gid, o->mode) < 0)
		return -1;
	if (room_now(&room) < len) {
		errno = ENOSPC;
		return -1;
	}
	return io_write(s->fd, text, len);
}

int
record_file_put(const char *dir, const char *name, const char *text, const struct record_owner *o,
    uint64_t spare, int flags)
{
	char file[NAME_MAX + 1], path[PATH_MAX];
	struct store s;
	int rc = -1;

	if ((size_t)snprintf(file, sizeof(file), "%s.txt", name) >= sizeof(file)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (record_file_path(path, dir, file) < 0 || store_open(&s, path) < 0)
		return -1;
	if (write_text(&s, text, o, spare) == 0)
		rc = store_publish(&s, "", flags) < 0 ? -1 : 0;
	store_close(&s);
	return rc;
}

int
record_file_read(int fd, const char *file, char *text, size_t size, struct record_owner *o)
{
	int in = openat(fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), saved;
	ssize_t n = -1;
	struct stat st;

	if (in < 0)
		return -1;
	if (!io_regular(in))
		errno = EINVAL;
	else if (fstat(in, &st) == 0)
		n = io_pread(in, text, size - 1, 0);
	saved = errno;
	io_close(in);
	errno = saved;
	if (n < 0)
		return -1;
	/* A NUL does not end the text: the lines behind it count as well. */
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = '?';
	text[n] = '\0';
	if (o != NULL)
		*o = (struct record_owner){
			.uid = st.st_uid, .gid = st.st_gid, .mode = st.st_mode & 0777
		};
	return 0;
}
