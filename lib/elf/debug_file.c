#define _XOPEN_SOURCE 700
#include "elf/debug_file.h"

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "elf/id.h"
#include "elf/layout.h"
#include "engine/engine.h"

#define PIECE (128u * 1024)

/*
 * The name of the debug file, and its CRC-32; -1 when there is none, or one that is no plain name.
 */
static int
read_link(int fd, char name[ELF_ID_TEXT_MAX], uint32_t *crc)
{
	const uint8_t *p;
	struct elf_id id;
	uint8_t ident[EI_NIDENT];
	size_t n;

	if (elf_id_read(fd, ".gnu_debuglink", &id) != ELF_ID_OK ||
	    io_pread(fd, ident, sizeof(ident), 0) < (ssize_t)sizeof(ident))
		return -1;
	/* The name, filled up to a multiple of 4, then the CRC in the file's byte order. */
	n = strnlen((const char *)id.section, id.section_len);
	if (n == 0 || n >= ELF_ID_TEXT_MAX || id.section_len < n / 4 * 4 + 8 ||
	    memchr(id.section, '/', n) != NULL)
		return -1;
	memcpy(name, id.section, n + 1);
	p = id.section + n / 4 * 4 + 4;
	*crc = (uint32_t)elf_number(p, 4, ident[EI_DATA] == ELFDATA2MSB);
	return 0;
}

static int
has_crc(int fd, uint32_t crc)
{
	uint8_t *buf = io_buffer(PIECE);
	uint32_t sum = 0;
	ssize_t n = -1;

	for (uint64_t at = 0; buf != NULL; at += (uint64_t)n) {
		if ((n = io_pread(fd, buf, PIECE, at)) <= 0)
			break;
		sum = engine_crc32(sum, buf, (size_t)n);
	}
	free(buf);
	return n == 0 && sum == crc;
}

int
elf_debug_open(int fd, const char *path)
{
	static const char *const form[] = { "%s/%s", "%s/.debug/%s", "/usr/lib/debug%s/%s" };
	char name[ELF_ID_TEXT_MAX], dir[PATH_MAX], file[PATH_MAX + ELF_ID_TEXT_MAX + 32];
	uint32_t crc;

	if (read_link(fd, name, &crc) < 0 || realpath(path, dir) == NULL)
		return -1;
	*strrchr(dir, '/') = '\0';
	for (size_t i = 0; i < sizeof(form) / sizeof(*form); i++) {
		int debug;

		snprintf(file, sizeof(file), form[i], dir, name);
		if ((debug = io_open_regular(file, 1)) < 0)
			continue;
		if (has_crc(debug, crc))
			return debug;
		io_close(debug);
	}
	return -1;
}
