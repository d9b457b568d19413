#include "trim/trim.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "core/small.h"
#include "trim/keep.h"
#include "trim/memory.h"
#include "trim/rules.h"

/* Bytes that are copied at once. */
#define PIECE (256u * 1024)
/* The most of our note, which core-info(1) shows, bytes. */
#define NOTE_TEXT 960

/* A part of a segment, as a program header. */
struct piece {
	const struct trim_segment *segment;
	uint32_t type;
	uint64_t vaddr, filesz, memsz;
};

/* Where a walk over all pieces is; all zeros at first. */
struct walk {
	size_t segment;
	uint64_t done;		/* bytes of that segment */
};

struct out {
	int fd, failed;
	uint64_t written;
	size_t len;
	uint8_t *buf;		/* of PIECE bytes */
};

static void
out_flush(struct out *o)
{
	if (o->len > 0 && !o->failed && io_write(o->fd, o->buf, o->len) < 0)
		o->failed = 1;
	o->len = 0;
}

static void
out_put(struct out *o, const void *bytes, size_t n)
{
	if (n > PIECE - o->len)
		out_flush(o);
	memcpy(o->buf + o->len, bytes, n);
	o->len += n;
	o->written += n;
}

static void
out_zeros(struct out *o, uint64_t to)
{
	static const uint8_t zeros[TRIM_PAGE];

	while (o->written < to)
		out_put(o, zeros, to - o->written < sizeof(zeros) ? (size_t)(to - o->written) :
		    sizeof(zeros));
}

/*
 * The end of the part that belongs to this segment; its start when nothing does.  Overlapped
 * addresses belong to the last segment that starts before them.
 */
static uint64_t
own_end(const struct trim *t, const struct trim_segment *s)
{
	const struct trim_segments *g = &t->segments;
	size_t i = trim_segments_from(g, s->vaddr);
	uint64_t end = s->vaddr + s->filesz;

	if (i == g->usable || trim_segments_nth(g, i) != s)
		return s->vaddr;
	return i + 1 < g->usable && g->by_address[i + 1].at < end ? g->by_address[i + 1].at : end;
}

/* The first address from at on whose page is kept for this segment; end when there is none. */
static uint64_t
next_kept(const struct trim *t, const struct trim_segment *s, uint64_t at, uint64_t end)
{
	const struct trim_pages *pages = &t->kept.pages;
	size_t k = trim_pages_from(pages, at);
	uint64_t start = k < pages->count ? trim_page_address(pages->slot[k]) : end;

	if (start < at)
		start = at;
	return start < own_end(t, s) ? start : end;
}

/* The end of the run of pages that are kept from an address on. */
static uint64_t
run_end(const struct trim *t, const struct trim_segment *s, uint64_t at)
{
	uint64_t to = at, end = own_end(t, s);

	for (size_t k = trim_pages_from(&t->kept.pages, at); k < t->kept.pages.count && to < end &&
	    trim_page_address(t->kept.pages.slot[k]) == to / TRIM_PAGE * TRIM_PAGE; k++)
		to = trim_page_address(t->kept.pages.slot[k]) + TRIM_PAGE;
	return to < end ? to : end;
}

static int
next_piece(const struct trim *t, struct walk *w, struct piece *p)
{
	for (; w->segment < t->segments.count; w->segment++, w->done = 0) {
		const struct trim_segment *s = &t->segments.segment[w->segment];
		uint64_t at = s->vaddr + w->done, end = s->vaddr + s->filesz, to;

		if (s->type != PT_LOAD && s->type != TRIM_PT_LEFT_OUT)
			continue;
		*p = (struct piece){ .segment = s, .type = s->type, .vaddr = at,
			.memsz = s->memsz - w->done };
		if (w->done < s->filesz && s->type == PT_LOAD) {
			if ((to = next_kept(t, s, at, end)) > at) {
				p->type = TRIM_PT_LEFT_OUT;
				p->memsz = to - at;
			} else {
				to = run_end(t, s, at);
				p->filesz = to - at;
				/*
				 * The whole core had no bytes behind filesz either: the last piece
				 * keeps that size.
				 */
				if (to < end)
					p->memsz = to - at;
			}
		}
		w->done += p->memsz;
		if (w->done == s->memsz) {
			w->segment++;
			w->done = 0;
		}
		return 1;
	}
	return 0;
}

/* Writes the lines of our note.  Returns how many bytes they are. */
static size_t
note_text(const struct trim *t, char *text)
{
	static const char *const sources[] = {
		[TRIM_FILE] = "file",
		[TRIM_STREAM] = "stream",
		[TRIM_PROCESS] = "process",
	};
	const uint64_t *slots = t->kept.pages.slot;
	uint64_t ranges[TRIM_RULES] = { 0 }, bytes[TRIM_RULES] = { 0 }, of;
	int n;

	for (size_t k = 0; k < t->kept.pages.count; k++) {
		uint64_t slot = slots[k];
		unsigned why = trim_page_why(slot);

		bytes[why] += TRIM_PAGE;
		if (k == 0 ||
		    trim_page_address(slot) - trim_page_address(slots[k - 1]) != TRIM_PAGE ||
		    trim_page_why(slots[k - 1]) != why)
			ranges[why]++;
	}
	/* When a small core is trimmed again, the size of the first whole one counts. */
	if (core_small(t->core, &of) == NULL || of == 0)
		of = t->core->promised;
	n = snprintf(text, NOTE_TEXT, "trimmed=%s\ntrimmed_of=%" PRIu64 "\n",
	    sources[t->memory.source], of);
	for (enum trim_rule r = 1; r < TRIM_RULES; r++)
		if (ranges[r] > 0)
			n += snprintf(text + n, NOTE_TEXT - (size_t)n,
			    "kept=%s %" PRIu64 " %" PRIu64 "\n", trim_rule_words(r),
			    ranges[r], bytes[r]);
	if (t->unwind.len > 0)
		n += snprintf(text + n, NOTE_TEXT - (size_t)n, "kept=unwind %zu %zu\n",
		    t->unwind.functions, t->unwind.len);
	return (size_t)n + trim_code_line(t, text + n, NOTE_TEXT - (size_t)n);
}

/* Makes our note.  Returns its length, a multiple of 4. */
static size_t
make_note(const struct trim *t, uint8_t *note)
{
	char text[NOTE_TEXT];

	return core_note_put(t->core, text, note_text(t, text), note);
}

/* The layout of the small core. */
struct layout {
	uint64_t headers;	/* the number of program headers */
	uint64_t notes, memory;	/* their offsets */
	uint64_t end;
	size_t note_len;	/* of our own note; that of unwind follows it */
	uint8_t note[NOTE_TEXT + 64];
};

static uint64_t
padded(uint64_t n)
{
	return (n + 3) & ~(uint64_t)3;
}

static void
lay_out(const struct trim *t, struct layout *p)
{
	const struct core *c = t->core;
	struct walk w = { 0 };
	struct piece one;
	uint64_t memory = 0, notes = 0;

	p->headers = (uint64_t)c->notes;
	for (; next_piece(t, &w, &one); p->headers++)
		memory += one.filesz;
	p->note_len = make_note(t, p->note);
	for (int i = 0; i < c->notes; i++)
		notes += padded(c->note[i].len);
	p->notes = padded(elf_header_size(ELF_EHDR, c->is64) +
	    p->headers * elf_header_size(ELF_PHDR, c->is64));
	notes += p->note_len + t->unwind.len;
	p->memory = (p->notes + notes + TRIM_PAGE - 1) / TRIM_PAGE * TRIM_PAGE;
	p->end = padded(p->memory + memory);
}

/* Puts the core's file header, with the numbers that are different now. */
static int
put_head(struct out *o, const struct trim *t, const struct layout *p)
{
	const struct core *c = t->core;
	size_t size = elf_header_size(ELF_EHDR, c->is64);
	uint8_t b[ELF_HEADER_MAX];
	Elf64_Ehdr h;

	if (image_read(t->head, 0, b, size) != (ssize_t)size)
		return -1;
	elf_ehdr_get(&h, b, c->is64, c->big);
	elf_ehdr_count(&h, p->headers, p->end, c->is64);
	elf_ehdr_put(&h, b, c->is64, c->big);
	out_put(o, b, size);
	return 0;
}

static void
put_phdr(struct out *o, const struct trim *t, const struct piece *p, uint32_t flags,
    uint64_t offset, uint64_t align)
{
	const Elf64_Phdr h = { .p_type = p->type, .p_flags = flags, .p_offset = offset,
		.p_vaddr = p->vaddr, .p_filesz = p->filesz, .p_memsz = p->memsz, .p_align = align };
	const struct core *c = t->core;
	uint8_t b[ELF_HEADER_MAX];

	elf_phdr_put(&h, b, c->is64, c->big);
	out_put(o, b, elf_header_size(ELF_PHDR, c->is64));
}

static void
put_phdrs(struct out *o, const struct trim *t, const struct layout *p)
{
	uint64_t notes = p->notes, memory = p->memory;
	struct walk w = { 0 };
	struct piece one;

	for (int i = 0; i < t->core->notes; i++) {
		uint64_t len = t->core->note[i].len;

		/* Our notes go behind the first. */
		one = (struct piece){ .type = PT_NOTE,
			.filesz = i == 0 ? padded(len) + p->note_len + t->unwind.len : len };
		put_phdr(o, t, &one, 0, notes, 4);
		notes += padded(one.filesz);
	}
	while (next_piece(t, &w, &one)) {
		put_phdr(o, t, &one, one.segment->flags, memory, one.segment->align);
		memory += one.filesz;
	}
}

/* Puts the section header that counts program headers where e_phnum cannot. */
static void
put_extended(struct out *o, const struct trim *t, const struct layout *p)
{
	const struct core *c = t->core;
	uint8_t b[ELF_HEADER_MAX];

	if (p->headers < PN_XNUM)
		return;
	out_zeros(o, p->end);
	elf_extended_put(b, (uint32_t)p->headers, c->is64, c->big);
	out_put(o, b, elf_header_size(ELF_SHDR, c->is64));
}

static int
put_notes(struct out *o, const struct trim *t, const struct layout *p)
{
	uint8_t buf[TRIM_PAGE];

	for (int i = 0; i < t->core->notes; i++) {
		const struct core_range *r = &t->core->note[i];

		for (uint64_t done = 0; done < r->len && !o->failed;) {
			uint64_t left = r->len - done;
			size_t n = left < sizeof(buf) ? (size_t)left : sizeof(buf);

			if (image_read(t->head, r->offset + done, buf, n) != (ssize_t)n)
				return -1;
			out_put(o, buf, n);
			done += n;
		}
		out_zeros(o, padded(o->written));
		if (i == 0) {
			out_put(o, p->note, p->note_len);
			for (size_t k = 0; k < t->unwind.len; k += TRIM_PAGE)
				out_put(o, t->unwind.note + k, t->unwind.len - k < TRIM_PAGE ?
				    t->unwind.len - k : TRIM_PAGE);
		}
	}
	return 0;
}

static int
put_memory(struct out *o, const struct trim *t)
{
	struct walk w = { 0 };
	struct piece one;

	while (next_piece(t, &w, &one) && !o->failed)
		for (uint64_t done = 0; done < one.filesz && !o->failed;) {
			size_t n;

			if (o->len == PIECE)
				out_flush(o);
			n = PIECE - o->len;
			if (n > one.filesz - done)
				n = (size_t)(one.filesz - done);
			if (trim_read(t, one.vaddr + done, o->buf + o->len, n) != n)
				return -1;
			o->len += n;
			o->written += n;
			done += n;
		}
	return 0;
}

int
trim_write(struct trim *t, int fd)
{
	struct out o = { .fd = fd, .buf = io_buffer(PIECE) };
	struct layout *p = calloc(1, sizeof(*p));
	int rc = -1;

	if (o.buf == NULL || p == NULL)
		goto out;
	if (!t->kept.pages.sorted)
		trim_pages_sort(&t->kept.pages);
	lay_out(t, p);
	errno = EIO;
	if (put_head(&o, t, p) < 0)
		goto out;
	put_phdrs(&o, t, p);
	if (put_notes(&o, t, p) < 0)
		goto out;
	out_zeros(&o, p->memory);
	if (put_memory(&o, t) < 0)
		goto out;
	put_extended(&o, t, p);
	out_flush(&o);
	rc = o.failed ? -1 : 0;
out:
	free(o.buf);
	free(p);
	return rc;
}
