#include "elf/id.h"

#include <ar.h>
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "elf/file.h"
#include "elf/layout.h"

const char *
elf_id_words(enum elf_id_status status)
{
	switch (status) {
	case ELF_ID_CUT:
		return "cut short: its section headers are past its end";
	case ELF_ID_TOO_MANY:
		return "malformed ELF file: more sections, segments or names than a program has";
	case ELF_ID_MALFORMED:
		return "malformed ELF file";
	case ELF_ID_TOO_LONG:
		return "a section that is too long";
	case ELF_ID_NOT_ELF:
		return "not an ELF file";
	case ELF_ID_ARCHIVE:
		return "an archive in an archive: its members are not read";
	case ELF_ID_ABSENT:
		return "listed in the thin archive, and cannot be opened";
	case ELF_ID_SYSTEM:
		return "system error";
	case ELF_ID_OK:
		break;
	}
	return "well";
}

/* One for each thread, as errno: a status alone has no room for words. */
static _Thread_local const char *malformed = "";

const char *
elf_id_error(void)
{
	return malformed;
}

enum elf_id_status
elf_id_malformed(const char *why)
{
	malformed = why;
	return ELF_ID_MALFORMED;
}

const char *
elf_id_why(enum elf_id_status status, char text[ELF_ID_WHY])
{
	const char *said = elf_id_words(status);

	switch (status) {
	case ELF_ID_ABSENT:
		/* As elf_id_archive and io_open_regular leave it. */
		snprintf(text, ELF_ID_WHY, "listed in the thin archive: %s",
		    errno == 0 ? "only an archive with a name has files beside it" :
		    errno == EINVAL ? "not a regular file" : strerror(errno));
		break;
	case ELF_ID_MALFORMED:
		snprintf(text, ELF_ID_WHY, "%s: %s", said, elf_id_error());
		break;
	default:
		snprintf(text, ELF_ID_WHY, "%s", status == ELF_ID_SYSTEM ? strerror(errno) : said);
	}
	return text;
}

enum elf_id_kind
elf_id_kind(const uint8_t *b, size_t n)
{
	uint64_t type;

	if (n >= SARMAG && (memcmp(b, ARMAG, SARMAG) == 0 || memcmp(b, "!<thin>\n", SARMAG) == 0))
		return ELF_ID_KIND_ARCHIVE;
	if (n >= 2 && b[0] == 0x1f && b[1] == 0x8b)
		return ELF_ID_KIND_GZIP;
	if (n < SELFMAG || memcmp(b, ELFMAG, SELFMAG) != 0)
		return ELF_ID_KIND_OTHER;
	if (n < ELF_ID_KIND_LEN)
		return ELF_ID_KIND_ELF;
	type = elf_number(b + offsetof(Elf64_Ehdr, e_type), 2, b[EI_DATA] == ELFDATA2MSB);
	return type == ET_CORE ? ELF_ID_KIND_CORE : ELF_ID_KIND_ELF;
}

int
elf_id_spool(int fd)
{
	uint8_t magic[ELF_ID_KIND_LEN];
	ssize_t n = io_read(fd, magic, sizeof(magic));
	int tmp;

	if (n < 0)
		return -1;
	if (elf_id_kind(magic, (size_t)n) == ELF_ID_KIND_OTHER) {
		errno = ENOEXEC;
		return -1;
	}
	if ((tmp = io_tmpfile()) < 0)
		return -1;
	if (io_write(tmp, magic, (size_t)n) < 0 || io_copy(fd, tmp) != 0) {
		int saved = errno;

		io_close(tmp);
		errno = saved;
		return -1;
	}
	return tmp;
}

static size_t
format_uuid(char *text, const uint8_t *u)
{
	char buf[37];

	snprintf(buf, sizeof(buf),
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	    u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
	    u[13], u[14], u[15]);
	memcpy(text, buf, sizeof(buf));
	return 36;
}

static int
printable(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return 0;
	return 1;
}

/* Puts the text into lower case if it is the 36 characters of a UUID. */
static void
lower_uuid(char *text, size_t n)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	static const char digits[] = "0123456789abcdefABCDEF";

	if (n != 36)
		return;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '-' ? text[i] != '-' : strchr(digits, text[i]) == NULL)
			return;
	for (size_t i = 0; i < n; i++)
		if (text[i] >= 'A' && text[i] <= 'F')
			text[i] = (char)(text[i] - 'A' + 'a');
}

size_t
elf_id_uuid(const struct elf_id *id, char text[ELF_ID_TEXT_MAX], const char **from)
{
	size_t n = id->section_len;

	text[0] = '\0';
	*from = "section";
	while (n > 0 && (id->section[n - 1] == '\0' ||
	    strchr(" \t\r\n", id->section[n - 1]) != NULL))
		n--;
	if (id->section_len == ELF_ID_UUID && (n == 0 || !printable(id->section, n)))
		return format_uuid(text, id->section);
	if (n > 0 && n < ELF_ID_TEXT_MAX) {
		memcpy(text, id->section, n);
		text[n] = '\0';
		lower_uuid(text, n);
		return n;
	}
	if (!id->has_note)
		return 0;
	*from = "note";
	return format_uuid(text, id->note);
}

size_t
elf_id_build_id(const struct elf_id *id, char text[2 * ELF_ID_BUILD_ID_MAX + 1])
{
	for (size_t i = 0; i < id->build_id_len; i++)
		snprintf(text + 2 * i, 3, "%02x", id->build_id[i]);
	text[2 * id->build_id_len] = '\0';
	return 2 * id->build_id_len;
}
