#include "trim/rules.h"

#include <elf.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/code.h"
#include "reason/decode.h"
#include "reason/said.h"
#include "trim/frames.h"
#include "trim/keep.h"
#include "trim/memory.h"
#include "trim/stacks.h"

/*
 * The largest mapping that is kept whole without being asked for, and the most of those of no file
 * together, bytes.
 */
#define SMALL 65536
#define ANONYMOUS (1024u * 1024)
/* The most pages of code; and, without a budget, of memory that the stacks point to. */
#define CODE_PAGES 1024
#define POINTED_PAGES 65536
/* What a pointer points to is taken to be this long, bytes: it may go on behind a page's end. */
#define POINTED 64

int
trim_matches(const char *pattern, const char *path)
{
	const char *slash = strrchr(path, '/');

	return fnmatch(pattern, path, 0) == 0 ||
	    (slash != NULL && fnmatch(pattern, slash + 1, 0) == 0);
}

void
trim_keep_registers(struct trim *t)
{
	struct core_threads walk = { 0 };
	uint64_t r[TRIM_REGISTERS_MOST];

	if (!trim_thread_next(t, &walk, r))
		return;
	for (size_t k = 0; k < t->registers->count; k++)
		if (r[k] >= TRIM_PAGE && r[k] < UINT64_MAX)
			trim_keep(t, TRIM_REGISTERS, r[k], r[k] + 1);
}

static size_t
read_memory(void *arg, uint64_t address, void *buf, size_t len)
{
	return trim_read(arg, address, buf, len);
}

static void
keep_said(void *arg, uint64_t start, uint64_t end)
{
	trim_keep(arg, TRIM_REGISTERS, start, end);
}

void
trim_keep_said(struct trim *t)
{
	const struct reason_said s = { .core = t->core, .read = read_memory, .keep = keep_said,
		.arg = t };

	reason_said(&s);
}

size_t
trim_code_line(const struct trim *t, char *text, size_t len)
{
	uint8_t code[CORE_CODE_NOTED];
	uint64_t start = 0;
	size_t n = core_code_noted(t->core, &start, code), done;
	struct reason_registers r;
	ssize_t got;

	reason_registers_read(&r, t->core);
	/* The memory of the process has it; of a core's that was written, its headers would tell. */
	if (n == 0 && t->memory.source == TRIM_PROCESS && r.has && r.pc > sizeof(code)) {
		start = r.pc - sizeof(code) / 2;
		got = t->memory.read(t->memory.arg, start, 0, code, sizeof(code));
		/* A page may begin between. */
		if (got <= (ssize_t)sizeof(code) / 2 && r.pc % TRIM_PAGE < sizeof(code) / 2)
			got = t->memory.read(t->memory.arg, start = r.pc, 0, code,
			    sizeof(code) / 2);
		n = got > 0 ? (size_t)got : 0;
	}
	if (n == 0 || len < sizeof("code=0x\n") + 17 + 2 * CORE_CODE_NOTED)
		return 0;
	done = (size_t)snprintf(text, len, "code=0x%" PRIx64 " ", start);
	for (size_t i = 0; i < n; i++)
		done += (size_t)snprintf(text + done, len - done, "%02x", code[i]);
	text[done] = '\n';
	return done + 1;
}

void
trim_keep_thread_data(struct trim *t)
{
	struct core_threads walk = { 0 };
	uint64_t r[TRIM_REGISTERS_MOST], tp;

	if (t->registers->tp == 0)
		return;
	while (trim_thread_next(t, &walk, r))
		if ((tp = r[t->registers->tp]) < UINT64_MAX - TRIM_THREAD)
			trim_keep(t, TRIM_THREADS, tp, tp + TRIM_THREAD);
}

void
trim_keep_spans(struct trim *t)
{
	for (size_t k = 0; k < t->options->spans; k++) {
		uint64_t start = t->options->span[k].start, len = t->options->span[k].len;

		trim_keep(t, TRIM_ASKED, start,
		    len > UINT64_MAX - start ? UINT64_MAX : start + len);
	}
}

void
trim_keep_files(struct trim *t)
{
	const struct core_files *f = &t->core->files;
	uint64_t done = 0;

	for (size_t i = 0; t->options->patterns > 0 && i < f->count; i++) {
		const struct core_file *file = &f->file[i];
		uint64_t start = file->start > done ? file->start : done;
		size_t k = 0;

		/* Files are sorted by their starts, and may overlap: keep each address once. */
		if (start >= file->end)
			continue;
		while (k < t->options->patterns &&
		    !trim_matches(t->options->pattern[k], file->path))
			k++;
		if (k < t->options->patterns)
			trim_keep(t, TRIM_ASKED, start, done = file->end);
	}
}

static int
is_of_file(const struct trim *t, const struct trim_segment *s)
{
	return core_files_at(&t->core->files, s->vaddr) != NULL;
}

/*
 * A debugger would take a file's data from the file, as it was before it was relocated.  Small
 * mappings of no file are .bss, and data that libraries allocate for themselves.
 */
void
trim_keep_small_data(struct trim *t)
{
	uint64_t anonymous = 0;

	for (size_t i = 0; i < t->segments.usable; i++) {
		const struct trim_segment *s = trim_segments_nth(&t->segments, i);
		int of_file = is_of_file(t, s);

		if (s->filesz > SMALL)
			continue;
		/*
		 * Where the core has no list of files, a mapping that cannot be written to may be a
		 * file's.
		 */
		if (!of_file && !(s->flags & PF_W) && t->core->files.seen)
			continue;
		if (!of_file && (anonymous += s->filesz) > ANONYMOUS)
			continue;
		trim_keep(t, TRIM_DATA, s->vaddr, s->vaddr + s->filesz);
	}
}

void
trim_keep_file_data(struct trim *t)
{
	for (size_t i = 0; i < t->segments.usable; i++) {
		const struct trim_segment *s = trim_segments_nth(&t->segments, i);

		if (is_of_file(t, s))
			trim_keep(t, TRIM_REST, s->vaddr, s->vaddr + s->filesz);
	}
}

void
trim_keep_heap(struct trim *t)
{
	/* It is the first large mapping above the program. */
	uint64_t above = t->core->exe != NULL ? t->core->exe->end : t->core->phdr_at;
	size_t i = above != 0 ? trim_segments_from(&t->segments, above) : t->segments.usable;

	for (; i < t->segments.usable; i++) {
		const struct trim_segment *s = trim_segments_nth(&t->segments, i);

		if ((s->flags & PF_W) && s->filesz > SMALL && !is_of_file(t, s)) {
			trim_keep(t, TRIM_DATA, s->vaddr, s->vaddr + SMALL / 2);
			return;
		}
	}
}

void
trim_keep_starts(struct trim *t)
{
	for (size_t i = 0; i < t->segments.usable; i++) {
		const struct trim_segment *s = trim_segments_nth(&t->segments, i);
		uint64_t most = is_of_file(t, s) || s->filesz <= SMALL ? SMALL : 0;
		uint64_t len = s->filesz < most ? s->filesz : most;

		trim_keep(t, TRIM_MODULES, s->vaddr, s->vaddr + len);
	}
}

/* Whether an address is in code that is in no file. */
static int
is_code(const struct trim *t, uint64_t address)
{
	size_t i = trim_segments_at(&t->segments, address);

	return i != SIZE_MAX && (t->segments.segment[i].flags & PF_X) &&
	    core_files_at(&t->core->files, address) == NULL;
}

/* Keeps the code around what may be a return address. */
static void
keep_code_at(struct trim *t, uint64_t address)
{
	uint64_t from, to;

	if (trim_trail_is_full(t) || !is_code(t, address))
		return;
	/* As far before it as a function's start often is, and a little behind it. */
	from = address % TRIM_PAGE < 512 && address >= TRIM_PAGE ? address - 512 : address;
	to = address % TRIM_PAGE > TRIM_PAGE - 64 ? address + 64 : address + 1;
	trim_keep(t, TRIM_CODE, from, to);
}

void
trim_keep_code(struct trim *t)
{
	struct trim_words words;
	uint64_t word;
	size_t i = 0;

	while (i < t->segments.usable && !is_code(t, t->segments.by_address[i].at))
		i++;
	if (i == t->segments.usable || trim_trail_begin(t, CODE_PAGES) < 0)
		return;
	for (size_t k = 0; k < t->stacks.count; k++) {
		trim_words_begin(&words, t, t->stacks.stack[k].start, t->stacks.stack[k].end);
		while (trim_words_next(&words, &word))
			keep_code_at(t, word);
	}
	trim_trail_end(t);
}

/* Keeps what the words of [start, end) point to. */
static void
follow(struct trim *t, uint64_t start, uint64_t end)
{
	struct trim_words words;
	uint64_t word;

	trim_words_begin(&words, t, start, end);
	while (trim_words_next(&words, &word))
		if (word >= TRIM_PAGE && word < UINT64_MAX - POINTED && !trim_trail_is_full(t))
			trim_keep(t, TRIM_POINTED, word, word + POINTED);
}

void
trim_keep_pointed(struct trim *t)
{
	size_t from = 0, to;

	if (t->options->depth == 0)
		return;
	if (trim_trail_begin(t, t->options->budget > 0 ? TRIM_PAGES : POINTED_PAGES) < 0) {
		t->broken = 1;
		return;
	}
	for (size_t k = 0; k < t->stacks.count; k++)
		follow(t, t->stacks.stack[k].start, t->stacks.stack[k].end);
	/* Each step follows the pages that the step before added. */
	for (unsigned step = 1; step < t->options->depth; step++, from = to) {
		to = t->kept.trail.count;
		for (size_t k = from; k < to; k++)
			follow(t, t->kept.trail.page[k], t->kept.trail.page[k] + TRIM_PAGE);
	}
	trim_trail_end(t);
}
