/* Checks what base/, system/ and proc/ offer to the other rooms: prints what is wrong, and exits 1 then. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/io.h"
#include "base/search.h"
#include "proc/mappings.h"
#include "system/spawn.h"

static int failed;

#define CHECK(what) do { \
		if (!(what)) { \
			printf("line %d: %s\n", __LINE__, #what); \
			failed = 1; \
		} \
	} while (0)

struct place {
	char letter;
	uint64_t at;
};

static void
check_array(void)
{
	size_t room = 0, count = 0, most = 100;
	struct place *p = NULL;

	while (ARRAY_GROW(p, room, count, most) == 0) {
		p[count] = (struct place){ .at = count };
		count++;
	}
	CHECK(errno == ENOMEM && count == most && room == most);
	for (size_t i = 0; i < count; i++)
		CHECK(p[i].at == i);
	free(p);
	p = NULL;
	room = 0;
	CHECK(ARRAY_GROW(p, room, 0, 0) < 0 && p == NULL && room == 0);
	/* More than memory can have. */
	room = count = SIZE_MAX / 2;
	errno = 0;
	CHECK(array_grow(&p, &room, count, sizeof(*p), SIZE_MAX) < 0 && errno == ENOMEM &&
	    p == NULL);
}

static void
check_search(void)
{
	static const struct place p[] = { { 'a', 10 }, { 'b', 20 }, { 'c', 20 }, { 'd', 30 },
		{ 'e', UINT64_MAX } };
	static const struct {
		uint64_t key;
		size_t from, after;
	} want[] = { { 0, 0, 0 }, { 10, 0, 1 }, { 11, 1, 1 }, { 20, 1, 3 }, { 29, 3, 3 },
		{ 30, 3, 4 },
		{ UINT64_MAX - 1, 4, 4 }, { UINT64_MAX, 4, 5 } };

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		CHECK(SEARCH_FROM(struct place, at, p, 5, want[i].key) == want[i].from);
		CHECK(SEARCH_AFTER(struct place, at, p, 5, want[i].key) == want[i].after);
	}
	CHECK(SEARCH_FROM(struct place, at, NULL, 0, 1) == 0);
	CHECK(SEARCH_AFTER(struct place, at, NULL, 0, UINT64_MAX) == 0);
}

static int
refuse(void *arg)
{
	errno = *(int *)arg;
	return -1;
}

static void
check_spawn(void)
{
	char *const echo[] = { "sh", "-c", "cat; echo said >&2; exit 3", NULL },
	    *const none[] = { "/nowhere", NULL };
	struct spawn s = { .argv = echo, .fd = { SPAWN_CLOSED, SPAWN_SAME, SPAWN_SAME } };
	int why = EXDEV, in[2], out[2], status;
	char text[16] = "";
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	CHECK(pipe(in) == 0 && pipe(out) == 0 && io_write(in[1], "in ", 3) == 0);
	io_close(in[1]);
	s.fd[0] = in[0];
	s.fd[1] = s.fd[2] = out[1];
	CHECK((pid = spawn_start(&s)) > 0 && s.error == 0);
	status = spawn_wait(pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	CHECK(io_read(out[0], text, 8) == 8 && strcmp(text, "in said\n") == 0);
	/* What cannot be executed, and what prepare refuses, comes back and is waited for as others are. */
	s = (struct spawn){ .argv = none, .fd = { SPAWN_CLOSED, SPAWN_SAME, SPAWN_SAME } };
	CHECK((pid = spawn_start(&s)) > 0 && s.error == ENOENT);
	status = spawn_wait(pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == SPAWN_FAILED);
	s = (struct spawn){ .fd = { SPAWN_SAME, SPAWN_SAME, SPAWN_SAME }, .prepare = refuse,
	    .arg = &why };
	CHECK((pid = spawn_start(&s)) > 0 && s.error == EXDEV);
	CHECK(WEXITSTATUS(spawn_wait(pid)) == SPAWN_FAILED);
	/* Without a program the child goes on here. */
	s = (struct spawn){ .fd = { SPAWN_CLOSED, SPAWN_SAME, SPAWN_SAME } };
	if ((pid = spawn_start(&s)) == 0)
		_exit(io_read(STDIN_FILENO, text, 1) < 0 && errno == EBADF ? 5 : 6);
	CHECK(pid > 0 && s.error == 0 && WEXITSTATUS(spawn_wait(pid)) == 5);
	CHECK(spawn_wait(pid) == 0);
}

/* What smaps says, in place of a process: as mappings_keyed, with -1 for any errno but ESRCH. */
static int
keyed(const char *smaps)
{
	FILE *f = tmpfile();
	int rc;

	if (f == NULL || fputs(smaps, f) < 0 || fflush(f) != 0)
		return -1;
	rewind(f);
	rc = mappings_keyed(fileno(f));
	if (rc < 0 && errno == ESRCH)
		rc = -2;
	fclose(f);
	return rc;
}

static void
check_keyed(void)
{
#define FIRST "1000-2000 rw-p 00000000 00:00 0 \nRss: 4 kB\n"
#define NEXT "3000-4000 --xp 00000000 08:01 7   /a ProtectionKey: 9\n"
	CHECK(keyed("") == -2);
	CHECK(keyed(FIRST "VmFlags: rd wr\n") == 0);
	CHECK(keyed(FIRST "ProtectionKey:         0\nVmFlags: rd\n") == 0);
	CHECK(keyed(FIRST "ProtectionKey:         0\nVmFlags: rd\n" NEXT "ProtectionKey:   15\n"
	    "VmFlags: ex\n") == 1);
	CHECK(keyed(FIRST "ProtectionKey:         0\nVmFlags: rd\n" NEXT "ProtectionKey:   0\n"
	    "VmFlags: ex\n") == 0);
	/* It may end before the first mapping does, but then it says nothing. */
	CHECK(keyed(FIRST "ProtectionKey:         0\n") == -2);
}

int
main(void)
{
	check_array();
	check_search();
	check_spawn();
	check_keyed();
	return failed;
}
