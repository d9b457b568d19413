/* Calls, or returns to, what is no code, in the way of its argument. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int fn(int);
static fn *volatile target;
static volatile int sink;
static char data[64] = "data";

__attribute__((noinline)) static int
jump(int n)
{
	/* May be made a jump. */
	return target(n);
}

__attribute__((noinline)) static int
inner(int n)
{
	volatile char room[100];

	memset((char *)room, n, sizeof(room));
	sink += target(n) + room[n & 7];
	return sink;
}

__attribute__((noinline)) static int
outer(int n)
{
	volatile char room[300];

	memset((char *)room, n, sizeof(room));
	sink += inner(n) + room[n & 7];
	return sink;
}

static void *
in_thread(void *arg)
{
	sink += outer((int)(intptr_t)arg);
	return NULL;
}

static void
in_handler(int sig)
{
	sink += outer(sig);
}

/* Overwrites what it returns to, or what its caller does, by words of text. */
__attribute__((noinline)) static void
smash(int callers)
{
	void **frame = callers ? *(void **)__builtin_frame_address(0) : __builtin_frame_address(0);

	for (int k = 1; k < 4; k++)
		frame[k] = (void *)(uintptr_t)(sizeof(long) == 8 ? 0x414141414141 : 0x41414141);
	if (callers)
		*(volatile int *)16 = 1;
}

__attribute__((noinline)) static int
smashed(int callers)
{
	smash(callers);
	return sink + 1;
}

static void
rethrow(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	char on_stack[16] = "stack";
	pthread_t t;

	if (strcmp(how, "exits") == 0)
		return 0;
	if (strcmp(how, "small") == 0 || strcmp(how, "caught") == 0)
		target = (fn *)0x123;
	if (strcmp(how, "stack") == 0)
		target = (fn *)(uintptr_t)on_stack;
	if (strcmp(how, "heap") == 0)
		target = (fn *)(uintptr_t)malloc(100);
	if (strcmp(how, "data") == 0)
		target = (fn *)(uintptr_t)data;
	if (strcmp(how, "mapped") == 0)
		target = (fn *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (strcmp(how, "wild") == 0)
		target = (fn *)(uintptr_t)(sizeof(long) == 8 ? 0x4142434445464748 : 0xc1424344);
	if (strcmp(how, "caught") == 0)
		signal(SIGSEGV, rethrow);
	if (strcmp(how, "thread") == 0) {
		pthread_create(&t, NULL, in_thread, (void *)3);
		pthread_join(t, NULL);
	} else if (strcmp(how, "handler") == 0) {
		signal(SIGUSR1, in_handler);
		raise(SIGUSR1);
	} else if (strcmp(how, "tail") == 0) {
		sink += jump(argc);
	} else if (strcmp(how, "smash") == 0 || strcmp(how, "deep") == 0) {
		sink += smashed(*how == 'd');
	} else if (strcmp(how, "start") == 0) {
		pthread_create(&t, NULL, (void *(*)(void *))target, NULL);
		pthread_join(t, NULL);
	} else {
		sink += outer(argc);
	}
	return sink;
}
