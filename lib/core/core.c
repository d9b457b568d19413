#include "core/core.h"

#include <elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/files_note.h"
#include "core/modules.h"

/* The steps of a note, in the order of its bytes. */
enum { NOTE_HEAD, NOTE_NAME, NOTE_DESC, NOTE_PAD };

#define NOTE_HEAD_LEN 12u

void
core_open(struct core *c)
{
	memset(c, 0, sizeof(*c));
	c->head.len = EI_NIDENT;
}

void
core_close(struct core *c)
{
	core_files_close(&c->files);
	free(c->load);
	free(c->thread);
	free(c->image);
	free(c->held_image);
	c->load = NULL;
	c->thread = NULL;
	c->image = NULL;
	c->held_image = NULL;
}

uint64_t
core_number(const struct core *c, const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[c->big ? i : n - 1 - i];
	return v;
}

void
core_number_put(const struct core *c, uint8_t *p, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++, value >>= 8)
		p[c->big ? n - 1 - i : i] = (uint8_t)value;
}

/* A word of the class: 4 or 8 bytes. */
static uint64_t
word(const struct core *c, const uint8_t *p)
{
	return core_number(c, p, c->is64 ? 8 : 4);
}

/* The bytes of a range that have not been shown yet. */
static uint64_t
left_of(const struct core_range *r)
{
	return r->len - r->done;
}

/* Ends all parsing: what was found stays, nothing more is wanted. */
static void
give_up(struct core *c, const char *why)
{
	if (c->bad == NULL)
		c->bad = why;
	c->head.done = c->head.len;
	c->table.done = c->table.len;
	c->image_next = c->images;
	for (int i = 0; i < c->notes; i++)
		c->note[i].done = c->note[i].len;
}

static void
promise(struct core *c, uint64_t offset, uint64_t len)
{
	if (len > UINT64_MAX - offset) {
		c->promised = UINT64_MAX;
		give_up(c, "a header leads past the end of any file");
	} else if (offset + len > c->promised) {
		c->promised = offset + len;
	}
}

/* The file header, first its identification alone. */
static void
parse_head(struct core *c, const uint8_t *p)
{
	uint64_t phoff, shoff, phnum, shnum, phentsize, shentsize;

	if (c->head.len == EI_NIDENT) {
		if (memcmp(p, ELFMAG, SELFMAG) != 0) {
			give_up(c, "not an ELF file");
		} else if ((p[EI_CLASS] != ELFCLASS32 && p[EI_CLASS] != ELFCLASS64) ||
		    (p[EI_DATA] != ELFDATA2LSB && p[EI_DATA] != ELFDATA2MSB)) {
			give_up(c, "an ELF file of an unknown class or byte order");
		} else {
			c->is64 = p[EI_CLASS] == ELFCLASS64;
			c->big = p[EI_DATA] == ELFDATA2MSB;
			c->head.len = c->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
		}
		return;
	}
	if (core_number(c, p + 16, 2) != ET_CORE) {
		give_up(c, "an ELF file, but not a core");
		return;
	}
	c->machine = (unsigned)core_number(c, p + 18, 2);
	phoff = word(c, p + (c->is64 ? 32 : 28));
	shoff = word(c, p + (c->is64 ? 40 : 32));
	p += c->is64 ? 54 : 42;
	phentsize = core_number(c, p, 2);
	phnum = core_number(c, p + 2, 2);
	shentsize = core_number(c, p + 4, 2);
	shnum = core_number(c, p + 6, 2);
	if (phentsize != (c->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) || phnum == 0 ||
	    phoff < c->head.len) {
		give_up(c, "a core with a damaged file header");
		return;
	}
	c->is_core = 1;
	c->table.offset = phoff;
	/* PN_XNUM: the true number stands at the core's end; what the segments take bounds it. */
	c->table.len = phentsize * phnum;
	c->many = phnum == PN_XNUM;
	if (c->many)
		c->table.len = phentsize * CORE_SEGMENTS;
	promise(c, phoff, phentsize * (phnum == PN_XNUM ? 1 : phnum));
	if (shoff != 0)
		promise(c, shoff, shentsize * shnum);
}

static void
add_load(struct core *c, uint64_t offset, uint64_t len, uint64_t vaddr)
{
	if (c->loads == c->load_room) {
		size_t room = c->load_room == 0 ? 64 : 2 * c->load_room;
		struct core_load *l;

		if (c->loads == CORE_LOADS || (l = realloc(c->load, room * sizeof(*l))) == NULL) {
			c->loads_cut = 1;
			return;
		}
		c->load = l;
		c->load_room = room;
	}
	c->load[c->loads++] = (struct core_load){ .offset = offset, .len = len, .vaddr = vaddr };
}

static void
parse_segment(struct core *c, const uint8_t *p)
{
	uint64_t type = core_number(c, p, 4), offset = word(c, p + (c->is64 ? 8 : 4));
	uint64_t vaddr = word(c, p + (c->is64 ? 16 : 8)), len = word(c, p + (c->is64 ? 32 : 16));
	uint64_t entry = c->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	c->segments++;
	if (c->many) {
		/* The table ends where the nearest segment behind it starts, in the kernel's cores. */
		if (len > 0 && offset >= c->table.offset + c->table.done &&
		    offset - c->table.offset < c->table.len)
			c->table.len = (offset - c->table.offset) / entry * entry;
		promise(c, c->table.offset, c->table.done);
	}
	if (c->segments == CORE_SEGMENTS) {
		give_up(c, "a core with too many program headers");
		return;
	}
	if (len == 0)
		return;
	promise(c, offset, len);
	if (type == PT_NOTE && c->notes < CORE_NOTES)
		c->note[c->notes++] = (struct core_range){ .offset = offset, .len = len };
	else if (type == PT_LOAD)
		add_load(c, offset, len, vaddr);
}

static void
parse_auxv(struct core *c, size_t len)
{
	size_t size = c->is64 ? 8 : 4;

	for (size_t at = 0; at + 2 * size <= len; at += 2 * size) {
		uint64_t type = word(c, c->held + at), value = word(c, c->held + at + size);

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
	return c->is64 ? 32 : c->machine == EM_68K ? 22 : 24;
}

struct core_thread *
core_add_thread(struct core *c, uint32_t tid)
{
	if (c->thread_count == c->thread_room) {
		size_t room = c->thread_room == 0 ? 16 : 2 * c->thread_room;
		struct core_thread *p;

		if (c->thread_count >= CORE_THREADS || (p = realloc(c->thread, room * sizeof(*p))) == NULL)
			return NULL;
		c->thread = p;
		c->thread_room = room;
	}
	c->thread[c->thread_count] = (struct core_thread){ .tid = tid };
	return &c->thread[c->thread_count++];
}

/* struct elf_prstatus of include/linux/elfcore.h: pr_cursig behind pr_info. */
static void
parse_status(struct core *c, size_t len)
{
	size_t pid = core_status_pid(c);
	uint32_t signal = len >= 14 ? (uint32_t)core_number(c, c->held + 12, 2) : 0;
	struct core_thread *t = core_add_thread(c, len >= pid + 4 ? (uint32_t)core_number(c, c->held + pid, 4) : 0);

	if (t != NULL)
		t->signal = signal;
	if (c->threads++ == 0 && len >= 14) {
		c->signal = signal;
		c->has_signal = 1;
	}
}

/* siginfo_t as include/uapi/asm-generic/siginfo.h lays it out; mips has code before errno. */
static void
parse_siginfo(struct core *c, size_t len)
{
	size_t fields = c->is64 ? 16 : 12, size = c->is64 ? 8 : 4;
	struct core_siginfo *s = &c->siginfo;

	if (c->has_siginfo || len < fields + 8)
		return;
	c->has_siginfo = 1;
	s->signal = (uint32_t)core_number(c, c->held, 4);
	s->code = (int32_t)core_number(c, c->held + (c->machine == EM_MIPS ? 4 : 8), 4);
	/* Positive is the kernel's doing: these five tell where. */
	s->has_address = s->code > 0 && s->code < SI_KERNEL &&
	    (s->signal == SIGSEGV || s->signal == SIGBUS || s->signal == SIGILL || s->signal == SIGFPE ||
		s->signal == SIGTRAP);
	if (s->has_address) {
		s->address = core_number(c, c->held + fields, size);
	} else if (s->code > 0 && s->signal == SIGSYS && len >= fields + size + 8) {
		s->call_address = core_number(c, c->held + fields, size);
		s->call = (int32_t)core_number(c, c->held + fields + size, 4);
		s->call_arch = (uint32_t)core_number(c, c->held + fields + size + 4, 4);
	} else if (s->code <= 0) {
		s->pid = (uint32_t)core_number(c, c->held + fields, 4);
		s->uid = (uint32_t)core_number(c, c->held + fields + 4, 4);
	}
}

/* struct elf_prpsinfo of include/linux/elfcore.h; 32 bits with uids of 16 bits or of 32. */
static void
parse_psinfo(struct core *c, size_t len)
{
	size_t uid = c->is64 ? 16 : 8, uid_len = len == 124 ? 2 : 4;
	size_t pid = uid + 2 * uid_len, fname = pid + 16;

	if (c->has_psinfo || len < fname + 16 + 80)
		return;
	c->has_psinfo = 1;
	c->uid = (uint32_t)core_number(c, c->held + uid, uid_len);
	c->gid = (uint32_t)core_number(c, c->held + uid + uid_len, uid_len);
	c->pid = (uint32_t)core_number(c, c->held + pid, 4);
	memcpy(c->comm, c->held + fname, 16);
	memcpy(c->args, c->held + fname + 16, 80);
}

/* A note of the kernel's has passed; what is held of it is len bytes. */
static void
parse_note(struct core *c, size_t len)
{
	switch (c->n.type) {
	case NT_PRSTATUS:
		parse_status(c, len);
		break;
	case NT_SIGINFO:
		parse_siginfo(c, len);
		break;
	case NT_PRPSINFO:
		parse_psinfo(c, len);
		break;
	case NT_AUXV:
		parse_auxv(c, len);
		break;
	}
}

/* Goes to the next step that has bytes. */
static void
note_step(struct core *c, int step)
{
	c->n.step = step;
	c->n.at = 0;
	c->held_len = 0;
}

static void
note_head(struct core *c)
{
	c->n.namesz = (uint32_t)core_number(c, c->held, 4);
	c->n.descsz = (uint32_t)core_number(c, c->held + 4, 4);
	c->n.type = (uint32_t)core_number(c, c->held + 8, 4);
	c->n.ours = c->n.trim = 0;
	note_step(c, NOTE_NAME);
}

/* A name or a descriptor has been seen to its end, filling and all. */
static void
note_field_done(struct core *c)
{
	size_t held = c->held_len < c->n.descsz ? c->held_len : c->n.descsz;

	if (c->n.step == NOTE_NAME) {
		c->n.ours = c->n.namesz == sizeof("CORE") &&
		    memcmp(c->held, "CORE", sizeof("CORE")) == 0;
		c->n.trim = c->n.namesz == sizeof(CORE_SMALL_OWNER) && c->n.type == CORE_SMALL_NOTE &&
		    memcmp(c->held, CORE_SMALL_OWNER, sizeof(CORE_SMALL_OWNER)) == 0;
		if (c->n.ours && c->n.type == NT_FILE)
			core_files_open(&c->files, c->is64, c->big);
		note_step(c, NOTE_DESC);
		return;
	}
	if (c->n.ours && c->n.type == NT_FILE)
		core_files_end(&c->files);
	else if (c->n.ours)
		parse_note(c, held);
	else if (c->n.trim)
		memcpy(c->trim, c->held, c->trim_len = held);
	note_step(c, NOTE_HEAD);
}

/* The bytes of the field of a note that the step is in, without and with its filling. */
static uint64_t
field_size(const struct core *c)
{
	return c->n.step == NOTE_HEAD ? NOTE_HEAD_LEN :
	    c->n.step == NOTE_NAME    ? c->n.namesz :
					c->n.descsz;
}

static uint64_t
field_padded(const struct core *c)
{
	return (field_size(c) + 3) & ~(uint64_t)3;
}

/* Bytes of a field, without its filling. */
static void
field_bytes(struct core *c, const uint8_t *p, size_t n)
{
	size_t room = sizeof(c->held) - c->held_len;

	if (c->n.step == NOTE_DESC && c->n.ours && c->n.type == NT_FILE) {
		core_files_feed(&c->files, p, n);
		return;
	}
	if (n > room)
		n = room;
	memcpy(c->held + c->held_len, p, n);
	c->held_len += n;
}

/* Bytes of the notes, in order. */
static void
feed_note(struct core *c, const uint8_t *p, size_t n)
{
	while (n > 0) {
		uint64_t size = field_size(c), left = field_padded(c) - c->n.at;
		size_t take = left < n ? (size_t)left : n;

		if (c->n.at < size)
			field_bytes(c, p, size - c->n.at < take ? (size_t)(size - c->n.at) : take);
		c->n.at += take;
		p += take;
		n -= take;
		/* A field without bytes is over as soon as it begins. */
		while (c->n.at == field_padded(c)) {
			if (c->n.step == NOTE_HEAD)
				note_head(c);
			else
				note_field_done(c);
		}
	}
}

static void
notes_seen(struct core *c)
{
	for (int i = 0; i < c->notes; i++)
		if (left_of(&c->note[i]) > 0)
			return;
	if (left_of(&c->table) == 0 && !c->resolved && c->notes > 0)
		core_modules_resolve(c);
}

static void
consider(const struct core_range *r, uint64_t at, uint64_t *offset, uint64_t *len, int *found)
{
	uint64_t from = r->offset + r->done;

	if (left_of(r) == 0 || from < at || (*found && from >= *offset))
		return;
	*found = 1;
	*offset = from;
	*len = left_of(r);
}

int
core_next(const struct core *c, uint64_t at, uint64_t *offset, uint64_t *len)
{
	uint64_t from, n;
	int found = 0;

	consider(&c->head, at, offset, len, &found);
	consider(&c->table, at, offset, len, &found);
	for (int i = 0; i < c->notes; i++)
		consider(&c->note[i], at, offset, len, &found);
	if (core_modules_next(c, at, &from, &n) && (!found || from < *offset)) {
		found = 1;
		*offset = from;
		*len = n;
	}
	return found;
}

/* Collects want bytes, at most 64, in entry; returns how many were taken, all at *full. */
static size_t
collect(struct core *c, size_t want, const uint8_t *bytes, size_t n, int *full)
{
	size_t take = want - c->entry_len < n ? want - c->entry_len : n;

	memcpy(c->entry + c->entry_len, bytes, take);
	c->entry_len += take;
	*full = c->entry_len == want;
	if (*full)
		c->entry_len = 0;
	return take;
}

static int
starts(const struct core_range *r, uint64_t offset)
{
	return left_of(r) > 0 && r->offset + r->done == offset;
}

size_t
core_feed(struct core *c, uint64_t offset, const uint8_t *bytes, size_t n)
{
	uint64_t next, len;
	size_t take;
	int full;

	if (starts(&c->head, offset)) {
		/* The second part is the whole header: the identification stays where it is. */
		take = collect(c, (size_t)c->head.len, bytes, n, &full);
		c->head.done += take;
		if (full) {
			size_t before = (size_t)c->head.len;

			parse_head(c, c->entry);
			if (c->head.len > before)
				c->entry_len = before;
		}
		return take;
	}
	if (starts(&c->table, offset)) {
		take = collect(c, c->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), bytes, n, &full);
		c->table.done += take;
		if (full)
			parse_segment(c, c->entry);
		notes_seen(c);
		return take;
	}
	for (int i = 0; i < c->notes; i++) {
		struct core_range *r = &c->note[i];

		if (!starts(r, offset))
			continue;
		/* Each segment of notes starts with a note's header. */
		if (r->done == 0)
			note_step(c, NOTE_HEAD);
		take = left_of(r) < n ? (size_t)left_of(r) : n;
		r->done += take;
		feed_note(c, bytes, take);
		notes_seen(c);
		return take;
	}
	if ((take = core_modules_feed(c, offset, bytes, n)) > 0)
		return take;
	/* Of a table whose length is not known more is asked for than it has: on to what is wanted of the rest. */
	if (core_next(c, offset, &next, &len) && next > offset && next - offset < n)
		return (size_t)(next - offset);
	return n;
}

void
core_drop(struct core *c, uint64_t offset)
{
	if (starts(&c->head, offset))
		c->head.done = c->head.len;
	if (starts(&c->table, offset))
		c->table.done = c->table.len;
	for (int i = 0; i < c->notes; i++)
		if (starts(&c->note[i], offset))
			c->note[i].done = c->note[i].len;
	notes_seen(c);
	core_modules_drop(c, offset);
}

void
core_end(struct core *c)
{
	if (!c->resolved)
		core_modules_resolve(c);
	core_modules_end(c);
	if (!c->is_core && c->bad == NULL)
		c->bad = "cut short";
}
