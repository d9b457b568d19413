/* crash - a program that crashes in each of the ways that the tests ask for */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int zero;

/* What a backtrace must name: never inlined, never the last thing that its caller does. */
__attribute__((noinline)) void
crash_here(int sig)
{
	if (sig == SIGSEGV)
		*(volatile int *)(intptr_t)zero = 1;
	else if (sig == SIGFPE)
		zero = 7 / zero;
	else if (sig == SIGABRT)
		abort();
	else
		raise(sig);
	zero++;
}

static void *
crash_in_thread(void *arg)
{
	(void)arg;
	crash_here(SIGSEGV);
	zero++;
	return NULL;
}

static void *
wait_in_thread(void *arg)
{
	pthread_barrier_wait(arg);
	for (;;)
		pause();
	return NULL;
}

/* With a stack that does not compress. */
static void *
wait_in_noise(void *arg)
{
	uint8_t noise[48 * 1024];

	if (getrandom(noise, sizeof(noise), 0) != (ssize_t)sizeof(noise))
		err(1, "getrandom");
	wait_in_thread(arg);
	return noise[0] == 0 ? arg : NULL;
}

static void *
map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

/* Bytes that do not compress. */
static void
fill(size_t len)
{
	uint64_t *p = map(len), x = 88172645463325252u ^ (uint64_t)getpid() << 32;

	for (size_t i = 0; i < len / sizeof(*p); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = x;
	}
}

/* A page in every 64 MiB. */
static void
hole(size_t len)
{
	char *p = map(len);

	for (size_t i = 0; i < len; i += (size_t)64 << 20)
		memcpy(p + i, "touched", 7);
}

/* As a sanitizer's process has it: far more than there is, of which the first bytes are touched. */
static void
vast(size_t len, size_t touched)
{
	uint64_t *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	for (size_t i = 0; i < touched / sizeof(*p); i++)
		p[i] = i / 512 + 1;
}

/* Lines of /proc/PID/maps: a page of memory and one of a file, in turn. */
static void
maps(size_t n, const char *path)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = map(n * page);
	int fd = open(path, O_RDONLY);

	for (size_t i = 1; i < n; i += 2)
		if (mmap(p + i * page, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, (off_t)page) == MAP_FAILED)
			err(1, "%s", path);
}

static void
threads(unsigned n, void *(*wait)(void *))
{
	static pthread_barrier_t all;
	pthread_attr_t attr;
	pthread_t t;

	pthread_barrier_init(&all, NULL, n);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 * 1024);
	for (unsigned i = 1; i < n; i++)
		if (pthread_create(&t, &attr, wait, &all) != 0)
			errx(1, "pthread_create");
	pthread_barrier_wait(&all);
}

static void *
crash_alone(void *leader)
{
	pthread_join(*(pthread_t *)leader, NULL);
	crash_here(SIGSEGV);
	zero++;
	return NULL;
}

/* The first thread ends, another crashes. */
static void
leave(void)
{
	static pthread_t self, t;

	self = pthread_self();
	if (pthread_create(&t, NULL, crash_alone, &self) == 0)
		pthread_exit(NULL);
}

/* Ends by a system call that seccomp does not allow. */
static void
forbidden(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getcwd, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { .len = sizeof(f) / sizeof(*f), .filter = f };
	char cwd[100];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) < 0)
		err(1, "seccomp");
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		zero++;
}

/* A daemon gives up root by itself. */
static void
give_up(uid_t uid)
{
	if (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0)
		err(1, "%u", uid);
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "segv", *what = argc > 2 ? argv[2] : "0";
	pthread_t t;

	if (strcmp(how, "signal") == 0) {
		/* A shell starts what is in the background with some of them ignored. */
		signal(atoi(what), SIG_DFL);
		crash_here(atoi(what));
	} else if (strcmp(how, "thread") == 0) {
		if (pthread_create(&t, NULL, crash_in_thread, NULL) == 0)
			pthread_join(t, NULL);
	} else if (strcmp(how, "leave") == 0) {
		leave();
	} else if (strcmp(how, "forbidden") == 0) {
		forbidden();
	} else if (strcmp(how, "drop") == 0) {
		give_up((uid_t)strtoul(what, NULL, 10));
	} else if (strcmp(how, "wait") == 0) {
		for (;;)
			pause();
	} else if (strcmp(how, "fill") == 0) {
		fill(strtoul(what, NULL, 10));
	} else if (strcmp(how, "hole") == 0) {
		hole(strtoul(what, NULL, 10));
	} else if (strcmp(how, "vast") == 0) {
		vast(strtoul(what, NULL, 10), strtoul(argc > 3 ? argv[3] : "0", NULL, 10));
	} else if (strcmp(how, "maps") == 0) {
		maps(strtoul(what, NULL, 10), argc > 3 ? argv[3] : "/proc/self/exe");
	} else if (strcmp(how, "threads") == 0) {
		threads((unsigned)strtoul(what, NULL, 10), wait_in_thread);
	} else if (strcmp(how, "noise") == 0) {
		threads((unsigned)strtoul(what, NULL, 10), wait_in_noise);
	} else if (strcmp(how, "name") == 0) {
		prctl(PR_SET_NAME, what);
	} else if (strcmp(how, "unlink") == 0) {
		if (unlink(what) < 0)
			err(1, "%s", what);
	} else if (strcmp(how, "rename") == 0) {
		if (argc < 4 || rename(what, argv[3]) < 0)
			err(1, "%s", what);
	}
	crash_here(SIGSEGV);
	zero++;
	return 0;
}
