#define _GNU_SOURCE
#include "system/sigbus_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* A signal handler is given nothing of its caller's: this must be where it finds it. */
static struct sigaction before;
static uintptr_t page;
static volatile sig_atomic_t seen;

static void
fill(int sig, siginfo_t *info, void *context)
{
	void *at = (void *)((uintptr_t)info->si_addr & ~(page - 1));
	int saved = errno;

	(void)context;
	if (info->si_code == BUS_ADRERR && mmap(at, page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		seen = 1;
	else
		/* The instruction runs into it again, and meets what there was before. */
		sigaction(sig, &before, NULL);
	errno = saved;
}

void
cut_guard(int on)
{
	struct sigaction act = { .sa_sigaction = fill, .sa_flags = SA_SIGINFO };

	if (!on) {
		sigaction(SIGBUS, &before, NULL);
		return;
	}
	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	seen = 0;
	sigemptyset(&act.sa_mask);
	sigaction(SIGBUS, &act, &before);
}

int
cut_guard_seen(void)
{
	return seen;
}
