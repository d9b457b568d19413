#define _GNU_SOURCE
#include "system/memory_window.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

/* Bytes that are filled at once, and the most pieces that are there at a time: 3 MiB. */
#define PIECE (64u * 1024)
#define PIECES 48

/* A signal handler is given nothing of its caller's: this must be where it finds it. */
static struct {
	ssize_t (*get)(void *arg, uint64_t at, void *buf, size_t len);
	void *arg;
	char *base;
	size_t len;		/* a multiple of PIECE */
	char *there[PIECES];	/* a ring: the next to go is the one that came first */
	size_t next;
	struct sigaction before;
} window;

/* Takes the memory of a piece back; touching it is a fault again. */
static void
empty(char *piece)
{
	if (piece != NULL)
		mmap(piece, PIECE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

/*
 * A fault comes from a load instruction of the thread itself, never from within malloc, which does not
 * touch the window: so everything may be called here.  Several pieces fit at a time, so that an
 * instruction that touches two goes on.
 */
static void
fill(int sig, siginfo_t *info, void *context)
{
	char *at = info->si_addr, *piece;
	int saved = errno;

	(void)context;
	if (info->si_code != SEGV_ACCERR || at < window.base ||
	    (size_t)(at - window.base) >= window.len)
		goto not_ours;
	piece = window.base + (size_t)(at - window.base) / PIECE * PIECE;
	empty(window.there[window.next]);
	window.there[window.next] = NULL;
	if (mprotect(piece, PIECE, PROT_READ | PROT_WRITE) < 0)
		goto not_ours;
	if (window.get(window.arg, (uint64_t)(piece - window.base), piece, PIECE) < 0)
		memset(piece, 0, PIECE);
	mprotect(piece, PIECE, PROT_READ);
	window.there[window.next] = piece;
	window.next = (window.next + 1) % PIECES;
	errno = saved;
	return;
not_ours:
	/* The instruction runs into it again, and meets what there was before. */
	sigaction(sig, &window.before, NULL);
	errno = saved;
}

int
window_open(ssize_t (*get)(void *arg, uint64_t at, void *buf, size_t len), void *arg, uint64_t size,
    char **base)
{
	struct sigaction act = { .sa_sigaction = fill, .sa_flags = SA_SIGINFO };
	void *p;

	if (window.base != NULL) {
		errno = EBUSY;
		return -1;
	}
	if (size > PTRDIFF_MAX - 2 * (uint64_t)PIECE) {
		errno = EFBIG;
		return -1;
	}
	window.len = ((size_t)size / PIECE + 1) * PIECE;
	p = mmap(NULL, window.len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) {
		if (errno == ENOMEM)
			errno = EFBIG;
		return -1;
	}
	window.get = get;
	window.arg = arg;
	window.base = p;
	sigemptyset(&act.sa_mask);
	if (sigaction(SIGSEGV, &act, &window.before) < 0) {
		munmap(window.base, window.len);
		window.base = NULL;
		return -1;
	}
	*base = window.base;
	return 0;
}

void
window_close(void)
{
	sigaction(SIGSEGV, &window.before, NULL);
	munmap(window.base, window.len);
	memset(&window, 0, sizeof(window));
}
