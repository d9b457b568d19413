#include "facts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "elf_id.h"
#include "io.h"
#include "signals.h"

/* The first lines of every record: whose binary it is. */
static void
put_identity(struct record *r, const struct elf_id *id)
{
	char text[ELF_ID_TEXT_MAX] = "", hex[2 * ELF_ID_BUILD_ID_MAX + 1];
	const char *from;
	size_t n = id == NULL ? 0 : elf_id_uuid(id, text, &from);

	record_bytes(r, "uuid", text, n);
	record_number(r, "record", 1);
	if (n > 0)
		record_text(r, "uuid_from", from);
	if (id != NULL && elf_id_build_id(id, hex) > 0)
		record_text(r, "build_id", hex);
}

/*
 * The identity of a core's executable: from its image in the core, and the .uuid section, which
 * is not loaded, from the file of that path when it has the same build-id.
 */
static int
identify(struct core *c, struct elf_id *id)
{
	struct elf_id file;
	struct stat st;
	int fd, same = 0;

	if (core_identity(c, id) < 0)
		return -1;
	if (id->build_id_len == 0 || c->exe[0] != '/')
		return 0;
	if ((fd = open(c->exe, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)) < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    elf_id_read(fd, ELF_ID_SECTION, &file) == ELF_ID_OK)
		same = file.build_id_len == id->build_id_len &&
		    memcmp(file.build_id, id->build_id, id->build_id_len) == 0;
	if (same) {
		memcpy(id->section, file.section, file.section_len);
		id->section_len = file.section_len;
	}
	io_close(fd);
	return 0;
}

void
facts_core(struct record *r, struct core *c, uint64_t bytes)
{
	struct elf_id id;
	size_t args;

	put_identity(r, identify(c, &id) == 0 ? &id : NULL);
	if (c->has_psinfo) {
		record_number(r, "pid", c->pid);
		record_number(r, "uid", c->uid);
		record_number(r, "gid", c->gid);
	}
	if (c->has_signal && c->signal != 0) {
		record_number(r, "signal", c->signal);
		if (signal_name(c->signal) != NULL)
			record_text(r, "signame", signal_name(c->signal));
	}
	if (c->has_psinfo)
		record_text(r, "comm", c->comm);
	if (c->exe[0] != '\0')
		record_text(r, "exe", c->exe);
	if (c->has_psinfo) {
		args = strlen(c->args);
		while (args > 0 && c->args[args - 1] == ' ')
			args--;
		record_bytes(r, "cmdline", c->args, args);
	}
	if (c->threads > 0)
		record_number(r, "threads", c->threads);
	record_number(r, "bytes", bytes);
	if (c->is_core)
		record_number(r, "promised", c->promised);
	record_flag(r, "complete", c->is_core && c->bad == NULL && bytes >= c->promised);
}

void
facts_process(struct record *r, const struct proc *p, pid_t pid)
{
	char text[32] = "";
	struct utsname host;
	time_t now = time(NULL);
	struct tm tm;

	put_identity(r, p->has_id ? &p->id : NULL);
	record_number(r, "pid", (uint64_t)pid);
	if (p->nspid != 0 && p->nspid != (uint32_t)pid)
		record_number(r, "nspid", p->nspid);
	if (p->has_status) {
		record_number(r, "uid", p->uid);
		record_number(r, "gid", p->gid);
	}
	if (p->comm_len > 0)
		record_bytes(r, "comm", p->comm, p->comm_len);
	if (p->exe_len > 0)
		record_bytes(r, "exe", p->exe, p->exe_len);
	if (p->exe_deleted)
		record_flag(r, "exe_deleted", 1);
	if (p->cmdline_len > 0)
		record_bytes(r, "cmdline", p->cmdline, p->cmdline_len);
	if (p->threads > 0)
		record_number(r, "threads", p->threads);
	if (gmtime_r(&now, &tm) != NULL && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		record_text(r, "time", text);
	if (uname(&host) == 0)
		record_text(r, "host", host.nodename);
}
