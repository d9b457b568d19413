#include "system/end_input.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/io.h"

static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ };
/* The first three end the input; the others are ignored. */
#define ENDS 3
#define HANDLED (sizeof(handled) / sizeof(*handled))

static struct sigaction was[HANDLED];
static int nothing, heeded;
/* A handler may set them, which runs in any thread. */
static atomic_int told, child, other;

static void
end(int sig)
{
	int saved = errno;

	told = sig;
	if (child > 0)
		kill(child, sig);
	if (other > 0)
		kill(other, sig);
	dup2(nothing, STDIN_FILENO);
	errno = saved;
}

int
end_input_heed(void)
{
	struct sigaction act = { .sa_handler = end }, ignore = { .sa_handler = SIG_IGN };

	if ((nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	for (size_t i = 0; i < HANDLED; i++) {
		sigaction(handled[i], NULL, &was[i]);
		if (i >= ENDS || was[i].sa_handler != SIG_IGN)
			sigaction(handled[i], i < ENDS ? &act : &ignore, NULL);
	}
	heeded = 1;
	return 0;
}

int
end_input_close(int fd)
{
	int rc = io_close(fd), saved = errno;

	if (heeded)
		dup2(nothing, fd);
	else
		io_std();
	errno = saved;
	return rc;
}

void
end_input_restore(void)
{
	for (size_t i = 0; heeded && i < HANDLED; i++)
		sigaction(handled[i], &was[i], NULL);
}

void
end_input_tell(pid_t to, pid_t to_other)
{
	const pid_t all[] = { to, to_other };

	child = to;
	other = to_other;
	for (size_t i = 0; i < 2; i++)
		if (all[i] > 0 && told != 0)
			kill(all[i], told);
}

int
end_input_told(void)
{
	return told;
}
