#define _GNU_SOURCE
#include "confine/executed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef WITH_SECCOMP
#include <seccomp.h>
#endif

#include "base/io.h"

/* As in <sys/syscall.h> and <linux/landlock.h>, where these know them. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#define LANDLOCK_BENEATH 1
#define LANDLOCK_READ_FILE (UINT64_C(1) << 2)
/* Counters of coverage are written when another program is executed. */
#ifdef UNCONFINED
#define CONFINED 0
#else
#define CONFINED 1
#endif
struct landlock {
	uint64_t files;
};
struct landlock_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* Returns 0, or -1 with errno. */
static int
allow_place(int rules, const char *path)
{
	struct landlock_beneath below = { .allowed = LANDLOCK_READ_FILE };
	long rc;

	if ((below.parent = open(path, O_PATH | O_CLOEXEC)) < 0)
		return 0;
	rc = syscall(SYS_landlock_add_rule, rules, LANDLOCK_BENEATH, &below, 0u);
	/* A file in memory, which nothing here forbids, cannot be a place. */
	if (rc < 0 && errno == EBADFD)
		rc = 0;
	if (rc < 0) {
		int saved = errno;

		io_close(below.parent);
		errno = saved;
		return -1;
	}
	return io_close(below.parent);
}

int
confine_reading(const char *const *places, size_t count)
{
	struct landlock handled = { .files = LANDLOCK_READ_FILE };
	long rules = syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0u);
	int saved;

	if (rules < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 1 : -1;
	for (size_t k = 0; k < count; k++)
		if (allow_place((int)rules, places[k]) < 0)
			goto failed;
	if (CONFINED && syscall(SYS_landlock_restrict_self, (int)rules, 0u) < 0)
		goto failed;
	return io_close((int)rules);
failed:
	saved = errno;
	io_close((int)rules);
	errno = saved;
	return -1;
}

#ifdef WITH_SECCOMP
/* Programs for another machine that this kernel executes too: without its name they would be killed. */
static int
add_machines(scmp_filter_ctx filter)
{
	switch (seccomp_arch_native()) {
	case SCMP_ARCH_X86_64:
		return seccomp_arch_add(filter, SCMP_ARCH_X86) < 0 ? -EINVAL :
		    seccomp_arch_add(filter, SCMP_ARCH_X32);
	case SCMP_ARCH_AARCH64:
		return seccomp_arch_add(filter, SCMP_ARCH_ARM);
	}
	return 0;
}
#endif

int
confine_typing(void)
{
#ifdef WITH_SECCOMP
	/* The kernel looks at these bits of the command alone. */
	static const uint32_t refused[] = { TIOCSTI, TIOCLINUX };
	scmp_filter_ctx filter;
	int rc;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return 1;
	if ((filter = seccomp_init(SCMP_ACT_ALLOW)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	rc = add_machines(filter);
	for (size_t k = 0; rc == 0 && k < sizeof(refused) / sizeof(*refused); k++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, refused[k]));
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	errno = -rc;
	return rc == 0 ? 0 : -1;
#else
	return 1;
#endif
}
