/*
 * What says why a process aborted, wherever it is: the exception that a C++ runtime handles, with the text that it
 * keeps, and the message of glibc.  lib/reason reads them.
 */
#include <elf.h>
#include <signal.h>
#include <string.h>

#include "trim/frames.h"
#include "trim/keep.h"
#include "trim/memory.h"
#include "trim/rules.h"
#include "trim/stacks.h"

/* How much of the crashed stack is looked at for exceptions, from its pointer, bytes; and how many are kept. */
#define LOOKED_AT 8192
#define EXCEPTIONS 16
/* What of an exception is kept, before and behind its unwind header, and of a text that it leads to, bytes. */
#define BEFORE 128
#define BEHIND 128
#define TEXT 1024
/* The largest mapping that glibc makes for a message, and of a file's data that is looked through, bytes. */
#define MESSAGE 65536
#define DATA 65536

/* Whether the class of a C++ exception is at an address: text of 8 bytes, or a number of them. */
static int
is_exception(const struct trim *t, uint64_t at)
{
	static const char *const classes[] = { "GNUCC++", "CLNGC++" };
	uint8_t b[8], turned[8];

	if (at < TRIM_PAGE || at % 8 != 0 || trim_read(t, at, b, sizeof(b)) != sizeof(b))
		return 0;
	for (size_t i = 0; i < sizeof(b); i++)
		turned[i] = b[7 - i];
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (memcmp(b, classes[i], sizeof(b)) == 0 ||
		    memcmp(turned, classes[i], sizeof(turned)) == 0)
			return 1;
	return 0;
}

/* Keeps the exception whose unwind header is at an address, and what its words point to: its type, its text. */
static void
keep_exception(struct trim *t, uint64_t at)
{
	size_t w = trim_word(t);
	uint64_t word;

	if (at < BEFORE || at > UINT64_MAX - BEHIND)
		return;
	trim_keep(t, TRIM_REGISTERS, at - BEFORE, at + BEHIND);
	for (uint64_t p = at - BEFORE; p < at + BEHIND; p += w)
		if (trim_read_word(t, p, &word) == 0 && word >= TRIM_PAGE && word < UINT64_MAX - TEXT)
			trim_keep(t, TRIM_REGISTERS, word, word + TEXT);
}

static void
keep_exceptions(struct trim *t)
{
	struct core_threads walk = { 0 };
	uint64_t r[TRIM_REGISTERS_MOST], sp, word;
	size_t w = trim_word(t), kept = 0;

	if (!trim_thread_next(t, &walk, r))
		return;
	for (size_t k = 0; k < t->registers->count && kept < EXCEPTIONS; k++)
		if (is_exception(t, r[k])) {
			keep_exception(t, r[k]);
			kept++;
		}
	sp = r[t->registers->sp];
	for (uint64_t at = 0; at < LOOKED_AT && kept < EXCEPTIONS; at += w) {
		if (sp > UINT64_MAX - LOOKED_AT || trim_read_word(t, sp + at, &word) < 0)
			break;
		if (!is_exception(t, word))
			continue;
		keep_exception(t, word);
		kept++;
	}
}

/* Whether struct abort_msg_s may be at an address: the size of its mapping, which it begins, then text. */
static int
is_message(const struct trim *t, uint64_t at)
{
	uint8_t b[12];
	uint64_t size;

	if (at < TRIM_PAGE || at % TRIM_PAGE != 0 || trim_read(t, at, b, sizeof(b)) != sizeof(b))
		return 0;
	size = core_number(t->core, b, 4);
	if (size == 0 || size > MESSAGE || size % TRIM_PAGE != 0)
		return 0;
	for (size_t i = 4; i < sizeof(b) && b[i] != '\0' && b[i] != '\n'; i++)
		if (b[i] < ' ' || b[i] > '~')
			return 0;
	return b[4] != '\0';
}

/* Keeps the message that a word of [start, end) leads to. */
static void
keep_message(struct trim *t, uint64_t start, uint64_t end)
{
	uint8_t b[TRIM_PAGE];
	size_t w = trim_word(t), n;
	uint64_t word;

	for (; start < end; start += n - n % w) {
		n = end - start < sizeof(b) ? (size_t)(end - start) : sizeof(b);
		if ((n = trim_read(t, start, b, n)) < w)
			return;
		for (size_t i = 0; i + w <= n; i += w) {
			word = core_number(t->core, b + i, w);
			if (word % TRIM_PAGE == 0 && is_message(t, word))
				trim_keep(t, TRIM_REGISTERS, word, word + TEXT);
		}
	}
}

/* Whether glibc's data may be in a file's mapping: in its own, or in that of a program that has it inside. */
static int
may_be_libc(const struct trim *t, const struct core_file *f)
{
	const char *slash = strrchr(f->path, '/');

	return f == t->core->exe || strncmp(slash != NULL ? slash + 1 : f->path, "libc", 4) == 0;
}

void
trim_keep_said(struct trim *t)
{
	const struct core_file *f, *last = NULL;

	if (t->core->signal != SIGABRT)
		return;
	keep_exceptions(t);
	for (size_t i = 0; i < t->segments.usable; i++) {
		const struct trim_segment *s = trim_segments_nth(&t->segments, i);

		/* The mapping right behind a file is its .bss. */
		f = core_files_at(&t->core->files, s->vaddr);
		if (f == NULL && last != NULL && s->vaddr == last->end)
			f = last;
		last = f;
		if (f != NULL && (s->flags & PF_W) && s->filesz <= DATA && may_be_libc(t, f))
			keep_message(t, s->vaddr, s->vaddr + s->filesz);
	}
}
