/* Users, groups and modes: parsing them, and becoming another user permanently. */
#ifndef GZCORE_SYSTEM_OWNER_H
#define GZCORE_SYSTEM_OWNER_H

#include <sys/types.h>

/*
 * Parses "user", "user:group", "user:" with the user's own group, or ":group"; names or numbers.
 * *uid or *gid does not change if it is not named.  Returns 0, or -1 if there is no such user or
 * group.
 */
int owner_parse(const char *text, uid_t *uid, gid_t *gid);

/*
 * Parses an octal mode of permission bits only, up to 777.  Returns 0, or -1 if it is no such mode.
 */
int owner_mode(const char *text, mode_t *mode);

/*
 * The user and the group of a text for owner_parse, with the user's own group unless one is named.
 * Returns 0; -1 with errno, ENOENT if there is no such user or none is named.
 */
int owner_resolve(const char *text, uid_t *uid, gid_t *gid);

/*
 * The user who asked root for this by sudo(8), and their group: SUDO_UID and SUDO_GID, else the group of the user.
 * Returns whether there is one; root is none, and neither is a user in root's group.
 */
int owner_invoker(uid_t *uid, gid_t *gid);

/*
 * Gives up all capabilities, now and for what the process executes (PR_SET_NO_NEW_PRIVS).  Returns 0, or -1 with errno.
 */
int owner_weaken(void);

/*
 * Gives up the process's rights for those of a user and one group, and no other groups.  Programs
 * that the process starts get no more rights (PR_SET_NO_NEW_PRIVS), and it leaves no core, which
 * would contain the data it reads (PR_SET_DUMPABLE).  Returns 0, or -1 with errno: then the process
 * must stop.  owner_become does it for a text that owner_resolve understands.
 */
int owner_take(uid_t uid, gid_t gid);
int owner_become(const char *text);

#endif
