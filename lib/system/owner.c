#define _GNU_SOURCE
#include "system/owner.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/number.h"

int
owner_parse(const char *text, uid_t *uid, gid_t *gid)
{
	char user[256];
	const char *colon = strchr(text, ':');
	size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);
	struct passwd *pw;
	struct group *gr;
	uint64_t n;

	if (len >= sizeof(user))
		return -1;
	memcpy(user, text, len);
	user[len] = '\0';
	if (len > 0) {
		if ((pw = getpwnam(user)) != NULL)
			*uid = pw->pw_uid;
		else if (number_parse(user, 0, UINT32_MAX - 1, &n) == 0)
			*uid = (uid_t)n;
		else
			return -1;
	}
	if (colon != NULL && colon[1] == '\0' && len > 0) {
		if ((pw = getpwuid(*uid)) == NULL)
			return -1;
		*gid = pw->pw_gid;
	} else if (colon != NULL) {
		if ((gr = getgrnam(colon + 1)) != NULL)
			*gid = gr->gr_gid;
		else if (number_parse(colon + 1, 0, UINT32_MAX - 1, &n) == 0)
			*gid = (gid_t)n;
		else
			return -1;
	}
	return len > 0 || colon != NULL ? 0 : -1;
}

int
owner_mode(const char *text, mode_t *mode)
{
	char *end;
	long n = strtol(text, &end, 8);

	if (*text < '0' || *text > '7' || *end != '\0' || n > 0777)
		return -1;
	*mode = (mode_t)n;
	return 0;
}

int
owner_resolve(const char *text, uid_t *uid, gid_t *gid)
{
	struct passwd *pw;

	*uid = (uid_t)-1;
	*gid = (gid_t)-1;
	errno = ENOENT;
	if (owner_parse(text, uid, gid) < 0 || *uid == (uid_t)-1)
		return -1;
	if (*gid == (gid_t)-1) {
		if ((pw = getpwuid(*uid)) == NULL) {
			errno = ENOENT;
			return -1;
		}
		*gid = pw->pw_gid;
	}
	return 0;
}

/* The number in an environment variable, other than root's; 0: there is none. */
static uint32_t
number_in(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t n;

	return text != NULL && number_parse(text, 1, UINT32_MAX - 1, &n) == 0 ? (uint32_t)n : 0;
}

int
owner_invoker(uid_t *uid, gid_t *gid)
{
	struct passwd *pw;

	if ((*uid = number_in("SUDO_UID")) == 0)
		return 0;
	*gid = number_in("SUDO_GID");
	if (*gid == 0 && (pw = getpwuid(*uid)) != NULL)
		*gid = pw->pw_gid;
	return *gid != 0;
}

int
owner_weaken(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2];

	memset(none, 0, sizeof(none));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return syscall(SYS_capset, &head, none) < 0 ? -1 : 0;
}

int
owner_take(uid_t uid, gid_t gid)
{
	/* The user last: without root's rights the others cannot be given up. */
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -1;
	/* The kernel takes a root's capabilities with the user, unless a securebit says no: capabilities(7). */
	if ((uid != 0 ? owner_weaken() : prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) < 0)
		return -1;
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int
owner_become(const char *text)
{
	uid_t uid;
	gid_t gid;

	return owner_resolve(text, &uid, &gid) < 0 ? -1 : owner_take(uid, gid);
}
