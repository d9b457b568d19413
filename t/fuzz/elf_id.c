/*
 * Fuzz target: the identity of an ELF file, of the members of an archive, and of an image in memory.  What was found
 * fits its bounds; a file without sections and its image in memory have the same notes.
 */
#include <stdlib.h>
#include <string.h>

#include "elf/file.h"
#include "elf/id.h"
#include "elf/layout.h"
#include "target.h"

static void
check_id(const struct elf_id *id)
{
	char text[ELF_ID_TEXT_MAX], hex[2 * ELF_ID_BUILD_ID_MAX + 1];
	const char *from;
	size_t n;

	MUST(id->section_len <= ELF_ID_SECTION_MAX && id->build_id_len <= ELF_ID_BUILD_ID_MAX);
	MUST(id->package_len <= ELF_ID_PACKAGE_MAX);
	n = elf_id_uuid(id, text, &from);
	MUST(n < ELF_ID_TEXT_MAX && text[n] == '\0');
	MUST(n == 0 || strcmp(from, "section") == 0 || id->has_note);
	n = elf_id_build_id(id, hex);
	MUST(n == 2 * id->build_id_len && strspn(hex, "0123456789abcdef") == n && hex[n] == '\0');
}

static void
check_member(void *arg, const char *name, enum elf_id_status status, const struct elf_id *id)
{
	++*(size_t *)arg;
	MUST(name != NULL && *elf_id_words(status) != '\0');
	if (status == ELF_ID_OK)
		check_id(id);
}

static int
same_notes(const struct elf_id *a, const struct elf_id *b)
{
	return a->build_id_len == b->build_id_len && a->has_note == b->has_note &&
	    a->package_len == b->package_len &&
	    memcmp(a->build_id, b->build_id, a->build_id_len) == 0 &&
	    memcmp(a->note, b->note, a->has_note ? ELF_ID_UUID : 0) == 0 &&
	    memcmp(a->package, b->package, a->package_len) == 0;
}

/* Takes the section headers out of a file, so that both ways of reading it have the program headers alone. */
static void
check_memory(const uint8_t *bytes, size_t len)
{
	int is64 = len > EI_CLASS && bytes[EI_CLASS] == ELFCLASS64;
	int big = len > EI_DATA && bytes[EI_DATA] == ELFDATA2MSB;
	enum elf_id_status in_file, in_memory;
	struct elf_id file, memory;
	uint8_t *copy;
	Elf64_Ehdr h;
	int fd;

	if (len < elf_header_size(ELF_EHDR, is64))
		return;
	MUST((copy = malloc(len)) != NULL);
	memcpy(copy, bytes, len);
	elf_ehdr_get(&h, copy, is64, big);
	h.e_shoff = 0;
	h.e_shnum = h.e_shstrndx = 0;
	/* More are counted by a section header. */
	if (h.e_phnum == PN_XNUM)
		h.e_phnum = 1;
	elf_ehdr_put(&h, copy, is64, big);
	fd = target_file(copy, len);
	in_file = elf_id_read(fd, ELF_ID_SECTION, &file);
	in_memory = elf_id_image(copy, len, &memory);
	target_close(fd);
	MUST(in_file == in_memory);
	if (in_file == ELF_ID_OK)
		MUST(file.section_len == 0 && same_notes(&file, &memory));
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = target_file(bytes, len);
	char why[ELF_ID_WHY];
	enum elf_id_status st;
	size_t members = 0;
	struct elf_id id;

	elf_id_kind(bytes, len);
	st = elf_id_read(fd, ELF_ID_SECTION, &id);
	MUST(st != ELF_ID_SYSTEM && elf_id_why(st, why) == why);
	MUST(memchr(why, '\0', sizeof(why)) != NULL);
	if (st != ELF_ID_NOT_ELF && st != ELF_ID_ARCHIVE)
		check_id(&id);
	st = elf_id_image(bytes, len, &id);
	MUST(st != ELF_ID_SYSTEM);
	if (st == ELF_ID_OK)
		check_id(&id);
	check_memory(bytes, len);
	st = elf_id_archive(fd, NULL, ELF_ID_SECTION, check_member, &members);
	MUST(st == ELF_ID_OK || st == ELF_ID_MALFORMED);
	/* The header of a member has 60 bytes. */
	MUST(members <= len / 60);
	target_close(fd);
	return 0;
}
