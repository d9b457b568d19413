#define _GNU_SOURCE
#include "store/in_use.h"

#include <fcntl.h>
#include <unistd.h>

int
in_use_mark(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	fcntl(fd, F_OFD_SETLK, &lock);
	return 0;
}

int
in_use(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
