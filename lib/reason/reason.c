#include "reason/reason.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/signal_names.h"
#include "core/code.h"
#include "elf/layout.h"
#include "reason/private.h"

void
reason_say(struct reason_case *k, const char *format, ...)
{
	size_t n = strlen(k->out->text);
	va_list args;

	va_start(args, format);
	vsnprintf(k->out->text + n, REASON_TEXT - n, format, args);
	va_end(args);
}

int
reason_read(const struct reason_case *k, uint64_t address, void *buf, size_t len)
{
	const struct reason_source *s = k->source;

	return s->memory != NULL && s->memory(s->arg, address, buf, len) == len;
}

int
reason_word(const struct reason_case *k, uint64_t address, uint64_t *value)
{
	size_t n = elf_word_size(k->core->is64);
	uint8_t b[8];

	if (!reason_read(k, address, b, n))
		return 0;
	*value = core_number(k->core, b, n);
	return 1;
}

int
reason_string(const struct reason_case *k, uint64_t address, char *out, size_t size)
{
	const struct reason_source *s = k->source;
	size_t n = s->memory != NULL ? s->memory(s->arg, address, out, size) : 0, len;

	for (len = 0; len < n && out[len] >= ' ' && out[len] <= '~'; len++)
		;
	if (len == n || out[len] != '\0' || len == 0) {
		out[0] = '\0';
		return 0;
	}
	return 1;
}

size_t
reason_code_read(const struct reason_source *s, uint64_t address, void *buf, size_t len)
{
	uint8_t noted[CORE_CODE_NOTED];
	uint64_t start;
	size_t n = s->memory != NULL ? s->memory(s->arg, address, buf, len) : 0;

	if (n > 0)
		return n;
	n = core_code_noted(s->core, &start, noted);
	if (n == 0 || address < start || address - start >= n)
		return 0;
	n -= (size_t)(address - start);
	memcpy(buf, noted + (address - start), n < len ? n : len);
	return n < len ? n : len;
}

void
reason_case_code(struct reason_case *k)
{
	k->code_len = !k->registers.has ? 0 :
	    reason_code_read(k->source, k->registers.pc, k->code, sizeof(k->code));
	reason_decode(&k->decoded, k->core, &k->registers, k->code, k->code_len);
}

const char *
reason_name(const struct reason_frame *f)
{
	return f->name != NULL ? f->name : f->function;
}

void
reason_say_place(struct reason_case *k, const struct reason_frame *f)
{
	const char *slash = f->file != NULL ? strrchr(f->file, '/') : NULL;

	if (reason_name(f) != NULL)
		reason_say(k, " in %.200s%s", reason_name(f),
		    strchr(reason_name(f), '(') == NULL ? "()" : "");
	if (f->file != NULL && f->line > 0)
		reason_say(k, " at %.100s:%d", slash != NULL ? slash + 1 : f->file, f->line);
}

/* Whether the process sent the signal to itself. */
static int
is_own(const struct reason_case *k)
{
	return k->has_info && k->info.code <= 0 && k->core->has_psinfo &&
	    k->info.pid == k->core->pid;
}

/* The rules for a signal, in the order in which they are asked. */
static int
decide(struct reason_case *k)
{
	if (k->has_info && k->info.code <= 0 && k->core->has_psinfo &&
	    k->info.pid != k->core->pid)
		return reason_sent(k);
	if (k->has_info && k->info.code <= 0 && k->signal != SIGABRT)
		return reason_runtime(k) || reason_sent(k);
	switch (k->signal) {
	case SIGSEGV:
	case SIGBUS:
		return reason_fault(k);
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
	case SIGSYS:
		return reason_runtime(k) || reason_trap(k);
	case SIGABRT:
		return reason_abort_message(k) || reason_exception(k) || reason_runtime(k) ||
		    reason_sent(k);
	}
	return reason_sent(k);
}

/* If a signal handler sent the signal that ended the process: why the handled signal came. */
static int
decide_interrupted(struct reason_case *k)
{
	struct reason_case before = *k;
	const char *name;

	if (!is_own(k) || !reason_interrupted(&before) ||
	    (name = signal_name(before.signal)) == NULL)
		return 0;
	if (k->signal == SIGABRT)
		reason_say(k, "abort in the handler of %s: ", name);
	if (decide(&before))
		return 1;
	k->out->text[0] = '\0';
	return 0;
}

void
reason_find(struct reason *r, const struct reason_source *s)
{
	const struct core *c = s->core;
	struct reason_case k = { .source = s, .core = c, .out = r, .signal = c->signal,
		.info = c->siginfo };

	memset(r, 0, sizeof(*r));
	if (!c->is_core || !c->resolved || c->signal == 0)
		return;
	/* A debugger's core may have the signal that it stopped the process with. */
	k.has_info = c->has_siginfo && c->siginfo.signal == c->signal;
	reason_registers_read(&k.registers, c);
	reason_case_code(&k);
	if (!decide_interrupted(&k) && !decide(&k))
		r->text[0] = '\0';
}
