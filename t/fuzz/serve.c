/*
 * Starts a program once and forks for each input, so that thousands are tried in a minute, with sanitizers that take
 * long to start too.  It is linked with the program, whose main is fuzzed_main.
 *
 * A line of standard input has, parted by tabs: how the input comes (f: by its name among the arguments, s: as
 * standard input, p: through a pipe), its path, the paths of the files that take standard output and standard
 * error, and the arguments.  The answer is a line with the status of wait(2).
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS 32
/* Seconds of processor time after which an input counts as one that never ends. */
#define CPU_SECONDS 20

int fuzzed_main(int argc, char **argv);

static void
become(int from, int to)
{
	if (from < 0 || dup2(from, to) < 0)
		err(125, "descriptor %d", to);
	if (from != to)
		close(from);
}

/* The input in a pipe that is large enough to hold it, so that nobody needs to write while the program reads. */
static int
piped(const char *path)
{
	int fd[2], in = open(path, O_RDONLY);
	off_t size = in < 0 ? -1 : lseek(in, 0, SEEK_END);

	if (size < 0 || pipe(fd) < 0 || (size > 65536 && fcntl(fd[1], F_SETPIPE_SZ, (int)size) < 0))
		err(125, "%s", path);
	for (loff_t at = 0; at < size;)
		if (splice(in, &at, fd[1], NULL, (size_t)(size - at), 0) <= 0)
			err(125, "%s", path);
	close(in);
	close(fd[1]);
	return fd[0];
}

static void
run(char *line, const char *name)
{
	char *argv[ARGUMENTS + 1] = { (char *)(uintptr_t)name }, *how, *path, *out, *errors, *p = line;
	struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS + 1 };
	int argc = 1, in;

	how = strsep(&p, "\t");
	path = strsep(&p, "\t");
	out = strsep(&p, "\t");
	errors = strsep(&p, "\t");
	if (errors == NULL)
		errx(125, "a line without its fields");
	while (p != NULL && argc < ARGUMENTS)
		argv[argc++] = strsep(&p, "\t");
	in = *how == 'p' ? piped(path) : open(*how == 's' ? path : "/dev/null", O_RDONLY);
	become(in, 0);
	become(open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
	become(open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
	setrlimit(RLIMIT_CPU, &cpu);
	exit(fuzzed_main(argc, argv));
}

int
main(int argc, char **argv)
{
	static char line[65536];
	const char *name = strrchr(argv[0], '/');

	(void)argc;
	/* The name that getopt(3) and err(3) say stays the program's own. */
	name = name != NULL ? name + 1 : argv[0];
	/* What is buffered here would be read by the program. */
	setvbuf(stdin, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		int status;
		pid_t pid;

		line[strcspn(line, "\n")] = '\0';
		if ((pid = fork()) == 0)
			run(line, name);
		if (pid < 0 || waitpid(pid, &status, 0) < 0)
			err(125, "fork");
		printf("%d\n", status);
		fflush(stdout);
	}
	return 0;
}
