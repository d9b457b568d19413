/* Whose a process is, by its control group: cgroups(7), systemd's "Control Group APIs and Delegation". */
#ifndef GZCORE_PROC_CGROUP_H
#define GZCORE_PROC_CGROUP_H

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes of a path, and of a name, that are kept, with the terminator; what is longer is cut. */
#define CGROUP_PATH 1024
#define CGROUP_NAME 256

struct cgroup {
	/* below the hierarchy's root; "" when not known, so with the others */
	char path[CGROUP_PATH];
	char unit[CGROUP_NAME];		/* of systemd, as "cron.service" */
	char user_unit[CGROUP_NAME];	/* of a user's systemd, below "user@1000.service" */
	/* 64 hexadecimal digits, or the name that LXC or nspawn know it by */
	char container[CGROUP_NAME];
};

/*
 * Reads the text of /proc/PID/cgroup, which is changed.  The hierarchy is that of version 2, or, where all is
 * still in its root, that of systemd.
 */
void cgroup_parse(char *text, struct cgroup *out);

#ifdef __cplusplus
}
#endif

#endif
