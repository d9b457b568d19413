/* A process with much memory of one kind, which then dies of SIGABRT.
 *
 * usage: victim hole BYTES | zeros BYTES | touched BYTES | threads N
 *
 * With "zeros" and "touched", which take long to fill, it prints a line when it is ready; then for each line that it reads
 * a child with the same memory dies, and the monotonic time, in ns, at which the child had been waited for is printed.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Blocks of whole huge pages, so that memory is never touched by the filling of its neighbours. */
#define BLOCK ((size_t)2 << 20)

static char *
get(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		err(2, "%zu bytes", size);
	return p;
}

/* 16 bytes in the whole of it. */
static void
hole(size_t size)
{
	char *p = get(size);

	for (size_t i = 0; i < 16; i++)
		p[size / 16 * i] = 1;
}

/* Fills the block with what a heap has: pointers into a few places, small numbers, texts, and numbers without a
 * pattern. */
static void
fill(char *block, uint64_t *seed)
{
	for (char *p = block; p < block + BLOCK; p += 64) {
		uint64_t words[4], r;

		*seed ^= *seed << 13;
		*seed ^= *seed >> 7;
		*seed ^= *seed << 17;
		r = *seed;
		words[0] = 0x00007f0000000000 + (r >> 40 << 4);
		words[1] = r & 0xff;
		words[2] = 0x0000555555550000 + (r >> 12 & 0xff0);
		words[3] = r;
		memcpy(p, words, sizeof(words));
		memcpy(p + 32, "order of a customer, number 000", 32);
		memcpy(p + 60, &words[1], 2);
	}
}

/* Two of five blocks have data, the others are zeros. */
static void
mostly_zeros(size_t size, int touch)
{
	uint64_t seed = 88172645463325252;
	char *p = get(size + BLOCK);

	p += BLOCK - (uintptr_t)p % BLOCK;
	for (size_t i = 0; i < size / BLOCK; i++)
		if (i % 5 < 2)
			fill(p + i * BLOCK, &seed);
		else if (touch)
			memset(p + i * BLOCK, 0, BLOCK);
}

/* Returns in the children. */
static void
serve(void)
{
	struct timespec t;
	int status;
	pid_t pid;

	puts("ready");
	fflush(stdout);
	while (getchar() == '\n') {
		pid = fork();
		if (pid == 0)
			return;
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			err(2, "a child");
		clock_gettime(CLOCK_MONOTONIC, &t);
		if (!WIFSIGNALED(status))
			errx(2, "a child did not die");
		printf("%" PRIu64 "\n", (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec);
		fflush(stdout);
	}
	exit(0);
}

static void *
idle(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void
threads(size_t n)
{
	pthread_t thread;
	int rc;

	for (; n > 0; n--)
		if ((rc = pthread_create(&thread, NULL, idle, NULL)) != 0)
			errx(2, "a thread: %s", strerror(rc));
}

/* Makes sure that the machine has so much memory, and frees it. */
static void
touch(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	madvise(p, size, MADV_HUGEPAGE);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 1;
}

int
main(int argc, char **argv)
{
	size_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (n == 0)
		errx(2, "usage: victim hole BYTES | zeros BYTES | touched BYTES | threads N | touch BYTES");
	if (strcmp(argv[1], "hole") == 0) {
		hole(n);
	} else if (strcmp(argv[1], "threads") == 0) {
		threads(n);
	} else if (strcmp(argv[1], "touch") == 0) {
		touch(n);
		return 0;
	} else {
		mostly_zeros(n, strcmp(argv[1], "touched") == 0);
		serve();
	}
	abort();
}
