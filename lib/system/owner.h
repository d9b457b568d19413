/* Users, groups and modes: reading them, and becoming a user for good. */
#ifndef GZCORE_SYSTEM_OWNER_H
#define GZCORE_SYSTEM_OWNER_H

#include <sys/types.h>

/*
 * Reads "user", "user:group", "user:" with its own group, or ":group"; names or numbers.  What is not named
 * stays as it was.  Returns 0, or -1 when there is no such user or group.
 */
int owner_parse(const char *text, uid_t *uid, gid_t *gid);

/* Reads an octal mode of permission bits alone, up to 777.  Returns 0, or -1 when it is none. */
int owner_mode(const char *text, mode_t *mode);

/*
 * Gives up the process's rights for those of a user, named as for owner_parse, with its own group unless one is
 * named, and no others; no program that it starts gets more (PR_SET_NO_NEW_PRIVS), and it leaves no core, in
 * which what it was given to read would be (PR_SET_DUMPABLE).  Returns 0; -1 with
 * errno, ENOENT when there is no such user: the process must then do no more.
 */
int owner_become(const char *text);

#endif
