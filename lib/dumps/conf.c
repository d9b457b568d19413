#include "dumps/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

#define BLANKS " \t"

/* The text without blanks around it, nor other white space at its end, in place: as gzcoredump does. */
static char *
trim_blanks(char *text)
{
	size_t n;

	text += strspn(text, BLANKS);
	for (n = strlen(text); n > 0 && strchr(BLANKS "\v\f\r", text[n - 1]) != NULL; n--)
		;
	text[n] = '\0';
	return text;
}

/* The value of a line, in place; NULL when the line has another key. */
static char *
value_of(char *line, const char *key)
{
	char *value;
	size_t n;

	line[strcspn(line, "\n")] = '\0';
	line = trim_blanks(line);
	if (*line == '#' || (value = strchr(line, '=')) == NULL)
		return NULL;
	*value++ = '\0';
	if (strcmp(trim_blanks(line), key) != 0)
		return NULL;
	value = trim_blanks(value);
	n = strlen(value);
	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value[n - 1] = '\0';
		value++;
	}
	return value;
}

static int
take_dir(char **dir, const char *value)
{
	size_t n = strlen(value);
	char *copy;

	if (*value != '/')
		return 0;
	if ((copy = strndup(value, n > 1 && value[n - 1] == '/' ? n - 1 : n)) == NULL)
		return -1;
	free(*dir);
	*dir = copy;
	return 0;
}

int
conf_dir(const char *path, char **dir)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc = 0, saved;
	char *line = NULL, *value;
	size_t room = 0;
	FILE *f;

	*dir = NULL;
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	errno = EINVAL;
	if (!io_regular(fd) || (f = fdopen(fd, "r")) == NULL) {
		saved = errno;
		io_close(fd);
		errno = saved;
		return -1;
	}
	while (rc == 0 && getline(&line, &room, f) >= 0)
		if ((value = value_of(line, "dir")) != NULL)
			rc = take_dir(dir, value);
	if (ferror(f))
		rc = -1;
	saved = errno;
	free(line);
	fclose(f);
	if (rc < 0) {
		free(*dir);
		*dir = NULL;
	}
	errno = saved;
	return rc;
}
