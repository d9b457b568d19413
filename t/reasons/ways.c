/* ways - dies in the way that is named, for reasons.py and t/reason.bats */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <linux/filter.h>
#include <linux/seccomp.h>
#endif

#define PAGE 4096

struct big {
	int first[4];
	int field;
	char far[1 << 20];
	int last;
};

/* The compiler must not see what these are. */
static struct big *volatile none;
static void (*volatile function)(void);
static volatile int zero, depth;
static volatile size_t far = 100000;
static const int constant[4] = { 1, 2, 3, 4 };
static volatile uint64_t sink;

static char *
map(size_t len, int rights)
{
	char *p = mmap(NULL, len, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	return p;
}

static void null_write(void) { none->field = 1; }
static void null_read(void) { sink = (uint64_t)none->field; }
static void null_first(void) { none->first[0] = 1; }
static void null_far(void) { none->last = 1; }
static void null_index(void) { ((volatile int *)none)[far] = 1; }
static void null_string(void) { sink = strlen((char *)none); }
static void null_call(void) { function(); }
static void null_field_call(void) { (*(void (*volatile *)(void))&none->first[2])(); }

static void
wild_write(void)
{
	*(volatile int *)(uintptr_t)(0x10000000 + far) = 1;
}

static void
unmapped(void)
{
	char *volatile p = map(PAGE, PROT_READ | PROT_WRITE);

	munmap(p, PAGE);
	sink = (uint64_t)*(volatile char *)p;
}

static void
guard(void)
{
	char *volatile p = map(3 * PAGE, PROT_READ | PROT_WRITE);

	mprotect(p + PAGE, PAGE, PROT_NONE);
	memset(p, 1, PAGE);
	sink = *(volatile uint64_t *)(p + PAGE);
}

static void
constant_write(void)
{
	*(int *volatile){ (int *)(uintptr_t)&constant[1] } = 5;
}

static void
read_only(void)
{
	char *volatile p = map(PAGE, PROT_READ);

	*(volatile char *)p = 1;
}

static void
data_call(void)
{
	function = (void (*)(void))(uintptr_t)&sink;
	function();
}

static void
stack_call(void)
{
	volatile unsigned char code[16] = { 0xc3 };

	function = (void (*)(void))(uintptr_t)code;
	function();
}

static void
wild_call(void)
{
	function = (void (*)(void))(uintptr_t)0x7123456000;
	function();
}

__attribute__((noinline)) static int
recursion(int n)
{
	volatile char local[200];

	local[0] = (char)n;
	return depth >= 0 ? recursion(n + 1) + local[0] : 0;
}

static void *
in_thread(void *arg)
{
	recursion(0);
	return arg;
}

static void overflow(void) { recursion(0); }

static void
thread_overflow(void)
{
	pthread_t t;

	pthread_create(&t, NULL, in_thread, NULL);
	pthread_join(t, NULL);
}

/* Goes down by more than a page at once. */
__attribute__((noinline)) static int
big_frame_in(int n)
{
	volatile char local[200000];

	local[zero] = (char)n;
	return depth >= 0 ? big_frame_in(n + 1) + local[zero] : 0;
}

static void big_frame(void) { big_frame_in(0); }

static void divide(void) { sink = (uint64_t)(100 / zero); }

static void
divide_least(void)
{
	volatile int least = INT32_MIN, minus = -1;

	sink = (uint64_t)(least / minus);
}

#ifdef __GLIBC__
static void
float_divide(void)
{
	volatile double none = 0, one = 1;

	feenableexcept(FE_DIVBYZERO);
	one /= none;
}
#endif

static void trap(void) { __builtin_trap(); }

#if defined(__x86_64__) || defined(__i386__)
static void illegal(void) { __asm__ volatile(".byte 0x0f, 0xff, 0xc0"); }
static void breakpoint(void) { __asm__ volatile("int3"); }
static void halt(void) { __asm__ volatile("hlt"); }
static void ports(void) { __asm__ volatile("outb %al, $0x80"); }
#elif defined(__aarch64__)
static void illegal(void) { __asm__ volatile(".inst 0x02000000"); }
static void breakpoint(void) { __asm__ volatile("brk #0"); }
#else
#ifdef __thumb__
static void illegal(void) { __asm__ volatile(".inst.n 0xde02"); }
#else
static void illegal(void) { __asm__ volatile(".inst 0xe7f000f1"); }
#endif
static void breakpoint(void) { __asm__ volatile("bkpt #0"); }
#endif

#ifdef __x86_64__
static void
no_address(void)
{
	*(volatile int *volatile){ (int *)(uintptr_t)0x4141414141414141 } = 1;
}

static void
no_address_call(void)
{
	function = (void (*)(void))(uintptr_t)0x4141414141414141;
	function();
}

static void
misaligned(void)
{
	static char room[64];

	__asm__ volatile("movaps %%xmm0, (%0)" : : "r"((uintptr_t)room / 16 * 16 + 17) : "memory");
}

static void
alignment_check(void)
{
	static char room[64];

	__asm__ volatile("pushf; orl $0x40000, (%%rsp); popf; movl $1, (%0)" : :
	    "r"((uintptr_t)room / 16 * 16 + 17) : "memory");
}

/* Overwrites what it returns to. */
__attribute__((noinline)) static void
smashed_return(void)
{
	__asm__ volatile("movabs $0x4242424242424242, %%rax; push %%rax; ret" : : : "rax", "memory");
}

static void
string_copy(void)
{
	static char to[64];
	const char *from = (const char *)none + 8;
	size_t n = 16;
	char *p = to;

	__asm__ volatile("rep movsb" : "+S"(from), "+D"(p), "+c"(n) : : "memory");
}

static void
avx_write(void)
{
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vmovups %%ymm0, 0x20(%0)" : : "r"(none) : "memory");
	*(volatile int *)0x20 = 1;
}
#endif

static void
file_cut(void)
{
	char name[] = "/tmp/reasons.XXXXXX";
	int fd = mkstemp(name);
	volatile char *p;

	unlink(name);
	if (ftruncate(fd, 2 * PAGE) < 0 ||
	    (p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED ||
	    ftruncate(fd, 0) < 0)
		_exit(1);
	sink = (uint64_t)p[PAGE];
}

static void
double_free(void)
{
	char *volatile p = malloc(20), *volatile q = p;

	free(p);
	free(q);
}

static void
invalid_free(void)
{
	char *volatile p = malloc(64);

	free(p + 8);
}

static void
smashed_heap(void)
{
	char *volatile p = malloc(2000), *volatile q = malloc(2000);

	memset(p, 0x41, 2064);
	free(q);
	free(p);
}

/* A canary, whatever the options. */
__attribute__((noinline, optimize("stack-protector-all"))) static void
smashed_stack(void)
{
	volatile char local[16];

	for (int i = 0; i < 60; i++)
		((volatile char *volatile)local)[i] = 'A';
}

static void
checked_copy(void)
{
	static char to[8];
	char *volatile from = (char *)"far too long a text";

#if defined(__GLIBC__)
	extern char *__strcpy_chk(char *, const char *, size_t);

	__strcpy_chk(to, from, sizeof(to));
#else
	strcpy(to, from);
#endif
}

static void failed_assert(void) { assert(zero > 0 && "more than none"); }
static void aborts(void) { abort(); }
static void raises(void) { raise(SIGQUIT); }

static void
killed(void)
{
	pid_t parent = getpid();

	if (fork() == 0) {
		kill(parent, SIGSEGV);
		_exit(0);
	}
	for (;;)
		pause();
}

static void
killed_abort(void)
{
	pid_t parent = getpid();

	if (fork() == 0) {
		kill(parent, SIGABRT);
		_exit(0);
	}
	for (;;)
		pause();
}

#ifdef __GLIBC__
static void
seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getcwd, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	char path[100];

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	sink = (uint64_t)syscall(__NR_getcwd, path, sizeof(path));
}
#endif

static void
cpu_limit(void)
{
	struct rlimit r = { 1, 5 };

	setrlimit(RLIMIT_CPU, &r);
	for (;;)
		sink++;
}

static void
file_limit(void)
{
	struct rlimit r = { 10, RLIM_INFINITY };
	int fd = open("/tmp", O_TMPFILE | O_WRONLY, 0600);

	setrlimit(RLIMIT_FSIZE, &r);
	sink = (uint64_t)write(fd, constant, 16) + (uint64_t)write(fd, constant, 16);
}

static void
abort_in_handler(int sig)
{
	(void)sig;
	abort();
}

static void
handled(void)
{
	signal(SIGSEGV, abort_in_handler);
	none->field = 1;
}

/* A handler, and no stack of its own: there is no room for it. */
static void
handled_overflow(void)
{
	signal(SIGSEGV, abort_in_handler);
	recursion(0);
}

static const struct {
	const char *name;
	void (*die)(void);
} ways[] = {
#define WAY(name) { #name, name }
	WAY(null_write), WAY(null_read), WAY(null_first), WAY(null_far), WAY(null_index), WAY(null_string),
	WAY(null_call), WAY(null_field_call), WAY(wild_write), WAY(unmapped), WAY(guard), WAY(constant_write),
	WAY(read_only), WAY(data_call), WAY(stack_call), WAY(wild_call), WAY(overflow), WAY(thread_overflow),
	WAY(big_frame), WAY(divide), WAY(divide_least), WAY(trap), WAY(illegal),
	WAY(breakpoint), WAY(file_cut), WAY(double_free), WAY(invalid_free), WAY(smashed_heap),
	WAY(smashed_stack), WAY(checked_copy), WAY(failed_assert), WAY(aborts), WAY(raises), WAY(killed),
	WAY(killed_abort), WAY(cpu_limit), WAY(file_limit), WAY(handled), WAY(handled_overflow),
#ifdef __GLIBC__
	WAY(float_divide), WAY(seccomp),
#endif
#if defined(__x86_64__) || defined(__i386__)
	WAY(halt), WAY(ports),
#endif
#ifdef __x86_64__
	WAY(no_address), WAY(no_address_call), WAY(misaligned), WAY(alignment_check), WAY(smashed_return),
	WAY(string_copy), WAY(avx_write),
#endif
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (argc > 1 && strcmp(argv[1], ways[i].name) == 0)
			ways[i].die();
	return 2;
}
