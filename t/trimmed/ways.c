/* ways - crashes in ways in which a small core may lack what a debugger needs */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int zero;

/* Functions that modules call too; none is inlined or tail-called. */
typedef void call_fn(void);

__attribute__((noinline)) static void
crash_here(void)
{
	*(volatile int *)(intptr_t)zero = 1;
	zero++;
}

__attribute__((noinline)) static void
nested(unsigned depth, size_t room, call_fn *last)
{
	char local[room];

	memset(local, (int)depth, room);
	if (depth > 0)
		nested(depth - 1, room, last);
	else
		last();
	zero += local[room / 2] == 1 && zero;
}

static pthread_barrier_t all;

static void
wait_here(void)
{
	pthread_barrier_wait(&all);
	for (;;)
		pause();
}

static void *
wait_nested(void *arg)
{
	nested((unsigned)(uintptr_t)arg % 16, 100, wait_here);
	return NULL;
}

static void
arrive(void)
{
	pthread_barrier_wait(&all);
	crash_here();
	zero++;
}

/* Bytes that do not compress. */
static void
fill(size_t len)
{
	uint64_t *p = malloc(len + 1), x = 88172645463325252u ^ (uint64_t)getpid() << 32;

	if (p == NULL)
		err(1, "malloc");
	for (size_t i = 0; i < len / sizeof(*p); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = x;
	}
}

static void
threads(unsigned n)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_barrier_init(&all, NULL, n);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	for (unsigned i = 1; i < n; i++)
		if (pthread_create(&t, &attr, wait_nested, (void *)(uintptr_t)i) != 0)
			errx(1, "pthread_create");
	nested(7, 1000, arrive);
}

static void
on_signal(int sig)
{
	(void)sig;
	nested(3, 500, abort);
	zero++;
}

/* Crashes in a handler with a stack of its own, far from the interrupted one. */
static void *
on_other_stack(void *arg)
{
	stack_t ss = { .ss_size = 256 * 1024 };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	ss.ss_sp = mmap(NULL, ss.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ss.ss_sp == MAP_FAILED || sigaltstack(&ss, NULL) < 0 || sigaction(SIGSEGV, &sa, NULL) < 0)
		err(1, "sigaltstack");
	nested(5, 2000, crash_here);
	return arg;
}

static void
in_child(void)
{
	if (vfork() == 0) {
		nested(4, 300, crash_here);
		_exit(1);
	}
	wait(NULL);
	/* This process itself must not dump. */
	kill(getpid(), SIGKILL);
}

static unsigned count, next;
static call_fn *crash_by_modules[1000];
static char **paths;

/* Each module calls this, so that all are on the stack. */
static void
through(void)
{
	void (*pass)(call_fn *);

	if (next == count) {
		crash_here();
	} else {
		memcpy(&pass, &crash_by_modules[next++], sizeof(pass));
		pass(through);
	}
	zero++;
}

static void *
load(void *arg)
{
	for (unsigned i = (unsigned)(uintptr_t)arg; i < count; i += 2) {
		void *module = dlopen(paths[i], RTLD_NOW);
		void *pass = module != NULL ? dlsym(module, "pass") : NULL;

		if (pass == NULL)
			errx(1, "%s", dlerror());
		memcpy(&crash_by_modules[i], &pass, sizeof(pass));
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "", *what = argc > 2 ? argv[2] : "0";
	pthread_t t;

	if (strcmp(how, "threads") == 0) {
		fill(argc > 3 ? strtoul(argv[3], NULL, 10) : 0);
		threads((unsigned)strtoul(what, NULL, 10));
	} else if (strcmp(how, "altstack") == 0) {
		if (strcmp(what, "thread") == 0 && pthread_create(&t, NULL, on_other_stack, NULL) == 0)
			pthread_join(t, NULL);
		else
			on_other_stack(NULL);
	} else if (strcmp(how, "recursion") == 0) {
		nested((unsigned)strtoul(what, NULL, 10), 150, crash_here);
	} else if (strcmp(how, "vfork") == 0) {
		in_child();
	} else if ((strcmp(how, "dlopen") == 0 || strcmp(how, "unlinked") == 0) && argc - 2 < 1000) {
		count = (unsigned)argc - 2;
		paths = argv + 2;
		if (pthread_create(&t, NULL, load, (void *)1) == 0)
			pthread_join(t, NULL);
		load((void *)0);
		for (unsigned i = 0; i < count && how[0] == 'u'; i++)
			unlink(paths[i]);
		through();
	} else {
		errx(2, "%s: no such way", how);
	}
	zero++;
	return 0;
}
