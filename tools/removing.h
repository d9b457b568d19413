/* Removes the dumps that a user names: core-prune's way without rules. */
#ifndef GZCORE_TOOLS_REMOVING_H
#define GZCORE_TOOLS_REMOVING_H

struct removing {
	const char *path;	/* the directory, for messages */
	int dir;
	const char *command;	/* all whose command matches this pattern, or NULL */
	char **names;		/* as core-list shows them, or "last"; NULL ends them */
	int only_say;
};

/*
 * Returns dir, or the configured directory if dir is NULL, which is not to be freed.  If the
 * configuration cannot be read it ends the program.
 */
const char *removing_directory(const char *dir);

/*
 * If one is not there nothing is removed.  One that is being written, or in use, stays.  Returns the
 * exit status, and ends the program when the directory cannot be read.
 */
int removing_run(const struct removing *r);

#endif
