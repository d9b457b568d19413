#include "trim/trim.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trim/frames.h"
#include "trim/segments.h"

/* What is kept below a stack's pointer, bytes: the red zone of a leaf function, and what it was about to push. */
#define BELOW 256
/* How far above a stack pointer that points to nothing its stack may begin: it is in the guard below it. */
#define GUARD (1024u * 1024)
/* The most stacks of one thread: each signal handler can have one. */
#define NESTED 8
/* The bytes of struct pthread (nptl/descr.h) that libthread_db reads. */
#define THREAD 2304
/* The largest mapping that is kept whole without being asked for, and the most of those of no file, bytes. */
#define SMALL 65536
#define ANONYMOUS (1024u * 1024)
/* The most pages of code, and without a budget of what stacks point to. */
#define CODE_PAGES 1024
#define POINTED_PAGES 65536
/* What our note takes at most, and the file header and what fills up to a page, bytes. */
#define OVERHEAD (2048 + TRIM_PAGE)

const char *
trim_words(enum trim_status st)
{
	static const char *const words[] = { "no error", "system error", "no core", "it ends before its memory",
		"its notes come behind its memory, which a stream cannot be asked for again",
		"of a machine whose registers are not known", "its notes have no thread's registers",
		"its headers and notes alone are over the budget" };

	return words[st];
}

void
trim_close(struct trim *t)
{
	trim_pages_close(&t->pages);
	free(t->segment);
	free(t->by_address);
	free(t->window);
	free(t->added);
	t->segment = NULL;
	t->by_address = NULL;
	t->window = NULL;
	t->added = NULL;
	t->segments = t->usable = t->windows = t->window_room = 0;
	t->full = 0;
	t->looks = 0;
}

static const struct trim_segment *
nth(const struct trim *t, size_t i)
{
	return &t->segment[t->by_address[i].segment];
}

static void
add_window(struct trim *t, const struct trim_window *w)
{
	if (t->windows == t->window_room) {
		size_t room = t->window_room == 0 ? 64 : 2 * t->window_room;
		struct trim_window *more = t->windows < 2 * CORE_THREADS ? realloc(t->window, room * sizeof(*more)) : NULL;

		if (more == NULL) {
			t->broken |= t->windows < 2 * CORE_THREADS;
			return;
		}
		t->window = more;
		t->window_room = room;
	}
	t->window[t->windows++] = *w;
}

/*
 * Where a stack is, from what its pointer leads to, len bytes of it: on through mappings that follow each other,
 * as one whose middle got another name does.  0 when that is no stack.
 */
static int
find_window(const struct trim *t, uint64_t sp, uint64_t limit, uint64_t len, struct trim_window *w)
{
	size_t i = trim_segments_from(t, sp);
	const struct trim_segment *s;

	if (i == t->usable)
		return 0;
	s = nth(t, i);
	w->sp = sp;
	w->limit = limit;
	if (s->vaddr > sp) {
		/* A stack that ran over: what it was is above the guard. */
		if (s->vaddr - sp > GUARD)
			return 0;
		w->start = s->vaddr;
	} else {
		w->start = sp - s->vaddr < BELOW ? s->vaddr : sp - BELOW;
	}
	if (!(s->flags & PF_W))
		return 0;
	for (w->end = s->vaddr + s->filesz; w->end - w->start < len && s->filesz == s->memsz && ++i < t->usable;) {
		s = nth(t, i);
		if (s->vaddr != w->end || !(s->flags & PF_W))
			break;
		w->end = s->vaddr + s->filesz;
	}
	if (w->end - w->start > len)
		w->end = w->start + len;
	if (w->end > limit)
		w->end = limit;
	return 1;
}

/* Whether all of it has been kept as a stack: then its frames have been looked at too. */
static int
taken(const struct trim *t, const struct trim_window *w)
{
	for (uint64_t page = w->start / TRIM_PAGE * TRIM_PAGE; page < w->end; page += TRIM_PAGE) {
		unsigned why = trim_pages_has(&t->pages, page);

		if (why != TRIM_CRASHED && why != TRIM_STACKS)
			return 0;
	}
	return 1;
}

/* A thread's own stack counts even where another thread has it. */
static void
keep_stack(struct trim *t, enum trim_rule rule, uint64_t sp, uint64_t tp, int own)
{
	uint64_t limit = tp > sp && tp < UINT64_MAX - THREAD ? tp + THREAD : UINT64_MAX;
	struct trim_window w;

	if (!find_window(t, sp, limit, t->options->stack, &w) || (!own && taken(t, &w)))
		return;
	trim_keep(t, rule, w.start, w.end);
	add_window(t, &w);
}

void
trim_stack(struct trim *t, enum trim_rule rule, uint64_t sp, uint64_t tp)
{
	keep_stack(t, rule, sp, tp, 1);
}

/* The registers of a thread, as words; 0 when they are not there. */
static int
read_registers(const struct trim *t, const struct core_status *s, uint64_t *r)
{
	size_t w = t->registers->word, n = t->registers->count * w;
	uint8_t b[64 * 8];

	if (image_read(t->head, s->registers, b, n) != (ssize_t)n)
		return 0;
	for (size_t k = 0; k < t->registers->count; k++)
		r[k] = core_number(t->core, b + k * w, w);
	return 1;
}

struct interrupted {
	struct trim *t;
	enum trim_rule rule;
	size_t window, most;		/* the stack whose frames are looked at; how many there may be */
	uint64_t tp;
};

/* The stack that a signal handler with a stack of its own interrupted. */
static void
interrupted(void *arg, uint64_t sp)
{
	const struct interrupted *i = arg;
	const struct trim_window *w = &i->t->window[i->window];

	if ((sp < w->start || sp >= w->end) && i->t->windows < i->most)
		keep_stack(i->t, i->rule, sp, i->tp, 0);
}

/* The stack of the thread that crashed, or those of all others; how many threads had registers. */
static size_t
keep_stacks(struct trim *t, int crashed)
{
	struct interrupted i = { .t = t, .rule = crashed ? TRIM_CRASHED : TRIM_STACKS };
	struct core_threads walk = { 0 };
	struct core_status s;
	uint64_t r[64];
	size_t n = 0;

	while (core_threads_next(&walk, t->core, t->head, &s) && read_registers(t, &s, r)) {
		if ((n++ == 0) != crashed)
			continue;
		i.window = t->windows;
		i.most = i.window + NESTED;
		i.tp = t->registers->tp != 0 ? r[t->registers->tp] : 0;
		trim_stack(t, i.rule, r[t->registers->sp], i.tp);
		for (; i.window < t->windows; i.window++)
			trim_frames_signals(t, t->window[i.window].start, t->window[i.window].end, interrupted, &i);
		if (crashed)
			break;
	}
	return n;
}

static void
keep_registers(struct trim *t)
{
	struct core_threads walk = { 0 };
	struct core_status s;
	uint64_t r[64];

	if (!core_threads_next(&walk, t->core, t->head, &s) || !read_registers(t, &s, r))
		return;
	for (size_t k = 0; k < t->registers->count; k++)
		if (r[k] >= TRIM_PAGE && r[k] < UINT64_MAX)
			trim_keep(t, TRIM_REGISTERS, r[k], r[k] + 1);
}

static void
keep_threads(struct trim *t)
{
	struct core_threads walk = { 0 };
	struct core_status s;
	uint64_t r[64];

	if (t->registers->tp == 0)
		return;
	while (core_threads_next(&walk, t->core, t->head, &s) && read_registers(t, &s, r))
		if (r[t->registers->tp] < UINT64_MAX - THREAD)
			trim_keep(t, TRIM_THREADS, r[t->registers->tp], r[t->registers->tp] + THREAD);
}

static const struct core_file *
file_of(const struct trim *t, size_t i)
{
	return core_files_at(&t->core->files, nth(t, i)->vaddr);
}

/*
 * Mappings of files: a debugger would take what was relocated there from the file, as it was before that.  small: those
 * alone, and of no file, with .bss and what libraries have for themselves among it, up to ANONYMOUS.
 */
static void
keep_data(struct trim *t, enum trim_rule rule, int small)
{
	uint64_t anonymous = 0;

	for (size_t i = 0; i < t->usable; i++) {
		const struct trim_segment *s = nth(t, i);
		int of_file = file_of(t, i) != NULL;

		if (small ? s->filesz > SMALL : !of_file)
			continue;
		/* Where the core does not say what files there are, what is only read may be of one. */
		if (!of_file && !(s->flags & PF_W) && t->core->files.seen)
			continue;
		if (!of_file && (anonymous += s->filesz) > ANONYMOUS)
			continue;
		trim_keep(t, rule, s->vaddr, s->vaddr + s->filesz);
	}
}

/* The start of the heap, which begins above the program: one without a link map has what stands for it there. */
static void
keep_heap(struct trim *t)
{
	uint64_t above = t->core->exe != NULL ? t->core->exe->end : t->core->phdr_at;
	size_t i = above != 0 ? trim_segments_from(t, above) : t->usable;

	while (i < t->usable && (!(nth(t, i)->flags & PF_W) || nth(t, i)->filesz <= SMALL || file_of(t, i) != NULL))
		i++;
	if (i < t->usable)
		trim_keep(t, TRIM_DATA, nth(t, i)->vaddr, nth(t, i)->vaddr + SMALL / 2);
}

/* Mappings of files that the patterns are for. */
static void
keep_files(struct trim *t)
{
	const struct core_files *f = &t->core->files;
	uint64_t done = 0;

	for (size_t i = 0; t->options->patterns > 0 && i < f->count; i++) {
		const struct core_file *file = &f->file[i];
		uint64_t start = file->start > done ? file->start : done;
		size_t k = 0;

		/* Files are in the order of their starts, and may lie over each other: each address once. */
		if (start >= file->end)
			continue;
		while (k < t->options->patterns && !trim_names(t->options->pattern[k], file->path))
			k++;
		if (k < t->options->patterns)
			trim_keep(t, TRIM_ASKED, start, done = file->end);
	}
}

static void
keep_spans(struct trim *t)
{
	for (size_t k = 0; k < t->options->spans; k++) {
		const struct trim_span *s = &t->options->span[k];

		trim_keep(t, TRIM_ASKED, s->start, s->len > UINT64_MAX - s->start ? UINT64_MAX : s->start + s->len);
	}
}

static int
is_code(const struct trim *t, uint64_t address)
{
	size_t i = trim_segment_at(t, address);

	return i != SIZE_MAX && (t->segment[i].flags & PF_X) && core_files_at(&t->core->files, address) == NULL;
}

static void
return_address(void *arg, uint64_t word)
{
	struct trim *t = arg;
	uint64_t from, to;

	if (t->added_count >= t->added_room || !is_code(t, word))
		return;
	/* What comes before it, as far as a function's first instructions often are, and some behind. */
	from = word % TRIM_PAGE < 512 && word >= TRIM_PAGE ? word - 512 : word;
	to = word % TRIM_PAGE > TRIM_PAGE - 64 ? word + 64 : word + 1;
	trim_keep(t, TRIM_CODE, from, to);
}

static void
keep_code(struct trim *t)
{
	size_t i = 0;

	while (i < t->usable && !is_code(t, nth(t, i)->vaddr))
		i++;
	if (i == t->usable || (t->added = calloc(CODE_PAGES, sizeof(*t->added))) == NULL)
		return;
	t->added_count = 0;
	t->added_room = CODE_PAGES;
	for (size_t k = 0; k < t->windows; k++)
		trim_frames_words(t, t->window[k].start, t->window[k].end, return_address, t);
	free(t->added);
	t->added = NULL;
}

static void
pointer(void *arg, uint64_t word)
{
	struct trim *t = arg;

	if (word >= TRIM_PAGE && word < UINT64_MAX - 64 && t->added_count < t->added_room)
		/* What stands there may go on behind a page's end. */
		trim_keep(t, TRIM_POINTED, word, word + 64);
}

/* What the stacks point to, and what that points to. */
static void
keep_pointed(struct trim *t)
{
	size_t from = 0, to;

	if (t->options->depth == 0)
		return;
	t->added_count = 0;
	t->added_room = t->options->budget > 0 ? TRIM_PAGES : POINTED_PAGES;
	if ((t->added = calloc(t->added_room, sizeof(*t->added))) == NULL) {
		t->broken = 1;
		return;
	}
	for (size_t k = 0; k < t->windows; k++)
		trim_frames_words(t, t->window[k].start, t->window[k].end, pointer, t);
	for (unsigned step = 1; step < t->options->depth; step++, from = to) {
		to = t->added_count;
		for (size_t k = from; k < to; k++)
			trim_frames_words(t, t->added[k], t->added[k] + TRIM_PAGE, pointer, t);
	}
	free(t->added);
	t->added = NULL;
}

static void
keep_rest(struct trim *t)
{
	struct trim_window w;

	if (t->options->budget == 0)
		return;
	for (size_t k = 0; k < t->windows; k++)
		if (find_window(t, t->window[k].sp, t->window[k].limit, UINT64_MAX, &w))
			trim_keep(t, TRIM_REST, w.start, w.end);
	keep_data(t, TRIM_REST, 0);
}

/* What the headers and notes take of the budget, and whether they are there. */
static enum trim_status
take_notes(struct trim *t)
{
	const struct core *c = t->core;
	uint64_t bytes = OVERHEAD + t->segments * (c->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));

	for (int i = 0; i < c->notes; i++) {
		const struct core_range *r = &c->note[i];
		uint8_t b;

		if (image_read(t->head, r->offset + r->len - 1, &b, 1) != 1)
			return TRIM_CUT;
		bytes = r->len > UINT64_MAX - bytes ? UINT64_MAX : bytes + r->len;
	}
	if (t->options->budget > 0 && bytes > t->options->budget)
		return TRIM_BUDGET;
	t->left = t->options->budget > 0 ? t->options->budget - bytes : UINT64_MAX;
	if (t->options->memory > 0 && t->options->memory < t->left)
		t->left = t->options->memory;
	return TRIM_OK;
}

static enum trim_status
begin(struct trim *t)
{
	const struct core *c = t->core;
	enum trim_status st;

	if (!c->is_core)
		return TRIM_NO_CORE;
	if (!c->many && c->segments < c->table.len / (c->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return TRIM_CUT;
	if ((st = trim_segments_read(t)) != TRIM_OK || (st = take_notes(t)) != TRIM_OK)
		return st;
	t->registers = core_registers((uint16_t)c->machine, c->is64);
	return t->registers == NULL ? TRIM_MACHINE : TRIM_OK;
}

static enum trim_status
end(struct trim *t, size_t threads)
{
	if (t->broken) {
		errno = ENOMEM;
		return TRIM_SYSTEM;
	}
	return threads == 0 ? TRIM_THREADS_NONE : TRIM_OK;
}

/* What the registers and the caller tell; how many threads there are. */
static size_t
keep_told(struct trim *t)
{
	size_t threads = keep_stacks(t, 1);

	keep_registers(t);
	keep_spans(t);
	keep_files(t);
	trim_symbols(t);
	keep_stacks(t, 0);
	keep_threads(t);
	return threads;
}

enum trim_status
trim_plan(struct trim *t)
{
	enum trim_status st = begin(t);
	size_t threads;
	int linked;

	if (st != TRIM_OK)
		return st;
	trim_modules(t);
	linked = trim_links(t);
	threads = keep_told(t);
	keep_code(t);
	keep_data(t, TRIM_DATA, 1);
	if (!linked)
		keep_heap(t);
	keep_pointed(t);
	keep_rest(t);
	return end(t, threads);
}

enum trim_status
trim_foresee(struct trim *t)
{
	enum trim_status st = begin(t);
	size_t threads;

	if (st != TRIM_OK)
		return st;
	threads = keep_told(t);
	keep_data(t, TRIM_DATA, 1);
	keep_heap(t);
	keep_rest(t);
	/* The headers and notes of modules; their dynamic sections, and what the linker has, are in small segments. */
	for (size_t i = 0; i < t->usable; i++) {
		const struct trim_segment *s = nth(t, i);
		uint64_t most = file_of(t, i) != NULL || s->filesz <= SMALL ? SMALL : 0;

		trim_keep(t, TRIM_MODULES, s->vaddr, s->vaddr + (s->filesz < most ? s->filesz : most));
	}
	return end(t, threads);
}
