#include "dumps/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "dumps/conf.h"

static int
as_dump(struct core_named *n, const char *operand, int small, const char *conf, const char *usual)
{
	char *dir;
	int rc;

	if (conf_dir(conf, &dir) < 0)
		dir = NULL;
	rc = dumps_named(&n->dump, operand, dir != NULL ? dir : usual, small);
	free(dir);
	/* Who names a file that is not there need not know of dumps. */
	if (rc < 0 && n->dump.dump == NULL && !small && strcmp(operand, "last") != 0)
		snprintf(n->dump.why, sizeof(n->dump.why), "%s", strerror(ENOENT));
	if (n->dump.file[0] != '\0')
		record_escape(n->shown, n->dump.file, strlen(n->dump.file));
	n->fd = n->dump.fd;
	return rc;
}

int
core_named(struct core_named *n, const char *operand, int small, const char *conf, const char *usual)
{
	int std = operand == NULL || strcmp(operand, "-") == 0;

	memset(&n->dump, 0, sizeof(n->dump));
	n->dump.fd = -1;
	snprintf(n->shown, sizeof(n->shown), "%s", std ? "<stdin>" : operand);
	if (std && small) {
		n->fd = -1;
		snprintf(n->dump.why, sizeof(n->dump.why), "no dump that has a small core");
		return -1;
	}
	if (small)
		return as_dump(n, operand, small, conf, usual);
	if ((n->fd = io_open(operand)) >= 0)
		return 0;
	if (errno == ENOENT)
		return as_dump(n, operand, small, conf, usual);
	snprintf(n->dump.why, sizeof(n->dump.why), "%s", strerror(errno));
	return -1;
}

void
core_named_free(struct core_named *n)
{
	if (n->fd > STDIN_FILENO && n->fd != n->dump.fd)
		io_close(n->fd);
	dumps_named_free(&n->dump);
}
