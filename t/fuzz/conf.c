/*
 * Fuzz target: the configuration, and the numbers in it and in options.  A directory is an absolute path; a number is
 * within its bounds, and its text says what was read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "dumps/conf.h"
#include "gzip/deflate.h"
#include "target.h"

/* The path of an open file. */
static const char *
path_of(int fd, char path[64])
{
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return path;
}

/* A line that says the directory is read as that again. */
static void
check_again(const char *dir)
{
	size_t len = strlen(dir) + 8;
	char *line = malloc(len), path[64], *again;
	int fd;

	MUST(line != NULL);
	fd = target_file((const uint8_t *)line, (size_t)snprintf(line, len, "dir=\"%s\"\n", dir));
	MUST(conf_dir(path_of(fd, path), &again) == 0);
	MUST(again != NULL && strcmp(again, dir) == 0);
	target_close(fd);
	free(again);
	free(line);
}

static void
check_conf(const uint8_t *bytes, size_t len)
{
	int fd = target_file(bytes, len);
	char path[64], *dir;

	MUST(conf_dir(path_of(fd, path), &dir) == 0);
	target_close(fd);
	if (dir == NULL)
		return;
	MUST(dir[0] == '/' && strchr(dir, '\n') == NULL);
	/* Of slashes at the end one is taken. */
	if (strlen(dir) > 1 && dir[strlen(dir) - 1] != '/')
		check_again(dir);
	free(dir);
}

static void
check_numbers(const char *text, struct target_draw *draw)
{
	uint64_t min = target_draw(draw, 3) * 7, max = target_draw(draw, 2) ? UINT64_MAX : 70000;
	uint64_t n, size, start, length;
	int low, high, plain = number_parse(text, min, max, &n) == 0;
	char again[24], word[16];

	if (plain) {
		MUST(n >= min && n <= max && strspn(text, "0123456789") == strlen(text));
		snprintf(again, sizeof(again), "%" PRIu64, n);
		MUST(strcmp(text + strspn(text, "0"), again + (n == 0)) == 0);
		MUST(strlen(number_short(n, word)) <= 4);
	}
	if (number_size(text, min, max, &size) == 0) {
		MUST(size >= min && size <= max && (!plain || size == n));
		MUST(strspn(text, "0123456789KMGT") == strlen(text));
	}
	if (number_span(text, &start, &length) == 0)
		MUST(length > 0 && strchr(text, ':') != NULL);
	if (deflate_levels(text, &low, &high) == 0)
		MUST(low >= 0 && low <= high && high <= 9 && strlen(text) == 3);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct target_draw draw;
	char *text = target_string(bytes, len);

	target_draw_start(&draw, bytes, len);
	check_conf(bytes, len);
	check_numbers(text, &draw);
	free(text);
	return 0;
}
