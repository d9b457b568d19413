#define _GNU_SOURCE
#include "system/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

/* Linux 6.3, include/uapi/linux/memfd.h: where vm.memfd_noexec asks for it nothing else is allowed. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif

/* Bytes of memory that can be had without swapping: proc(5), meminfo; 0 when that is not known. */
static uint64_t
available(void)
{
	static const char key[] = "MemAvailable:";
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	char text[4096], *p;
	ssize_t n;

	if (fd < 0)
		return 0;
	n = io_read(fd, text, sizeof(text) - 1);
	io_close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (p = strstr(text, key)) != NULL ? strtoumax(p + strlen(key), NULL, 10) * 1024 : 0;
}

static int
in_memory(void)
{
	int fd = memfd_create("core", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("core", MFD_CLOEXEC) : fd;
}

/* How many bytes may be in memory of a file of that size; 0 for none. */
static uint64_t
room(uint64_t size, enum scratch_where where)
{
	uint64_t most = available();

	if (where == SCRATCH_SECRET) {
		most /= SCRATCH_SECRET_PART;
		return size == UINT64_MAX || size <= most ? most : 0;
	}
	most = most / SCRATCH_PART < SCRATCH_MOST ? most / SCRATCH_PART : SCRATCH_MOST;
	return where == SCRATCH_FITTING && size <= most ? size : 0;
}

int
scratch_open(uint64_t size, enum scratch_where where, const char **dir, uint64_t *most)
{
	int fd = -1;

	*dir = NULL;
	if ((*most = room(size, where)) > 0)
		fd = in_memory();
	if (fd < 0) {
		*most = UINT64_MAX;
		*dir = getenv("TMPDIR");
		if (*dir == NULL || **dir == '\0')
			*dir = "/var/tmp";
		fd = io_tmpfile_in(*dir);
	}
	if (fd >= 0)
		fchmod(fd, 0600);
	return fd;
}
