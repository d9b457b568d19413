#define _GNU_SOURCE
#include "store/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/store.h"

/* Removes one file that is a leftover; whether it did. */
static int
remove_one(int dir, const char *name)
{
	struct stat st;
	int fd, gone;

	/* Not to open what it would do something to. */
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	/* For writing: over NFS only such a file can be locked for oneself. */
	fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	gone = flock(fd, LOCK_EX | LOCK_NB) == 0 && store_named(dir, name, fd) &&
	    unlinkat(dir, name, 0) == 0;
	io_close(fd);
	return gone;
}

int
leftovers_remove(int dir)
{
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	struct dirent *e;
	DIR *d;

	if (own < 0)
		return -1;
	if ((d = fdopendir(own)) == NULL) {
		io_close(own);
		return -1;
	}
	while ((errno = 0, e = readdir(d)) != NULL)
		if ((e->d_type == DT_REG || e->d_type == DT_UNKNOWN) && store_hidden(e->d_name))
			n += remove_one(dir, e->d_name);
	if (errno != 0)
		n = -1;
	closedir(d);
	return n;
}
