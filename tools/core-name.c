/* core-name - turn a template and KEY=VALUE lines into a safe file name */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "crash/name.h"

/* The most input, bytes: many times what core-info prints. */
#define INPUT_BYTES (1024 * 1024)

static int
usage(FILE *to, int status)
{
	fputs("usage: core-name [-hV] TEMPLATE\n", to);
	return fflush(to) == 0 ? status : 2;
}

static char *
read_lines(void)
{
	char *lines = malloc(INPUT_BYTES + 2);
	ssize_t n;

	if (lines == NULL)
		err(2, "memory");
	if ((n = io_read(STDIN_FILENO, lines, INPUT_BYTES + 1)) < 0)
		err(2, "<stdin>");
	if (n > INPUT_BYTES)
		errx(2, "<stdin>: over %d bytes", INPUT_BYTES);
	lines[n] = '\0';
	/* A NUL does not end the text: the lines behind it count as well. */
	for (char *p = lines; (p = memchr(p, '\0', (size_t)(lines + n - p))) != NULL;)
		*p = '_';
	return lines;
}

int
main(int argc, char **argv)
{
	struct name n;
	char *lines;
	int c;

	if (io_std() < 0)
		err(2, "/dev/null");
	while ((c = getopt(argc, argv, "hV")) != -1) {
		switch (c) {
		case 'h':
			return usage(stdout, 0);
		case 'V':
			puts("core-name " VERSION);
			return fflush(stdout) == 0 ? 0 : 2;
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind != 1)
		return usage(stderr, 2);

	/* strftime takes local time for what %s counts in. */
	if (setenv("TZ", "UTC0", 1) < 0)
		err(2, "memory");
	lines = read_lines();
	if (name_make(&n, argv[optind], lines) < 0)
		errx(2, "%s", n.why);
	free(lines);
	if (puts(n.text) == EOF || fflush(stdout) != 0 || io_close(STDOUT_FILENO) < 0)
		err(2, "<stdout>: write");
	return 0;
}
