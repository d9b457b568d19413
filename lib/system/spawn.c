#define _GNU_SOURCE
#include "system/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"

/* Gives the child its descriptors; 0, or -1 with errno. */
static int
set_descriptors(const struct spawn *s)
{
	for (int k = 0; k < 3; k++) {
		if (s->fd[k] == SPAWN_CLOSED)
			io_close(k);
		else if (s->fd[k] != SPAWN_SAME && s->fd[k] != k && dup2(s->fd[k], k) < 0)
			return -1;
	}
	return 0;
}

/* The child.  Returns when it is to be no other program. */
static void
become(const struct spawn *s, int tell)
{
	if (set_descriptors(s) == 0 && (s->prepare == NULL || s->prepare(s->arg) == 0)) {
		if (s->argv == NULL) {
			io_close(tell);
			return;
		}
		execvp(s->argv[0], s->argv);
	}
	/* The parent sees the exit status all the same. */
	(void)io_write(tell, &errno, sizeof(errno));
	_exit(SPAWN_FAILED);
}

pid_t
spawn_start(struct spawn *s)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	int tell[2], saved;
	pid_t pid;

	s->error = 0;
	if (pipe2(tell, O_CLOEXEC) < 0)
		return -1;
	sigaction(SIGCHLD, &usual, NULL);
	pid = fork();
	saved = errno;
	if (pid == 0) {
		io_close(tell[0]);
		become(s, tell[1]);
		return 0;
	}
	io_close(tell[1]);
	/* exec closes the pipe, and so does the child's end: then nothing is read. */
	if (pid > 0 && io_read(tell[0], &s->error, sizeof(s->error)) < (ssize_t)sizeof(s->error))
		s->error = 0;
	io_close(tell[0]);
	errno = saved;
	return pid;
}

int
spawn_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}
