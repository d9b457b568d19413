/* The kernel's handler for a benchmark: runs a pipeline on the core, and notes when it and its stages ended.
 *
 * The words of the pipeline are in the file "plan" beside this program, each ended by a NUL; "|" separates stages; @L is
 * the value of the kernel's argument with the letter L, and @ alone stands for all of the arguments.  The last stage
 * writes into the file "out", all may write lines on descriptor 5, into the file "lines".
 *
 * A shell would cost a millisecond or two, and would hold the core until its last stage has ended.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORDS 128
#define STAGES 8

struct stage {
	char *argv[WORDS];
	pid_t pid;
};

static char plan[16384];
static struct stage stages[STAGES];

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static char *
value(char **args, char letter)
{
	for (; *args != NULL; args++)
		if (**args == letter)
			return *args + 1;
	errx(2, "no argument %c", letter);
}

/* Returns the number of stages. */
static size_t
read_plan(char **args)
{
	int fd = open("plan", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, plan, sizeof(plan) - 1);
	size_t stage = 0, word = 0;

	if (length <= 0)
		err(2, "plan");
	close(fd);
	for (char *p = plan; p < plan + length; p += strlen(p) + 1) {
		if (strcmp(p, "|") == 0) {
			if (++stage == STAGES)
				errx(2, "plan: too many stages");
			word = 0;
			continue;
		}
		for (char **a = args; strcmp(p, "@") == 0 && *a != NULL && word + 1 < WORDS; a++)
			stages[stage].argv[word++] = *a;
		if (word + 1 >= WORDS)
			errx(2, "plan: too many words");
		if (strcmp(p, "@") != 0)
			stages[stage].argv[word++] = *p == '@' ? value(args, p[1]) : p;
	}
	return stage + 1;
}

static void
start(struct stage *stage, int in, int out)
{
	stage->pid = fork();
	if (stage->pid < 0)
		err(2, "fork");
	if (stage->pid > 0)
		return;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0)
		_exit(126);
	execvp(stage->argv[0], stage->argv);
	warn("%s", stage->argv[0]);
	_exit(127);
}

static void
start_all(size_t n)
{
	int core = fcntl(0, F_DUPFD_CLOEXEC, 10), in = core, ends[2];
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open("out", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	/* The kernel waits until nobody else has the core. */
	if (core < 0 || nothing < 0 || out < 0 || dup2(nothing, 0) < 0)
		err(2, "open");
	for (size_t i = 0; i < n; i++) {
		int to = out;

		if (i + 1 < n) {
			if (pipe(ends) < 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) < 0 ||
			    fcntl(ends[1], F_SETFD, FD_CLOEXEC) < 0)
				err(2, "pipe");
			to = ends[1];
		}
		start(&stages[i], in, to);
		close(in);
		close(to);
		in = i + 1 < n ? ends[0] : -1;
	}
	close(nothing);
}

/* Gives the file its name only when it is whole: the benchmark waits for it. */
static FILE *
begin_file(void)
{
	FILE *f = fopen("new", "we");

	if (f == NULL)
		err(2, "new");
	return f;
}

static void
end_file(FILE *f, const char *name)
{
	if (fclose(f) != 0 || rename("new", name) < 0)
		err(2, "%s", name);
}

/* Notes of each stage: its status, when it ended, and the most memory that it had. */
static void
wait_all(uint64_t began, size_t n)
{
	FILE *f = begin_file();
	struct rusage usage;
	int status;
	pid_t pid;

	fprintf(f, "%" PRIu64 "\n", began);
	while ((pid = wait4(-1, &status, 0, &usage)) > 0 || errno == EINTR)
		for (size_t i = 0; pid > 0 && i < n; i++)
			if (stages[i].pid == pid)
				fprintf(f, "%d %" PRIu64 " %ld %s\n", status, now(), usage.ru_maxrss,
				    stages[i].argv[0]);
	fprintf(f, "%" PRIu64 "\n", now());
	end_file(f, "done");
}

static void
open_as(int fd, const char *path, int flags)
{
	int opened = open(path, flags, 0600);

	if (opened < 0 || dup2(opened, fd) < 0)
		err(2, "%s", path);
	if (opened != fd)
		close(opened);
}

static void
set_path(void)
{
	char path[4096];
	FILE *f = fopen("path", "re");

	if (f == NULL || fgets(path, sizeof(path), f) == NULL || fclose(f) != 0 ||
	    setenv("PATH", path, 1) < 0 || setenv("LC_ALL", "C", 1) < 0)
		err(2, "path");
}

int
main(int argc, char **argv)
{
	uint64_t began = now();
	char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	size_t n;
	FILE *f;

	if (slash == NULL)
		return 2;
	*slash = '\0';
	if (chdir(argv[0]) < 0)
		return 2;
	/* The kernel gives the core on 0, the process on 3, neither 1 nor 2, and no environment. */
	open_as(1, "log", O_WRONLY | O_CREAT | O_APPEND);
	open_as(2, "log", O_WRONLY | O_CREAT | O_APPEND);
	open_as(5, "lines", O_WRONLY | O_CREAT | O_TRUNC);
	set_path();
	/* What the stages leave behind is waited for too; and all can be found, and ended, by the session. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || setsid() < 0)
		err(2, "session");
	n = read_plan(argv + 1);
	start_all(n);
	f = begin_file();
	fprintf(f, "%d %" PRIu64 "\n", (int)getpid(), began);
	end_file(f, "pid");
	wait_all(began, n);
	return 0;
}
