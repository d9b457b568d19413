/*
 * Following a stack.  libdwfl does, by the call frame information of the modules; where it has none it believes the
 * frame pointer, which for most code is none, and what it then takes for a return address may be any word.  So only
 * what is an address of code is, and where a module's file is not there the stack ends.  What was called is no code
 * where a function pointer is NULL or wild: the caller is where calls leave it, and libdwfl starts anew from there.
 */
#include <elfutils/libdwfl.h>
#include <elfutils/version.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/read.h"
#include "stack/fingerprint.h"
#include "stack/private.h"

bool
trace_memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *arg)
{
	struct trace *t = arg;
	size_t n = t->registers->word;
	uint8_t b[8];

	(void)dwfl;
	if (core_read_at(&t->core, t->image, address, b, n) != n) {
		t->missing = 1;
		return false;
	}
	*result = core_number(&t->core, b, n);
	return true;
}

pid_t
trace_next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	struct trace *t = arg;

	(void)dwfl;
	if (!core_threads_next(&t->walk, &t->core, t->image, &t->now))
		return 0;
	*thread = t;
	/* To libdwfl 0 is the end, and less an error: what is said of the thread comes from t->now. */
	return t->now.tid == 0 || t->now.tid > INT32_MAX ? 1 : (pid_t)t->now.tid;
}

/* The registers of the thread, as the core has them. */
static int
read_registers(struct trace *t, struct trace_registers *to)
{
	const struct core_registers *r = t->registers;
	uint8_t b[64 * 8];
	size_t n = (size_t)r->count * r->word;

	memset(to, 0, sizeof(*to));
	if (image_read(t->image, t->now.registers, b, n) != (ssize_t)n)
		return 0;
	for (size_t k = r->from; k < r->to; k++) {
		size_t word = r->order != NULL ? r->order[k] : k + r->shift;

		to->value[k] = core_number(&t->core, b + word * r->word, r->word);
		to->has[k] = 1;
	}
	if (r->extra != 0) {
		to->value[r->extra] = core_number(&t->core, b + (size_t)r->extra_at * r->word,
		    r->word);
		to->has[r->extra] = 1;
	}
	to->pc = core_number(&t->core, b + (size_t)r->pc * r->word, r->word);
	return 1;
}

bool
trace_set_registers(Dwfl_Thread *thread, void *arg)
{
	struct trace *t = arg;
	Dwarf_Word value;

	if (!t->anew && !read_registers(t, &t->start))
		return false;
	for (int k = 0; k < TRACE_REGISTERS; k++) {
		value = t->start.value[k];
		if (t->start.has[k])
			dwfl_thread_state_registers(thread, k, 1, &value);
	}
	dwfl_thread_state_register_pc(thread, t->start.pc);
	t->first = 1;
	return true;
}

/* DWARF's number of the register that is a word of pr_reg. */
static size_t
register_of(const struct core_registers *r, size_t word)
{
	if (r->extra != 0 && word == r->extra_at)
		return r->extra;
	for (size_t k = r->from; k < r->to; k++)
		if ((r->order != NULL ? r->order[k] : k + r->shift) == word)
			return k;
	return 0;
}

/* Makes the registers of something that was called, and is no code, those of its caller; 0 when it is not known. */
static int
step_out(struct trace *t)
{
	const struct core_registers *r = t->registers;
	struct trace_registers *s = &t->start;
	size_t at = register_of(r, r->link != 0 ? r->link : r->sp);
	Dwarf_Word back;

	if (!s->has[at])
		return 0;
	back = s->value[at];
	if (r->link == 0 && !trace_memory_read(t->dwfl, s->value[at], &back, t))
		return 0;
	back &= ~(Dwarf_Word)r->pc_bits;
	if (!trace_is_code(t, back - 1))
		return 0;
	/* The call has overwritten what the caller returns to itself, which is in its frame. */
	if (r->link == 0)
		s->value[at] += r->word;
	else
		s->has[at] = 0;
	/* libdwfl takes the first pc as it is, but a call may be the last instruction of its function. */
	s->pc = back - 1;
	s->called = 1;
	return 1;
}

/* Takes the registers of a frame that is not the first; 0 when they cannot be had. */
static int
take_registers(struct trace *t, Dwfl_Frame *state)
{
#if _ELFUTILS_PREREQ(0, 188)
	Dwarf_Word value;

	memset(&t->start, 0, sizeof(t->start));
	for (unsigned k = 0; k < TRACE_REGISTERS; k++)
		if (dwfl_frame_reg(state, k, &value) == 0) {
			t->start.value[k] = value;
			t->start.has[k] = 1;
		}
	return 1;
#else
	(void)t;
	(void)state;
	return 0;
#endif
}

/* Whether a module has call frame information; for an address, where only some was noted of its file. */
static int
has_frames(struct trace *t, Dwfl_Module *m, uint64_t address)
{
	Dwarf_Addr start, bias;
	Dwarf_Frame *frame;
	Dwarf_CFI *cfi;

	dwfl_module_info(m, NULL, &start, NULL, NULL, NULL, NULL, NULL);
	if (!trace_noted_given(&t->noted, start))
		return dwfl_module_eh_cfi(m, &bias) != NULL ||
		    dwfl_module_dwarf_cfi(m, &bias) != NULL;
	/* As with the file, libdwfl goes by the frame pointer where that has no information. */
	if (trace_noted_whole(&t->noted, start))
		return 1;
	if ((cfi = dwfl_module_eh_cfi(m, &bias)) == NULL ||
	    dwarf_cfi_addrframe(cfi, address - bias, &frame) != 0)
		return 0;
	free(frame);
	return 1;
}

/* Why the stack cannot be followed from an address, for want of its module's file; NULL when that is not so. */
static const char *
lacks_file(struct trace *t, uint64_t address)
{
	Dwfl_Module *m = dwfl_addrmodule(t->dwfl, address);
	const struct core_file *file = core_files_at(&t->core.files, address);
	const char *slash;
	int why;

	if (file == NULL || (slash = strrchr(file->path, '/')) == NULL)
		return NULL;
	if (m == NULL ? file->module == NULL : has_frames(t, m, address))
		return NULL;
	if ((why = trace_files_why(&t->files, file->path)) == 0 &&
	    trace_files_other_build(file, file->path))
		why = TRACE_FILES_OTHER;
	/* The file is there, and has no such information. */
	if (why == 0)
		return NULL;
	snprintf(t->why, sizeof(t->why), "%.255s: %s", slash + 1, trace_files_words(why));
	return t->why;
}

static void
show_one(struct trace *t, const struct trace_frame *f)
{
	if (t->visitor->frame != NULL)
		t->visitor->frame(t->visitor->arg, &t->thread, f);
	t->thread.frames++;
}

/* What is behind a frame of Go's runtime: a fault seems to have called sigpanic, and morestack has left the stack. */
static enum trace_next
next_of(const struct trace_frame *f)
{
	static const struct {
		const char *symbol;
		enum trace_next next;
	} ways[] = { { "runtime.sigpanic", TRACE_FAULT },
		{ "runtime.morestack", TRACE_OTHER_STACK },
		{ "runtime.morestack_noctxt", TRACE_OTHER_STACK } };
	size_t n = f->go && f->symbol != NULL ? fingerprint_bare(f) : 0;

	for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++)
		if (strlen(ways[k].symbol) == n && memcmp(ways[k].symbol, f->symbol, n) == 0)
			return ways[k].next;
	return TRACE_CALLER;
}

static int
show(struct trace *t, uint64_t pc, int exact)
{
	struct trace_seen *s = &t->seen[(pc ^ pc >> 10 ^ (uint64_t)exact) % TRACE_SEEN];

	if (t->thread.calls == TRACE_CALLS) {
		t->thread.end = "more frames than are shown";
		return 0;
	}
	/* The first frame of a thread and a return address of the same value are two. */
	if (s->frame.pc != pc || s->frame.pc == 0 || s->frame.exact != exact)
		trace_describe(t, s, pc, exact);
	/* Room is kept for the calls that are still to come. */
	for (size_t k = 0; k < s->count; k++)
		if (t->thread.frames - t->thread.calls < TRACE_FRAMES - TRACE_CALLS)
			show_one(t, &s->inlined[k]);
	show_one(t, &s->frame);
	t->next = next_of(&s->frame);
	t->thread.calls++;
	return 1;
}

/* A frame whose pc is no code: that of the crash, or what a signal interrupted. */
static void
astray(struct trace *t, Dwfl_Frame *state, uint64_t pc, int exact)
{
	int shown = t->thread.frames == 0, found;

	if (shown && !show(t, pc, exact))
		return;
	if (!exact) {
		t->thread.end = "what it returns to is no code";
		return;
	}
	found = t->registers != NULL && (t->first || take_registers(t, state)) && step_out(t);
	if (!found && !t->missing)
		t->thread.end = shown ? "it is no code, and its caller is not known" :
					"what a signal interrupted is no code";
	/* Only what has a caller was called: what else is on the stack is not shown. */
	if (found && (shown || show(t, pc, exact)))
		t->again = 1;
}

/* Goes on with what a signal interrupted, whose handler returns to pc; 0 when this is none, or its end is said. */
static int
step_back(struct trace *t, Dwfl_Frame *state, uint64_t pc)
{
	size_t sp;

	if (!trace_is_sigreturn(t, pc))
		return 0;
	sp = register_of(t->registers, t->registers->sp);
	if (!take_registers(t, state) || !t->start.has[sp] || !show(t, pc, 1))
		return 0;
	t->again = trace_interrupted(t, t->start.value[sp]);
	return 1;
}

static int
each_frame(Dwfl_Frame *state, void *arg)
{
	struct trace *t = arg;
	Dwarf_Addr pc;
	bool exact;

	/* What the frame before lacked did not hinder. */
	t->missing = 0;
	if (!dwfl_frame_pc(state, &pc, &exact)) {
		t->thread.end = dwfl_errmsg(-1);
		return DWARF_CB_ABORT;
	}
	if (t->first && t->start.called) {
		pc++;
		exact = false;
	}
	if (!trace_is_code(t, pc - !exact)) {
		astray(t, state, pc, exact);
		return DWARF_CB_ABORT;
	}
	if (!exact && !t->first) {
		/* The first instruction of a function may have failed. */
		if (t->next == TRACE_FAULT && take_registers(t, state)) {
			t->start.pc = pc;
			t->again = 1;
			return DWARF_CB_ABORT;
		}
		if (step_back(t, state, pc))
			return DWARF_CB_ABORT;
	}
	t->first = 0;
	if (!show(t, pc, exact))
		return DWARF_CB_ABORT;
	t->thread.end = t->next == TRACE_OTHER_STACK ? "it came from another stack" :
						       lacks_file(t, pc - !exact);
	return t->thread.end != NULL ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static void
follow(struct trace *t, Dwfl_Thread *thread)
{
	int rc;

	t->missing = 0;
	t->again = 0;
	t->next = TRACE_CALLER;
	do {
		t->anew = t->again;
		t->again = 0;
		rc = dwfl_thread_getframes(thread, each_frame, t);
	} while (t->again);
	if (t->thread.end != NULL)
		return;
	/* The errors of a function that we gave it libdwfl does not know; it takes a lost return address for none. */
	if (t->missing)
		t->thread.end = "it leads to memory that is not in the core";
	else if (rc < 0 && (t->thread.end = dwfl_errmsg(0)) == NULL)
		/* Our own function, which libdwfl asks for them, failed. */
		t->thread.end = "its registers cannot be read";
}

static int
each_thread(Dwfl_Thread *thread, void *arg)
{
	struct trace *t = arg;
	const struct trace_visitor *v = t->visitor;

	if (t->threads == TRACE_THREADS || (v->threads > 0 && t->threads == v->threads)) {
		t->left_out = 1;
		return DWARF_CB_ABORT;
	}
	t->thread = (struct trace_thread){
		.tid = t->registers != NULL ? t->now.tid : (uint32_t)dwfl_thread_tid(thread),
		.crashed = t->threads == 0 && t->core.signal != 0,
	};
	t->threads++;
	if (v->start != NULL)
		v->start(v->arg, &t->thread);
	follow(t, thread);
	if (v->end != NULL)
		v->end(v->arg, &t->thread);
	return DWARF_CB_OK;
}

int
trace_walk(struct trace *t, const struct trace_visitor *v)
{
	int rc;

	if (t->dwfl == NULL)
		return -1;
	memset(&t->walk, 0, sizeof(t->walk));
	t->threads = 0;
	t->left_out = 0;
	t->visitor = v;
	trace_guard(t, 1);
	rc = dwfl_getthreads(t->dwfl, each_thread, t);
	trace_guard(t, 0);
	return rc < 0 ? -1 : t->left_out;
}
