#define _GNU_SOURCE
#include "confine/confine.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef WITH_SECCOMP
#include <seccomp.h>
#endif

#include "base/number.h"
#include "system/owner.h"

/* As in <sys/syscall.h> and <linux/landlock.h>, where these know them. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif
#define LANDLOCK_VERSION 1u
/* The accesses to files that each version of it knows: their number. */
static const unsigned accesses[] = { 0, 13, 14, 15, 15, 16 };
struct landlock {
	uint64_t files;
};

/* Returns 0, or an errno; 0 too where the kernel has no such thing. */
static int
close_paths(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_VERSION);
	size_t most = sizeof(accesses) / sizeof(*accesses) - 1;
	struct landlock handled;
	long fd;

	if (version <= 0)
		return 0;
	if ((size_t)version < most)
		most = (size_t)version;
	handled.files = (UINT64_C(1) << accesses[most]) - 1;
	fd = syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0u);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, (int)fd, 0u) < 0)
		return errno;
	return syscall(SYS_close, (int)fd) < 0 ? errno : 0;
}

/* Whom root becomes: GZCORE_CONFINE says it, "UID:GID" of numbers that are not root's. */
static void
find_user(uid_t *uid, gid_t *gid)
{
	const char *value = getenv("GZCORE_CONFINE"), *colon;
	char text[16] = "";
	uint64_t user, group;

	*uid = *gid = CONFINE_USER;
	if (value == NULL || (colon = strchr(value, ':')) == NULL ||
	    (size_t)(colon - value) >= sizeof(text))
		return;
	memcpy(text, value, (size_t)(colon - value));
	if (number_parse(text, 1, UINT32_MAX - 1, &user) < 0 ||
	    number_parse(colon + 1, 1, UINT32_MAX - 1, &group) < 0)
		return;
	*uid = (uid_t)user;
	*gid = (gid_t)group;
}

/* Where that user is not mapped, as in a small user namespace, the capabilities alone go. */
static int
give_up_root(void)
{
	uid_t uid;
	gid_t gid;

	find_user(&uid, &gid);
	if (geteuid() == 0 && owner_take(uid, gid) == 0)
		return 0;
	return owner_weaken() < 0 ? errno : 0;
}

#ifdef WITH_SECCOMP
/* The longest name of a system call. */
#define NAME 40

/* What a C library calls in place of some of them: another one, or on another machine. */
static const struct {
	const char *name, *also;
} instead[] = {
	{ "dup2", "dup3" },
	{ "fstat", "newfstatat" },
	{ "poll", "ppoll" },
#if !defined(__GLIBC__) || UINTPTR_MAX <= UINT32_MAX
	{ "clock_gettime", "clock_gettime64" },
	{ "clock_nanosleep", "clock_nanosleep_time64" },
	{ "fcntl", "fcntl64" },
	{ "fstat", "fstat64" },
	{ "ftruncate", "ftruncate64" },
	{ "futex", "futex_time64" },
	{ "lseek", "_llseek" },
	{ "mmap", "mmap2" },
	{ "newfstatat", "fstatat64" },
	{ "newfstatat", "statx" },
	{ "poll", "ppoll_time64" },
	{ "recvmsg", "socketcall" },
	{ "sendmsg", "socketcall" },
	{ "wait4", "waitpid" },
	{ "write", "writev" },
#endif
};

/* A rule for a call and, where the machine has none of that name, for none. */
static int
add(scmp_filter_ctx filter, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	/* A negative number stands for a call of another machine. */
	return number < 0 ? 0 : seccomp_rule_add(filter, action, number, 0);
}

static int
add_all(scmp_filter_ctx filter, uint32_t action, const char *calls)
{
	int rc = 0;

	for (size_t n; rc == 0 && *calls != '\0'; calls += n + (calls[n] == ' ')) {
		char name[NAME] = "";

		n = strcspn(calls, " ");
		if (n >= sizeof(name))
			return -EINVAL;
		memcpy(name, calls, n);
		rc = add(filter, action, name);
		for (size_t i = 0; rc == 0 && i < sizeof(instead) / sizeof(*instead); i++)
			if (strcmp(instead[i].name, name) == 0)
				rc = add(filter, action, instead[i].also);
	}
	return rc;
}

/* Has the named calls get an action, and all others another one.  Returns 0, or an errno. */
static int
limit_calls(const char *calls, uint32_t named, uint32_t others)
{
	scmp_filter_ctx filter;
	int rc;

	/* A kernel without it. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return 0;
	if ((filter = seccomp_init(others)) == NULL)
		return ENOMEM;
	rc = add_all(filter, named, calls);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return -rc;
}
#define ALLOWED SCMP_ACT_ALLOW
#define REFUSED(error) SCMP_ACT_ERRNO(error)
#else
static int
limit_calls(const char *calls, uint32_t named, uint32_t others)
{
	(void)calls;
	(void)named;
	(void)others;
	return 0;
}
#define ALLOWED 0
#define REFUSED(error) 0
#endif

/* A sanitizer opens files, and reads the memory of its process, whenever it likes. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
/* Counters of coverage are written at the end. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(UNCONFINED)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Whether nothing is to be done: 1 when that was asked for. */
static int
is_off(int *asked)
{
	const char *value = getenv("GZCORE_CONFINE");

	*asked = !SANITIZED && value != NULL && strcmp(value, "no") == 0;
	return SANITIZED || *asked;
}

static int
result(int error)
{
	errno = error;
	return error != 0 ? -1 : 0;
}

int
confine_to(const char *calls)
{
	int error, refused, asked;

	if (is_off(&asked))
		return asked;
	/* Each part that can be is put in force; the first that was refused is told. */
	if ((error = give_up_root()) == 0)
		error = close_paths();
	else
		close_paths();
	if ((refused = limit_calls(calls, ALLOWED, REFUSED(ENOSYS))) != 0 && error == 0)
		error = refused;
	return result(error);
}

int
confine_without(const char *calls)
{
	int asked;

	if (is_off(&asked))
		return asked;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return result(limit_calls(calls, REFUSED(EPERM), ALLOWED));
}

const char *
confine_words(void)
{
#ifdef WITH_SECCOMP
	int calls = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
#else
	int calls = 0;
#endif
	int paths = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_VERSION) > 0;

	if (calls && paths)
		return "seccomp, landlock";
	return calls ? "seccomp" : paths ? "landlock" : "nothing";
}
