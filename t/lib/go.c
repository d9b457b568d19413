/*
 * go HOW - a program that dies as one in Go does: its functions have dots in their names, its handler of a signal returns
 * to code without call frame information, and raises another signal.  x86-64.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMED(name) __asm__(name) __attribute__((noinline, used))

static const char table[] __attribute__((section(".gopclntab"), used)) = "functions";
static int *volatile none;

static int ship(int n) NAMED("main.ship");
static int pay(int n) NAMED("main.pay");
static int enter(const char *how) NAMED("main.main");
static void handle(int sig) NAMED("runtime.sigfwdgo");
void restore(void) NAMED("runtime.sigreturn.abi0");

__asm__(".text\n.type runtime.sigreturn.abi0,@function\nint3\nruntime.sigreturn.abi0:\n"
	"mov $15, %rax\nsyscall\nint3\n.size runtime.sigreturn.abi0, .-runtime.sigreturn.abi0\n");

static int
ship(int n)
{
	return *none + n;
}

static int
pay(int n)
{
	return *none - n;
}

static int
enter(const char *how)
{
	return (strcmp(how, "ship") == 0 ? ship(1) : pay(2)) + 1;
}

static void
handle(int sig)
{
	(void)sig;
	raise(SIGABRT);
	__asm__ volatile("");
}

int
main(int argc, char **argv)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = { handle, 0x04000000 /* SA_RESTORER */, restore, 0 };

	if (syscall(SYS_rt_sigaction, SIGSEGV, &action, NULL, 8) < 0)
		return 1;
	return enter(argc > 1 ? argv[1] : "ship");
}
