#include "stack/noted.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/io.h"
#include "core/threads.h"
#include "core/unwind.h"
#include "stack/noted_file.h"

/* The most modules, and of one: entries of .eh_frame, symbols, bytes from its first entry to its last. */
#define MODULES CORE_FILES
#define RECORDS 65536
#define SPAN (256u * 1024 * 1024)

/* The next record at *at of the note; 0 at its end. */
static int
next_record(const struct core *c, const uint8_t *note, size_t len, size_t *at,
    struct noted_record *r)
{
	const uint8_t *p = note + *at;
	size_t size;

	if (len - *at < 8 + 16)
		return 0;
	r->kind = (uint32_t)core_number(c, p, 4);
	size = (size_t)core_number(c, p + 4, 4);
	if (size < 16 || size > len - *at - 8)
		return 0;
	r->first = core_number(c, p + 8, 8);
	r->second = core_number(c, p + 16, 8);
	r->p = p + 8;
	r->len = size;
	size = (size + 3) & ~(size_t)3;
	*at = size < len - *at - 8 ? *at + 8 + size : len;
	return 1;
}

/* Where an entry of .eh_frame is, and its bytes. */
uint64_t
trace_noted_entry(const struct noted_record *r, const uint8_t **bytes, size_t *len)
{
	size_t numbers = r->kind == CORE_UNWIND_FDE ? 16 : 8;

	*bytes = r->p + numbers;
	*len = r->len - numbers;
	return r->kind == CORE_UNWIND_FDE ? r->second : r->first;
}

/* Makes the file of what was collected of a module, and forgets that. */
static void
finish(struct trace_noted *n, struct noted_module *m, const struct core *c)
{
	int fd = -1;

	if ((m->high <= m->low || m->high - m->low <= SPAN) && m->loads > 0 &&
	    ARRAY_GROW(n->file, n->room, n->files, MODULES) == 0)
		fd = trace_noted_make(m, c);
	if (fd >= 0)
		n->file[n->files++] = (struct trace_noted_file){ .start = m->start, .fd = fd,
			.whole = m->whole };
	m->loads = m->records = 0;
	m->low = UINT64_MAX;
	m->high = 0;
}

static void
take_load(struct noted_module *m, const struct core *c, const struct noted_record *r)
{
	if (r->len < 28 || m->loads == NOTED_SEGMENTS)
		return;
	m->load[m->loads++] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = r->first,
		.p_memsz = r->second, .p_align = core_number(c, r->p + 16, 8),
		.p_flags = (Elf64_Word)core_number(c, r->p + 24, 4) };
}

static void
take_record(struct noted_module *m, const struct noted_record *r)
{
	const uint8_t *bytes;
	uint64_t at;
	size_t len;

	if (r->kind == CORE_UNWIND_SYMBOL ? r->len < 21 || memchr(r->p + 20, '\0', r->len - 20) :
					    r->len < 16 + 8)
		return;
	if (r->kind != CORE_UNWIND_SYMBOL) {
		at = trace_noted_entry(r, &bytes, &len);
		if (at > UINT64_MAX - len)
			return;
		m->low = at < m->low ? at : m->low;
		m->high = at + len > m->high ? at + len : m->high;
	}
	if (ARRAY_GROW(m->record, m->room, m->records, RECORDS) == 0)
		m->record[m->records++] = *r;
}

static void
take_note(struct trace_noted *n, const struct core *c, const uint8_t *note, size_t len)
{
	struct noted_module m = { .low = UINT64_MAX };
	struct noted_record r;
	size_t at = 0;

	while (next_record(c, note, len, &at, &r)) {
		switch (r.kind) {
		case CORE_UNWIND_MODULE:
			finish(n, &m, c);
			m.start = r.first;
			m.type = (uint16_t)core_number(c, r.p + 8, 4);
			m.whole = core_number(c, r.p + 12, 4) == 1;
			break;
		case CORE_UNWIND_LOAD:
			take_load(&m, c, &r);
			break;
		case CORE_UNWIND_FDE:
		case CORE_UNWIND_CIE:
		case CORE_UNWIND_SYMBOL:
			take_record(&m, &r);
		}
	}
	finish(n, &m, c);
	free(m.record);
}

void
trace_noted_read(struct trace_noted *n, const struct core *c, struct image *i)
{
	struct core_threads walk = { 0 };
	struct core_note_at note;
	uint8_t *p;

	while (core_note_next_of(&walk, c, i, CORE_SMALL_OWNER, &note)) {
		if (note.type != CORE_UNWIND_NOTE || note.len > CORE_UNWIND_MAX)
			continue;
		if ((p = malloc((size_t)note.len + 1)) != NULL &&
		    image_read(i, note.at, p, (size_t)note.len) == (ssize_t)note.len)
			take_note(n, c, p, (size_t)note.len);
		free(p);
		return;
	}
}

void
trace_noted_close(struct trace_noted *n)
{
	for (size_t k = 0; k < n->files; k++)
		io_close(n->file[k].fd);
	free(n->file);
	*n = (struct trace_noted){ .file = NULL };
}

static struct trace_noted_file *
find(const struct trace_noted *n, uint64_t start)
{
	for (size_t k = 0; k < n->files; k++)
		if (n->file[k].start == start)
			return &n->file[k];
	return NULL;
}

int
trace_noted_open(struct trace_noted *n, uint64_t start)
{
	struct trace_noted_file *f = find(n, start);
	int fd = f != NULL ? fcntl(f->fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (fd >= 0)
		f->given = 1;
	return fd;
}

int
trace_noted_given(const struct trace_noted *n, uint64_t start)
{
	const struct trace_noted_file *f = find(n, start);

	return f != NULL && f->given;
}

int
trace_noted_whole(const struct trace_noted *n, uint64_t start)
{
	const struct trace_noted_file *f = find(n, start);

	return f != NULL && f->whole;
}

void
trace_noted_forget(struct trace_noted *n)
{
	for (size_t k = 0; k < n->files; k++)
		n->file[k].given = 0;
}
