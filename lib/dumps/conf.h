/* Reads the directory of dumps out of the configuration that gzcoredump.conf(5) describes. */
#ifndef GZCORE_DUMPS_CONF_H
#define GZCORE_DUMPS_CONF_H

/*
 * Reads dir from the configuration at path: the last line that names an absolute path counts.  *dir
 * has no slash at its end, and is the caller's to free; it is NULL when no line names one or there
 * is no such file.  Returns 0, or -1 with errno when the file cannot be read, EINVAL when it is not
 * regular.
 */
int conf_dir(const char *path, char **dir);

#endif
