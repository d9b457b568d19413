#include "proc/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/signal_names.h"
#include "base/syscall_names.h"
#include "core/small.h"
#include "elf/id.h"
#include "elf/machine.h"
#include "proc/errand.h"
#include "reason/reason.h"

/* The first lines of every record: the executable's identity. */
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

int
facts_identity(const struct core_file *f, struct elf_id *id)
{
	struct elf_id *file;

	if (f == NULL)
		return -1;
	core_files_identity(f, id);
	if (id->build_id_len == 0 && !id->has_note)
		return -1;
	if (id->build_id_len == 0 || f->path[0] != '/' || (file = malloc(sizeof(*file))) == NULL)
		return 0;
	if (errand_identity(f->path, file) && file->build_id_len == id->build_id_len &&
	    memcmp(file->build_id, id->build_id, id->build_id_len) == 0) {
		memcpy(id->section, file->section, file->section_len);
		id->section_len = file->section_len;
	}
	free(file);
	return 0;
}

static void
put_hex(struct record *r, const char *key, uint64_t value)
{
	char text[2 + 16 + 1];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	record_text(r, key, text);
}

/* The system call that was not allowed. */
static void
put_call(struct record *r, const struct core_siginfo *s)
{
	const char *name = syscall_name(s->call_arch, s->call);
	/* The machine is in the lower half of an AUDIT_ARCH_. */
	const char *machine = machine_name(s->call_arch & 0xffff);

	if (name != NULL)
		record_text(r, "syscall", name);
	if (s->call >= 0)
		record_number(r, "syscall_nr", (uint64_t)s->call);
	if (machine != NULL)
		record_text(r, "syscall_arch", machine);
	else
		put_hex(r, "syscall_arch", s->call_arch);
	put_hex(r, "syscall_addr", s->call_address);
}

/* Why there was a signal, and where, or from whom. */
static void
put_siginfo(struct record *r, const struct core_siginfo *s)
{
	const char *name = signal_code(s->signal, s->code);
	char number[16];

	snprintf(number, sizeof(number), "%" PRId32, s->code);
	record_text(r, "sigcode", name != NULL ? name : number);
	if (s->has_address) {
		put_hex(r, "sigaddr", s->address);
	} else if (s->code <= 0) {
		record_number(r, "sigpid", s->pid);
		record_number(r, "siguid", s->uid);
	}
	if (s->call_arch != 0)
		put_call(r, s);
}

/* The machine, the mapped files, and how much of the core is there. */
static void
put_image(struct record *r, const struct core *c, uint64_t bytes)
{
	const char *machine = machine_name(c->machine);
	uint64_t modules = 0, there = 0;
	int rings = 0;
	char number[16];

	snprintf(number, sizeof(number), "%u", c->machine);
	record_text(r, "machine", machine != NULL ? machine : number);
	record_number(r, "class", c->is64 ? 64 : 32);
	record_text(r, "byteorder", c->big ? "big" : "little");
	if (!c->files.seen)
		record_text(r, "files", "dropped");
	else if (c->files.cut || c->loads_cut)
		record_text(r, "files", "cut");
	for (size_t i = 0; i < c->files.count; i++) {
		modules += c->files.file[i].module != NULL;
		rings |= strcmp(c->files.file[i].path, PROC_RING) == 0;
	}
	record_number(r, "modules", modules);
	if (rings)
		record_flag(r, "io_uring", 1);
	for (size_t i = 0; i < c->loads; i++)
		there += c->load[i].offset + c->load[i].len <= bytes;
	record_number(r, "segments", c->loads);
	record_number(r, "segments_there", there);
	record_number(r, "missing", c->promised > bytes ? c->promised - bytes : 0);
	if (c->has_secure)
		record_flag(r, "secure_exec", c->secure);
}

/* What our note says: how a small core was made, from how large a one, and what is left out. */
static void
put_small(struct record *r, const struct core *c)
{
	uint64_t of, holes = core_holes_left_out(c);
	const char *from = core_small(c, &of);

	if (from != NULL)
		record_text(r, "trimmed", from);
	if (from != NULL && of > 0)
		record_number(r, "trimmed_of", of);
	if (holes > 0)
		record_number(r, "holes_left_out", holes);
}

/* Why it died, as far as its notes and headers tell. */
static void
put_reason(struct record *r, const struct core *c)
{
	const struct reason_source s = { .core = c };
	struct reason why;

	reason_find(&why, &s);
	if (why.text[0] != '\0')
		record_text(r, "reason", why.text);
}

void
facts_core(struct record *r, struct core *c, uint64_t bytes)
{
	uint32_t signal = c->has_signal ? c->signal : 0;
	struct elf_id id;
	size_t args;

	put_identity(r, facts_identity(c->exe, &id) == 0 ? &id : NULL);
	if (c->has_psinfo)
		record_number(r, "pid", c->pid);
	if (c->thread_count > 0 && c->thread[0].tid != 0)
		record_number(r, "tid", c->thread[0].tid);
	if (c->has_psinfo) {
		record_number(r, "uid", c->uid);
		record_number(r, "gid", c->gid);
	}
	if (signal != 0) {
		record_number(r, "signal", signal);
		if (signal_name(signal) != NULL)
			record_text(r, "signame", signal_name(signal));
	}
	if (c->has_psinfo)
		record_text(r, "comm", c->comm);
	if (c->exe != NULL && c->exe->path[0] != '\0')
		record_text(r, "exe", c->exe->path);
	if (c->has_psinfo) {
		args = strlen(c->args);
		while (args > 0 && c->args[args - 1] == ' ')
			args--;
		record_bytes(r, "cmdline", c->args, args);
	}
	if (c->threads > 0)
		record_number(r, "threads", c->threads);
	record_number(r, "bytes", bytes);
	if (c->is_core) {
		record_number(r, "promised", c->promised);
		/* A debugger's core may have the signal that it stopped the process with. */
		if (c->has_siginfo && c->siginfo.signal == signal && signal != 0)
			put_siginfo(r, &c->siginfo);
		put_image(r, c, bytes);
		put_small(r, c);
		put_reason(r, c);
	}
	record_flag(r, "complete", c->is_core && c->bad == NULL && bytes >= c->promised);
}

/* Appends bytes, unless there are none. */
static void
put_known(struct record *r, const char *key, const char *value, size_t len)
{
	if (len > 0)
		record_bytes(r, key, value, len);
}

/* Its directories, control group and container, its rights, limits and memory. */
static void
put_surroundings(struct record *r, const struct proc *p)
{
	const struct cgroup *g = &p->cgroup;

	put_known(r, "thread_name", p->thread_name, p->thread_name_len);
	if (p->has_status && p->euid != p->uid)
		record_number(r, "euid", p->euid);
	if (p->has_status && p->egid != p->gid)
		record_number(r, "egid", p->egid);
	if (p->rights != PROC_RIGHTS_UNKNOWN)
		record_text(r, "rights", p->rights == PROC_RIGHTS_USER ? "user" : "more");
	put_known(r, "cwd", p->cwd, p->cwd_len);
	put_known(r, "root", p->root, p->root_len);
	put_known(r, "cgroup", g->path, strlen(g->path));
	put_known(r, "unit", g->unit, strlen(g->unit));
	put_known(r, "user_unit", g->user_unit, strlen(g->user_unit));
	put_known(r, "container", g->container, strlen(g->container));
	if (p->has_container_owner)
		record_number(r, "container_owner", p->container_owner);
	put_known(r, "limits", p->limits, strlen(p->limits));
	if (p->has_open_files)
		record_number(r, "open_files", p->open_files);
	if (p->io_uring)
		record_flag(r, "io_uring", 1);
	if (p->has_uptime)
		record_number(r, "uptime_ms", p->uptime);
	if (p->vsize > 0) {
		record_number(r, "vsize", p->vsize);
		record_number(r, "rss", p->rss);
		record_number(r, "rss_peak", p->rss_peak);
		record_number(r, "swap", p->swap);
	}
}

void
facts_process(struct record *r, const struct proc *p, pid_t pid, pid_t tid)
{
	char text[32] = "";
	struct utsname host;
	time_t now = time(NULL);
	struct tm tm;

	put_identity(r, p->has_id ? &p->id : NULL);
	record_number(r, "pid", (uint64_t)pid);
	if (p->nspid != 0 && p->nspid != (uint32_t)pid)
		record_number(r, "nspid", p->nspid);
	if (tid != 0)
		record_number(r, "tid", (uint64_t)tid);
	if (p->has_status) {
		record_number(r, "uid", p->uid);
		record_number(r, "gid", p->gid);
	}
	put_known(r, "comm", p->comm, p->comm_len);
	put_known(r, "exe", p->exe, p->exe_len);
	if (p->exe_deleted)
		record_flag(r, "exe_deleted", 1);
	put_known(r, "cmdline", p->cmdline, p->cmdline_len);
	if (p->threads > 0)
		record_number(r, "threads", p->threads);
	if (gmtime_r(&now, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		record_text(r, "time", text);
	if (uname(&host) == 0)
		record_text(r, "host", host.nodename);
	put_surroundings(r, p);
}
