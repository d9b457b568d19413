#include "trim/trim.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "elf/layout.h"
#include "trim/rules.h"
#include "trim/stacks.h"

/* What our note takes at most, with the file header and the padding to a page, bytes. */
#define OVERHEAD (2048 + TRIM_PAGE)

const char *
trim_words(enum trim_status st)
{
	static const char *const words[] = {
		[TRIM_OK] = "no error",
		[TRIM_SYSTEM] = "system error",
		[TRIM_NO_CORE] = "no core",
		[TRIM_CUT] = "it ends before its memory",
		[TRIM_BACKWARDS] = ("its notes come behind its memory, "
		    "which a stream cannot be asked for again"),
		[TRIM_MACHINE] = "of a machine whose registers are not known",
		[TRIM_THREADS_NONE] = "its notes have no thread's registers",
		[TRIM_BUDGET] = "its headers and notes alone are over the budget",
	};

	return words[st];
}

void
trim_close(struct trim *t)
{
	trim_pages_close(&t->kept.pages);
	trim_segments_close(&t->segments);
	free(t->stacks.stack);
	t->stacks = (struct trim_stacks){ .stack = NULL };
	free(t->unwind.note);
	t->unwind = (struct trim_unwind){ .note = NULL };
	t->full = 0;
	t->module_reads = 0;
}

static size_t
header_size(const struct core *c)
{
	return elf_header_size(ELF_PHDR, c->is64);
}

/* Takes headers and notes from the budget; says whether they are there. */
static enum trim_status
take_notes(struct trim *t)
{
	const struct core *c = t->core;
	uint64_t bytes = OVERHEAD + t->segments.count * header_size(c);

	for (int i = 0; i < c->notes; i++) {
		const struct core_range *r = &c->note[i];
		uint8_t b;

		if (image_read(t->head, r->offset + r->len - 1, &b, 1) != 1)
			return TRIM_CUT;
		bytes = r->len > UINT64_MAX - bytes ? UINT64_MAX : bytes + r->len;
	}
	if (t->options->budget > 0 && bytes > t->options->budget)
		return TRIM_BUDGET;
	t->kept.left = t->options->budget > 0 ? t->options->budget - bytes : UINT64_MAX;
	if (t->options->memory > 0 && t->options->memory < t->kept.left)
		t->kept.left = t->options->memory;
	return TRIM_OK;
}

static enum trim_status
begin(struct trim *t)
{
	const struct core *c = t->core;
	enum trim_status st;

	if (!c->is_core)
		return TRIM_NO_CORE;
	if (!c->many && c->segments < c->table.len / header_size(c))
		return TRIM_CUT;
	if (trim_segments_read(&t->segments, c, t->head) < 0)
		return errno == EBADMSG ? TRIM_CUT : TRIM_SYSTEM;
	if ((st = take_notes(t)) != TRIM_OK)
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

/* Keeps the memory that the notes and the options lead to.  Returns how many threads there are. */
static size_t
keep_noted(struct trim *t)
{
	size_t threads = trim_keep_crashed_stack(t);

	trim_keep_registers(t);
	trim_keep_said(t);
	trim_keep_spans(t);
	trim_keep_files(t);
	trim_keep_symbols(t);
	trim_keep_other_stacks(t);
	trim_keep_thread_data(t);
	return threads;
}

/* Uses up the rest of the budget. */
static void
keep_rest(struct trim *t)
{
	if (t->options->budget == 0)
		return;
	trim_keep_whole_stacks(t);
	trim_keep_file_data(t);
}

enum trim_status
trim_plan(struct trim *t)
{
	enum trim_status st = begin(t);
	size_t threads;
	int linked;

	if (st != TRIM_OK)
		return st;
	trim_keep_modules(t);
	linked = trim_keep_links(t);
	threads = keep_noted(t);
	if (t->options->unwind)
		trim_keep_unwind(t);
	trim_keep_code(t);
	trim_keep_small_data(t);
	if (!linked)
		trim_keep_heap(t);
	trim_keep_pointed(t);
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
	threads = keep_noted(t);
	trim_keep_small_data(t);
	trim_keep_heap(t);
	keep_rest(t);
	/*
	 * Modules' dynamic sections and the link map are in small segments, which are kept by now.
	 */
	trim_keep_starts(t);
	return end(t, threads);
}
