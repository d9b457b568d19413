/* Kinds of processes: threads, children, very many mappings. */
#define _GNU_SOURCE
#include "kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t all;

static void
start(void *(*run)(void *), size_t stack)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, stack);
	errno = pthread_create(&t, &attr, run, NULL);
	if (errno != 0)
		refuse("pthread_create");
}

/* Memory of all sorts, with what the bits of coredump_filter choose between. */
static void
mixed(void)
{
	anonymous();
	shared_anonymous();
	files();
	huge_tables();
}

static void
aborts(void)
{
	fill_some(map_private(50), 50);
	abort();
}

static void *
wait_here(void *arg)
{
	pthread_barrier_wait(&all);
	for (;;)
		pause();
	return arg;
}

static void
threads(void)
{
	pthread_barrier_init(&all, NULL, 1000);
	for (int i = 1; i < 1000; i++)
		start(wait_here, 256 * 1024);
	pthread_barrier_wait(&all);
}

static void *
crash_here(void *arg)
{
	volatile char local[10000];

	memset((void *)(uintptr_t)local, 7, sizeof(local));
	crash();
	return arg;
}

/* A stack with its guard page; the thread that crashes is not the first. */
static void
thread_stack(void)
{
	start(crash_here, 1 << 20);
	for (;;)
		pause();
}

/* Whether the first thread has ended. */
static int
is_dead(void)
{
	char path[60], line[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	f = fopen(path, "re");
	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		refuse(path);
	fclose(f);
	char *state = strrchr(line, ')');
	return state != NULL && strncmp(state, ") Z", 3) == 0;
}

static void *
crash_alone(void *arg)
{
	while (!is_dead())
		usleep(1000);
	fill_some(map_private(90), 90);
	return crash_here(arg);
}

static void
dead_main(void)
{
	start(crash_alone, 1 << 20);
	pthread_exit(NULL);
}

static void
vfork_child(void)
{
	fill_some(map_private(90), 90);
	/* The child has the memory of its parent, which waits. */
	if (vfork() == 0)
		crash();
	wait(NULL);
	kill(getpid(), SIGKILL);
}

/* The compiler must not see that this does not return. */
static void (*volatile at_bottom)(void) = crash;

__attribute__((noinline)) static int
deeper(int depth)
{
	volatile char local[1000];

	local[depth % 1000] = (char)depth;
	if (depth == 0)
		at_bottom();
	return depth == 0 ? 0 : deeper(depth - 1) + local[depth % 1000];
}

static void
deep_stack(void)
{
	deeper(2000);
}

static void
many(size_t count)
{
	char *p = map_private(count);

	for (size_t i = 0; i < count; i++) {
		if (i % 16 == 0)
			fill(p + i * page, page);
		if (i % 2 != 0 && mprotect(p + i * page, page, PROT_READ) < 0)
			refuse("mprotect");
	}
}

static void many_70000(void) { many(70000); }
static void many_130000(void) { many(130000); }

/* Another process writes to the shared memory all the time. */
static void
changing(void)
{
	char *p = map(300 * page, PROT_READ | PROT_WRITE, MAP_SHARED, -1);
	pid_t parent = getpid(), writer = fork();

	if (writer < 0)
		refuse("fork");
	if (writer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			fill(p, 300 * page);
		_exit(0);
	}
	go_on_in_child(NULL);
}

const struct kind process_kinds[] = {
	{ "mixed", mixed, 0 },
	{ "aborts", aborts, 0 },
	{ "threads-1000", threads, 0 },
	{ "thread-stack", thread_stack, 0 },
	{ "dead-main", dead_main, 0 },
	{ "vfork-child", vfork_child, 0 },
	{ "deep-stack", deep_stack, 0 },
	{ "mappings-70000", many_70000, 0 },
	{ "mappings-130000", many_130000, 0 },
	{ "changing", changing, 0 },
	{ NULL, NULL, 0 },
};
