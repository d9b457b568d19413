#include "end_input.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int nothing;
static volatile sig_atomic_t told, child;

static void
end(int sig)
{
	int saved = errno;

	told = sig;
	if (child > 0)
		kill((pid_t)child, sig);
	dup2(nothing, STDIN_FILENO);
	errno = saved;
}

int
end_input_heed(struct sigaction *pipe)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction act = { .sa_handler = end }, ignore = { .sa_handler = SIG_IGN };

	if ((nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct sigaction old;

		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &act, NULL);
	}
	sigaction(SIGPIPE, &ignore, pipe);
	return 0;
}

void
end_input_tell(pid_t to)
{
	child = (sig_atomic_t)to;
}

int
end_input_told(void)
{
	return (int)told;
}
