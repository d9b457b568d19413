/* How fast memory can be read at all.
 *
 * usage: memory read PID | memory copy BYTES
 *
 * "read" reads what a process has in memory of its own, by as many threads as there are processors, each into one small
 * buffer again and again.  "copy" copies that many bytes from one place in memory to another, by as many threads.  Both
 * print the bytes, and the nanoseconds that it took.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/uio.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS 64
/* Fits a processor's second cache. */
#define BUFFER ((size_t)256 << 10)
/* What a thread takes at once of the address space: its page map is one page. */
#define PIECE ((uint64_t)2 << 20)
#define COPIED ((size_t)512 << 20)

/* From the kernel's Documentation/admin-guide/mm/pagemap.rst. */
#define PRESENT ((uint64_t)1 << 63)
#define SWAPPED ((uint64_t)1 << 62)
#define OF_FILE ((uint64_t)1 << 61)
#define OF_IT_ALONE ((uint64_t)1 << 56)

struct range {
	uint64_t start, end;
};

static struct range ranges[200000];
static size_t range_count, next_range;
static uint64_t next_piece;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t total;
static pid_t pid;
static int pagemap, memory;
static size_t page, copied;

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
read_maps(const char *of)
{
	char path[64], line[8192], flags[8];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/maps", of);
	f = fopen(path, "re");
	if (f == NULL)
		err(2, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct range *r = &ranges[range_count];

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &r->start, &r->end, flags) == 3 &&
		    flags[0] == 'r' && ++range_count == sizeof(ranges) / sizeof(*ranges))
			errx(2, "%s: too many mappings", path);
	}
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%s/pagemap", of);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		err(2, "%s", path);
	snprintf(path, sizeof(path), "/proc/%s/mem", of);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	if (memory < 0)
		err(2, "%s", path);
	next_piece = ranges[0].start;
}

/* Returns 0 if there is none left. */
static int
take_piece(struct range *piece)
{
	int found;

	pthread_mutex_lock(&lock);
	while (next_range < range_count && next_piece >= ranges[next_range].end)
		if (++next_range < range_count)
			next_piece = ranges[next_range].start;
	found = next_range < range_count;
	if (found) {
		piece->start = next_piece;
		next_piece = (next_piece / PIECE + 1) * PIECE;
		if (next_piece > ranges[next_range].end)
			next_piece = ranges[next_range].end;
		piece->end = next_piece;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* process_vm_readv copies pages that processes share. */
static ssize_t
read_pages(uint64_t address, char *buffer, size_t n, int of_it_alone)
{
	struct iovec to = { buffer, n }, from = { (void *)(uintptr_t)address, n };

	return of_it_alone ? process_vm_readv(pid, &to, 1, &from, 1, 0) :
			     pread(memory, buffer, n, (off_t)address);
}

/* Returns the bytes that the process has there in memory that no file has. */
static uint64_t
read_piece(const struct range *piece, char *buffer, uint64_t *map)
{
	size_t pages = (size_t)(piece->end - piece->start) / page, first, last;
	ssize_t got = pread(pagemap, map, pages * sizeof(*map),
	    (off_t)(piece->start / page * sizeof(*map)));
	uint64_t bytes = 0;

	if (got < (ssize_t)(pages * sizeof(*map)))
		return 0;
	for (first = 0; first < pages; first = last) {
		last = first + 1;
		if ((map[first] & (PRESENT | SWAPPED)) == 0 || (map[first] & OF_FILE) != 0)
			continue;
		while (last < pages && (last - first + 1) * page <= BUFFER &&
		    (map[last] & (PRESENT | SWAPPED)) != 0 && (map[last] & OF_FILE) == 0 &&
		    ((map[last] ^ map[first]) & OF_IT_ALONE) == 0)
			last++;
		ssize_t n = read_pages(piece->start + first * page, buffer, (last - first) * page,
		    (map[first] & OF_IT_ALONE) != 0);

		bytes += n > 0 ? (uint64_t)n : 0;
	}
	return bytes;
}

static void *
read_all(void *unused)
{
	char *buffer = aligned_alloc(4096, BUFFER);
	uint64_t *map = malloc(PIECE / page * sizeof(*map));
	struct range piece;

	(void)unused;
	if (buffer == NULL || map == NULL)
		err(2, "memory");
	while (take_piece(&piece))
		total += read_piece(&piece, buffer, map);
	free(map);
	free(buffer);
	return NULL;
}

/* Each thread's times: the main thread may come late to see when they begin. */
static uint64_t started[THREADS], ended[THREADS];
static _Atomic int copying;
static pthread_barrier_t filled;

/* Copies between two places that are there already, as often as it takes to copy so much. */
static void *
copy_all(void *unused)
{
	size_t size = copied < COPIED ? copied : COPIED;
	int me = copying++;
	char *from = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
	char *to = aligned_alloc(4096, (size + 4095) / 4096 * 4096);

	(void)unused;
	if (from == NULL || to == NULL)
		err(2, "memory");
	memset(from, 1, size);
	memset(to, 2, size);
	pthread_barrier_wait(&filled);
	started[me] = now();
	for (size_t left = copied, n; left > 0; left -= n) {
		n = left < size ? left : size;
		memcpy(to, from, n);
		/* A copy that nobody looks at would be left out. */
		__asm__ volatile("" : : "r"(to) : "memory");
	}
	ended[me] = now();
	total += copied;
	free(from);
	free(to);
	return NULL;
}

static int
processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		err(2, "processors");
	return CPU_COUNT(&set) < THREADS ? CPU_COUNT(&set) : THREADS;
}

static void
run(void *(*work)(void *), int n)
{
	pthread_t threads[THREADS];
	uint64_t began = now(), end;
	int rc;

	pthread_barrier_init(&filled, NULL, (unsigned)n);
	for (int i = 0; i < n; i++)
		if ((rc = pthread_create(&threads[i], NULL, work, NULL)) != 0)
			errx(2, "a thread: %s", strerror(rc));
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	end = now();
	if (work == copy_all) {
		began = started[0];
		end = ended[0];
		for (int i = 1; i < n; i++) {
			began = started[i] < began ? started[i] : began;
			end = ended[i] > end ? ended[i] : end;
		}
	}
	printf("%" PRIu64 " %" PRIu64 "\n", (uint64_t)total, end - began);
}

int
main(int argc, char **argv)
{
	int n = processors();

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (argc == 3 && strcmp(argv[1], "read") == 0) {
		pid = atoi(argv[2]);
		read_maps(argv[2]);
		run(read_all, n);
	} else if (argc == 3 && strcmp(argv[1], "copy") == 0) {
		copied = (size_t)strtoull(argv[2], NULL, 10) / (size_t)n;
		run(copy_all, n);
	} else {
		errx(2, "usage: memory read PID | memory copy BYTES");
	}
	return 0;
}
