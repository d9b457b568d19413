#include "removing.h"

#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dumps/conf.h"
#include "dumps/directory.h"
#include "dumps/remove.h"
#include "record/record.h"

const char *
removing_directory(const char *dir)
{
	char *configured = NULL;

	if (dir != NULL)
		return dir;
	if (conf_dir(CONF_FILE, &configured) < 0)
		err(2, "%s", CONF_FILE);
	return configured != NULL ? configured : DUMPS_DIR;
}

/* Marks the dumps that are meant.  Returns 0, or -1 after it has said which one is not there. */
static int
choose(const struct removing *r, const struct dumps *d, char *chosen)
{
	size_t of_command = 0;

	for (size_t i = 0; r->command != NULL && i < d->count; i++)
		if (fnmatch(r->command, d->dump[i].comm, 0) == 0) {
			chosen[i] = 1;
			of_command++;
		}
	if (r->command != NULL && of_command == 0) {
		warnx("-c %s: no such dump in %s", r->command, r->path);
		return -1;
	}
	for (char **name = r->names; *name != NULL; name++) {
		const struct dump *found;

		record_unescape(*name);
		found = dumps_find(d, *name);
		if (found == NULL) {
			warnx("%s: no such dump in %s", *name, r->path);
			return -1;
		}
		chosen[found - d->dump] = 1;
	}
	return 0;
}

int
removing_run(const struct removing *r)
{
	struct dumps d = { 0 };
	char name[RECORD_ESCAPED(DUMPS_NAME)], *chosen;
	int status = 0;

	if (dumps_read(&d, r->dir, DUMPS_USERS) < 0)
		err(2, "%s", r->path);
	if ((chosen = calloc(d.count + 1, 1)) == NULL)
		err(2, NULL);
	if (choose(r, &d, chosen) < 0)
		status = 2;
	/* The list has the newest first: the oldest goes first. */
	for (size_t i = d.count; status < 2 && i-- > 0;) {
		const struct dump *dump = &d.dump[i];

		if (!chosen[i])
			continue;
		record_escape(name, dump->name, strnlen(dump->name, DUMPS_NAME));
		if (dump->state == DUMP_OPEN || dump->pending) {
			warnx("%s/%s: is being written: it stays", r->path, name);
			status = 1;
		} else if (r->only_say) {
			printf("would remove %s\n", name);
		} else if (dumps_remove(r->dir, dump, 1, 1, 1) == 0) {
			printf("removed %s\n", name);
		} else {
			if (errno == EWOULDBLOCK)
				warnx("%s/%s: in use: it stays", r->path, name);
			else
				warn("%s/%s", r->path, name);
			status = 1;
		}
	}
	free(chosen);
	dumps_free(&d);
	return status;
}
