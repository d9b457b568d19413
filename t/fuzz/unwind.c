/*
 * Fuzz target: what a stack is followed and named by in an ELF file: descriptions of frames, symbols and sections.
 * Descriptions come from the file, and names end.
 */
#include <stdlib.h>
#include <string.h>

#include "elf/unwind.h"
#include "target.h"

#define ADDRESSES 16
#define SYMBOLS_MOST 100

struct seen {
	const uint64_t *at;
	size_t count;
};

static int
seen_symbol(void *arg, const Elf64_Sym *s, const char *name)
{
	struct seen *seen = arg;
	size_t i = 0;

	MUST(name[0] != '\0' && strlen(name) < ELF_UNWIND_NAME && s->st_size > 0);
	/* It has one of the addresses. */
	while (i < ADDRESSES && seen->at[i] - s->st_value >= s->st_size)
		i++;
	MUST(i < ADDRESSES);
	return ++seen->count == SYMBOLS_MOST;
}

static int
rises(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
check_entry(const struct elf_unwind_entry *e, const uint8_t *bytes, size_t len)
{
	MUST(e->len >= 8 && e->len <= sizeof(e->bytes) && e->len <= len);
	for (size_t at = 0; memcmp(bytes + at, e->bytes, e->len) != 0; at++)
		MUST(at < len - e->len);
}

static void
check_rows(struct elf_unwind *u, const uint8_t *bytes, size_t len, const uint64_t *at)
{
	static struct elf_unwind_entry fde, cie;
	uint64_t from;

	/* A row takes 8 bytes, of the file's table or of a description that is in it. */
	MUST(u->rows > 0 && u->rows <= len / 8);
	for (size_t i = 0; i < ADDRESSES; i++) {
		if (elf_unwind_row(u, at[i], &from) < 0)
			continue;
		MUST(from <= at[i]);
		if (elf_unwind_entry(u, from, &fde, &cie) == 0) {
			check_entry(&fde, bytes, len);
			check_entry(&cie, bytes, len);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = target_file(bytes, len);
	struct target_draw draw;
	uint64_t at[ADDRESSES];
	struct elf_file f;
	struct elf_unwind u;
	Elf64_Shdr s;

	target_draw_start(&draw, bytes, len);
	for (size_t i = 0; i < ADDRESSES; i++)
		at[i] = target_draw(&draw, i % 2 == 0 ? 0x3000 : 0x402000);
	qsort(at, ADDRESSES, sizeof(*at), rises);
	if (elf_file_open(&f, fd) == ELF_ID_OK) {
		struct seen seen = { .at = at };

		if (elf_unwind_open(&u, &f) == 0)
			check_rows(&u, bytes, len, at);
		elf_unwind_close(&u);
		elf_unwind_symbols(&f, at, ADDRESSES, seen_symbol, &seen);
		elf_unwind_section(&f, ".debug_frame", &s);
	}
	target_close(fd);
	return 0;
}
