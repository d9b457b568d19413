/* The configuration as gzcoredump.conf(5) describes it, for those who ask it one thing. */
#ifndef GZCORE_DUMPS_CONF_H
#define GZCORE_DUMPS_CONF_H

/*
 * The directory that the configuration of that path names: that of the last line that names an absolute path,
 * without a slash at its end.  Returns 0, with *dir for the caller to free, or NULL when it names none or is not
 * there; -1 with errno when it cannot be read, EINVAL when it is no regular file.
 */
int conf_dir(const char *path, char **dir);

#endif
