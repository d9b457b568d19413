#include "reason/said.h"

#include <elf.h>
#include <signal.h>
#include <string.h>

#include "elf/layout.h"
#include "reason/decode.h"

/* A page, bytes: the least that any of these machines has. */
#define LEAST_PAGE 4096

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

static size_t
read_at(const struct reason_said *t, uint64_t address, void *buf, size_t len)
{
	return t->read(t->arg, address, buf, len);
}

static int
read_word(const struct reason_said *t, uint64_t address, uint64_t *word)
{
	size_t n = elf_word_size(t->core->is64);
	uint8_t b[8];

	if (read_at(t, address, b, n) != n)
		return 0;
	*word = core_number(t->core, b, n);
	return 1;
}

/* Whether the class of a C++ exception is at an address: text of 8 bytes, or a number of them. */
static int
is_exception(const struct reason_said *t, uint64_t at)
{
	static const char *const classes[] = { "GNUCC++", "CLNGC++" };
	uint8_t b[8], turned[8];

	if (at < LEAST_PAGE || at % 8 != 0 || read_at(t, at, b, sizeof(b)) != sizeof(b))
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
keep_exception(const struct reason_said *t, uint64_t at)
{
	size_t w = elf_word_size(t->core->is64);
	uint64_t word;

	if (at < BEFORE || at > UINT64_MAX - BEHIND)
		return;
	t->keep(t->arg, at - BEFORE, at + BEHIND);
	for (uint64_t p = at - BEFORE; p < at + BEHIND; p += w)
		if (read_word(t, p, &word) && word >= LEAST_PAGE &&
		    word < UINT64_MAX - TEXT)
			t->keep(t->arg, word, word + TEXT);
}

static void
keep_exceptions(const struct reason_said *t)
{
	size_t w = elf_word_size(t->core->is64), kept = 0;
	struct reason_registers r;
	uint64_t sp, word;

	reason_registers_read(&r, t->core);
	if (!r.has)
		return;
	for (size_t k = 0; k < r.count && kept < EXCEPTIONS; k++)
		if (is_exception(t, r.word[k])) {
			keep_exception(t, r.word[k]);
			kept++;
		}
	sp = r.sp;
	for (uint64_t at = 0; at < LOOKED_AT && kept < EXCEPTIONS; at += w) {
		if (sp > UINT64_MAX - LOOKED_AT || !read_word(t, sp + at, &word))
			break;
		if (!is_exception(t, word))
			continue;
		keep_exception(t, word);
		kept++;
	}
}

/* Whether struct abort_msg_s may be at an address: the size of its mapping, which it begins, then text. */
static int
is_message(const struct reason_said *t, uint64_t at)
{
	uint8_t b[12];
	uint64_t size;

	if (at < LEAST_PAGE || at % LEAST_PAGE != 0 || read_at(t, at, b, sizeof(b)) != sizeof(b))
		return 0;
	size = core_number(t->core, b, 4);
	if (size == 0 || size > MESSAGE || size % LEAST_PAGE != 0)
		return 0;
	for (size_t i = 4; i < sizeof(b) && b[i] != '\0' && b[i] != '\n'; i++)
		if (b[i] < ' ' || b[i] > '~')
			return 0;
	return b[4] != '\0';
}

/* Keeps the message that a word of [start, end) leads to. */
static void
keep_message(const struct reason_said *t, uint64_t start, uint64_t end)
{
	uint8_t b[LEAST_PAGE];
	size_t w = elf_word_size(t->core->is64), n;
	uint64_t word;

	for (; start < end; start += n - n % w) {
		n = end - start < sizeof(b) ? (size_t)(end - start) : sizeof(b);
		if ((n = read_at(t, start, b, n)) < w)
			return;
		for (size_t i = 0; i + w <= n; i += w) {
			word = core_number(t->core, b + i, w);
			if (word % LEAST_PAGE == 0 && is_message(t, word))
				t->keep(t->arg, word, word + TEXT);
		}
	}
}

/* Whether glibc's data may be in a file's mapping: in its own, or in that of a program that has it inside. */
static int
may_be_libc(const struct reason_said *t, const struct core_file *f)
{
	const char *slash = strrchr(f->path, '/');

	return f == t->core->exe || strncmp(slash != NULL ? slash + 1 : f->path, "libc", 4) == 0;
}

void
reason_said(const struct reason_said *t)
{
	const struct core_file *f, *last = NULL;

	if (t->core->signal != SIGABRT)
		return;
	keep_exceptions(t);
	for (size_t i = 0; i < t->core->maps; i++) {
		const struct core_map *m = &t->core->map[i];

		/* The mapping right behind a file is its .bss. */
		f = core_files_at(&t->core->files, m->start);
		if (f == NULL && last != NULL && m->start == last->end)
			f = last;
		last = f;
		if (f != NULL && (m->flags & PF_W) && m->len <= DATA && may_be_libc(t, f))
			keep_message(t, m->start, m->start + m->len);
	}
}
