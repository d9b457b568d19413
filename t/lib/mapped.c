/* mapped - maps files as a dynamic linker would, says so, and waits to be killed */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

static int
copy_to_memory(int fd)
{
	int memory = memfd_create("kept", MFD_CLOEXEC);
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(memory, buf, (size_t)n) != n)
			err(1, "memfd");
	return memory;
}

/* A word and a colon may come before the path: memfd, dirty, many. */
static void
map(const char *what)
{
	const char *colon = strchr(what, ':'), *path = what;
	struct stat st;
	char *at;
	int fd;

	if (*what != '/' && colon != NULL)
		path = colon + 1;
	if ((fd = open(path, O_RDONLY)) < 0 || fstat(fd, &st) < 0)
		err(1, "%s", path);
	if (strncmp(what, "memfd:", 6) == 0)
		fd = copy_to_memory(fd);
	if (strncmp(what, "many:", 5) == 0)
		for (int i = 0; i < 60000; i++)
			if (mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_EXEC,
			    MAP_PRIVATE, fd, 0) == MAP_FAILED)
				err(1, "%s", path);
	at = mmap(NULL, (size_t)(st.st_size < 16 * PAGE ? st.st_size : 16 * PAGE),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		err(1, "%s", path);
	/* The entry point: a program could change it, though none does. */
	if (strncmp(what, "dirty:", 6) == 0)
		at[24] = (char)~at[24];
	close(fd);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		map(argv[i]);
	if (write(1, "ready\n", 6) != 6)
		return 1;
	for (;;)
		pause();
}
