#include <elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "core/files_note.h"
#include "core/private.h"
#include "elf/layout.h"
#include "elf/machine_table.h"

/* The steps of a note, in the order of its bytes. */
enum { NOTE_HEAD, NOTE_NAME, NOTE_DESC };

/* The bytes of struct elf_prpsinfo of 32 bits where user IDs have 16 bits. */
#define PSINFO_SHORT_IDS 124

static void
parse_auxv(struct core *c, const uint8_t *p, size_t len)
{
	size_t size = elf_word_size(c->is64);

	if (c->auxv_len == 0 && len == c->parser->note.head.n_descsz)
		memcpy(c->auxv, p, c->auxv_len = len);
	for (size_t at = 0; at + 2 * size <= len; at += 2 * size) {
		uint64_t type = core_number(c, p + at, size),
		    value = core_number(c, p + at + size, size);

		if (type == AT_PHDR && c->phdr_at == 0)
			c->phdr_at = value;
		else if (type == AT_SYSINFO_EHDR && c->vdso_at == 0)
			c->vdso_at = value;
		else if (type == AT_SECURE && !c->has_secure) {
			c->has_secure = 1;
			c->secure = value != 0;
		}
	}
}

size_t
core_status_pid(const struct core *c)
{
	return machine_status(c->machine, c->is64)->pid;
}

struct core_thread *
core_add_thread(struct core *c, uint32_t tid)
{
	struct core_parser *own = c->parser;

	if (own == NULL ||
	    ARRAY_GROW(c->thread, own->thread_room, c->thread_count, CORE_THREADS) < 0)
		return NULL;
	c->thread[c->thread_count] = (struct core_thread){ .tid = tid };
	return &c->thread[c->thread_count++];
}

static void
parse_status(struct core *c, const uint8_t *p, size_t len)
{
	const struct machine_status *at = machine_status(c->machine, c->is64);
	int has_signal = len >= at->signal + 2u, has_pid = len >= at->pid + 4u;
	uint32_t signal = has_signal ? (uint32_t)core_number(c, p + at->signal, 2) : 0;
	uint32_t tid = has_pid ? (uint32_t)core_number(c, p + at->pid, 4) : 0;
	struct core_thread *t = core_add_thread(c, tid);

	if (t != NULL)
		t->signal = signal;
	if (c->threads++ > 0)
		return;
	if (has_signal) {
		c->signal = signal;
		c->has_signal = 1;
	}
	if (len > at->registers) {
		size_t n = len - at->registers;

		c->registers_len = n < CORE_REGISTERS ? n : CORE_REGISTERS;
		memcpy(c->registers, p + at->registers, c->registers_len);
	}
}

/*
 * siginfo_t as include/uapi/asm-generic/siginfo.h lays it out: three numbers of 4 bytes, then
 * fields from a word's start.
 */
static void
parse_siginfo(struct core *c, const uint8_t *p, size_t len)
{
	const struct machine *m = machine_find(c->machine);
	size_t size = elf_word_size(c->is64), fields = (12 + size - 1) / size * size;
	struct core_siginfo *s = &c->siginfo;

	if (c->has_siginfo || len < fields + 8)
		return;
	c->has_siginfo = 1;
	s->signal = (uint32_t)core_number(c, p, 4);
	s->code = (int32_t)core_number(c, p + (m != NULL && m->code_first ? 4 : 8), 4);
	p += fields;
	/*
	 * A positive code is the kernel's; for these five signals the fields begin with an address.
	 */
	s->has_address = s->code > 0 && s->code < SI_KERNEL &&
	    (s->signal == SIGSEGV || s->signal == SIGBUS || s->signal == SIGILL ||
	    s->signal == SIGFPE || s->signal == SIGTRAP);
	if (s->has_address) {
		s->address = core_number(c, p, size);
	} else if (s->code > 0 && s->signal == SIGSYS && len >= fields + size + 8) {
		s->call_address = core_number(c, p, size);
		s->call = (int32_t)core_number(c, p + size, 4);
		s->call_arch = (uint32_t)core_number(c, p + size + 4, 4);
	} else if (s->code <= 0) {
		s->pid = (uint32_t)core_number(c, p, 4);
		s->uid = (uint32_t)core_number(c, p + 4, 4);
	}
}

/* struct elf_prpsinfo of include/linux/elfcore.h. */
static void
parse_psinfo(struct core *c, const uint8_t *p, size_t len)
{
	size_t uid = 2 * elf_word_size(c->is64), uid_len = len == PSINFO_SHORT_IDS ? 2 : 4;
	size_t pid = uid + 2 * uid_len, fname = pid + 16;

	if (c->has_psinfo || len < fname + 16 + 80)
		return;
	c->has_psinfo = 1;
	c->uid = (uint32_t)core_number(c, p + uid, uid_len);
	c->gid = (uint32_t)core_number(c, p + uid + uid_len, uid_len);
	c->pid = (uint32_t)core_number(c, p + pid, 4);
	memcpy(c->comm, p + fname, 16);
	memcpy(c->args, p + fname + 16, 80);
}

/* One of the kernel's notes has passed, of whose descriptor p[len] is held. */
static void
parse_note(struct core *c, uint32_t type, const uint8_t *p, size_t len)
{
	switch (type) {
	case NT_PRSTATUS:
		parse_status(c, p, len);
		break;
	case NT_SIGINFO:
		parse_siginfo(c, p, len);
		break;
	case NT_PRPSINFO:
		parse_psinfo(c, p, len);
		break;
	case NT_AUXV:
		parse_auxv(c, p, len);
		break;
	}
}

static void
begin_step(struct core_note *n, int step)
{
	n->step = step;
	n->at = 0;
	n->held_len = 0;
}

static int
is_owner(const struct core_note *n, const char *owner, size_t size)
{
	return n->head.n_namesz == size && memcmp(n->held, owner, size) == 0;
}

/* NT_FILE goes to its reader as it comes, since it may be long. */
static int
is_files(const struct core_note *n)
{
	return n->of_kernel && n->head.n_type == NT_FILE;
}

/* The header, the name or the descriptor has been seen to its end, with the padding. */
static void
end_step(struct core *c, struct core_note *n)
{
	size_t held = n->held_len < n->head.n_descsz ? n->held_len : n->head.n_descsz;

	switch (n->step) {
	case NOTE_HEAD:
		elf_nhdr_get(&n->head, n->held, c->big);
		n->of_kernel = n->of_trim = 0;
		begin_step(n, NOTE_NAME);
		break;
	case NOTE_NAME:
		n->of_kernel = is_owner(n, "CORE", sizeof("CORE"));
		n->of_trim = n->head.n_type == CORE_SMALL_NOTE &&
		    is_owner(n, CORE_SMALL_OWNER, sizeof(CORE_SMALL_OWNER));
		if (is_files(n))
			core_files_open(&c->files, c->is64, c->big);
		begin_step(n, NOTE_DESC);
		break;
	default:
		if (is_files(n))
			core_files_end(&c->files);
		else if (n->of_kernel)
			parse_note(c, n->head.n_type, n->held, held);
		else if (n->of_trim)
			memcpy(c->trim, n->held, c->trim_len = held);
		begin_step(n, NOTE_HEAD);
	}
}

/* The bytes of the part that the step is in, without and with its padding. */
static uint64_t
part_size(const struct core_note *n)
{
	return n->step == NOTE_HEAD ? sizeof(Elf64_Nhdr) :
	    n->step == NOTE_NAME ? n->head.n_namesz : n->head.n_descsz;
}

static uint64_t
part_padded(const struct core_note *n)
{
	return (part_size(n) + 3) & ~(uint64_t)3;
}

/* Bytes of a part, without its padding. */
static void
take_bytes(struct core *c, struct core_note *n, const uint8_t *p, size_t len)
{
	size_t room = sizeof(n->held) - n->held_len;

	if (n->step == NOTE_DESC && is_files(n)) {
		core_files_feed(&c->files, p, len);
		return;
	}
	if (len > room)
		len = room;
	memcpy(n->held + n->held_len, p, len);
	n->held_len += len;
}

void
core_notes_begin(struct core *c)
{
	begin_step(&c->parser->note, NOTE_HEAD);
}

void
core_notes_feed(struct core *c, const uint8_t *p, size_t len)
{
	struct core_note *n = &c->parser->note;

	while (len > 0) {
		uint64_t size = part_size(n), left = part_padded(n) - n->at;
		size_t take = left < len ? (size_t)left : len;

		if (n->at < size)
			take_bytes(c, n, p, size - n->at < take ? (size_t)(size - n->at) : take);
		n->at += take;
		p += take;
		len -= take;
		/* A part without bytes is over as soon as it begins. */
		while (n->at == part_padded(n))
			end_step(c, n);
	}
}
