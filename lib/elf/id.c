#include "elf/id.h"

#include <ar.h>
#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

/* The type of a note of package metadata, whose owner is FDO. */
#define PACKAGE_METADATA 0xcafe1a7e

/* The most bytes of notes that are looked at: a linker makes a few hundred, libelf holds them all. */
#define NOTES_MAX (4u * 1024 * 1024)

/*
 * libelf holds a record for each section, all program headers and all section names, however many a
 * file of holes claims: what has more than these is refused before it is asked.
 */
#define COUNT_MAX (512u * 1024)
#define NAMES_MAX (64u * 1024 * 1024)

static uint64_t
get(const uint8_t *p, size_t n, int big)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[big ? i : n - 1 - i];
	return v;
}

/*
 * Whether what libelf would hold of the file fd is within bounds; what is no ELF file is for libelf to say.
 */
static int
bounded(int fd)
{
	uint8_t eh[sizeof(Elf64_Ehdr)] = { 0 }, sh[sizeof(Elf64_Shdr)] = { 0 };
	int is64, big;
	uint64_t shoff, phnum, shnum, names;
	size_t entry, word;

	if (io_pread(fd, eh, sizeof(eh), 0) < (ssize_t)sizeof(Elf32_Ehdr) ||
	    memcmp(eh, ELFMAG, SELFMAG) != 0)
		return 1;
	is64 = eh[EI_CLASS] == ELFCLASS64;
	big = eh[EI_DATA] == ELFDATA2MSB;
	word = is64 ? 8 : 4;
	entry = is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	shoff = get(eh + (is64 ? 40 : 32), word, big);
	phnum = get(eh + (is64 ? 56 : 44), 2, big);
	shnum = get(eh + (is64 ? 60 : 48), 2, big);
	names = get(eh + (is64 ? 62 : 50), 2, big);
	if (shoff == 0)
		return phnum != PN_XNUM;
	/* gABI chapter 4: counts that do not fit stand in the first section header. */
	if (shoff > INT64_MAX || io_pread(fd, sh, entry, shoff) < (ssize_t)entry)
		return 1;
	if (shnum == 0 && get(sh + (is64 ? 32 : 20), word, big) > COUNT_MAX)
		return 0;
	if (phnum == PN_XNUM && get(sh + (is64 ? 44 : 28), 4, big) > COUNT_MAX)
		return 0;
	if (names == SHN_XINDEX)
		names = get(sh + (is64 ? 40 : 24), 4, big);
	if (names == SHN_UNDEF || names * entry > INT64_MAX - shoff ||
	    io_pread(fd, sh, entry, shoff + names * entry) < (ssize_t)entry)
		return 1;
	/* Compressed names would be inflated. */
	return get(sh + (is64 ? 32 : 20), word, big) <= NAMES_MAX &&
	    (get(sh + 8, word, big) & SHF_COMPRESSED) == 0;
}

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

const char *
elf_id_error(void)
{
	return elf_errmsg(-1);
}

const char *
elf_id_why(enum elf_id_status status, char text[ELF_ID_WHY])
{
	if (status == ELF_ID_ABSENT)
		/* As elf_id_archive and io_open_regular leave it. */
		snprintf(text, ELF_ID_WHY, "listed in the thin archive: %s", errno == 0 ?
		    "only an archive with a name has files beside it" : errno == EINVAL ? "not a regular file" : strerror(errno));
	else if (status == ELF_ID_MALFORMED)
		snprintf(text, ELF_ID_WHY, "%s: %s", elf_id_words(status), elf_id_error());
	else
		snprintf(text, ELF_ID_WHY, "%s", status == ELF_ID_SYSTEM ? strerror(errno) : elf_id_words(status));
	return text;
}

/* Looks through notes that libelf has brought into the host's byte order. */
static void
read_notes(Elf_Data *data, struct elf_id *id)
{
	size_t at = 0, name, desc;
	GElf_Nhdr n;

	while (data != NULL && (at = gelf_getnote(data, at, &n, &name, &desc)) > 0) {
		const char *owner = (const char *)data->d_buf + name;
		const uint8_t *bytes = (const uint8_t *)data->d_buf + desc;

		if (n.n_namesz == sizeof("GNU") && memcmp(owner, "GNU", sizeof("GNU")) == 0 &&
		    n.n_type == NT_GNU_BUILD_ID && n.n_descsz > 0 &&
		    n.n_descsz <= ELF_ID_BUILD_ID_MAX && id->build_id_len == 0) {
			memcpy(id->build_id, bytes, n.n_descsz);
			id->build_id_len = n.n_descsz;
		} else if (n.n_namesz == sizeof(ELF_ID_OWNER) &&
		    memcmp(owner, ELF_ID_OWNER, sizeof(ELF_ID_OWNER)) == 0 &&
		    n.n_type == ELF_ID_TYPE && n.n_descsz == ELF_ID_UUID && !id->has_note) {
			memcpy(id->note, bytes, ELF_ID_UUID);
			id->has_note = 1;
		} else if (n.n_namesz == sizeof("FDO") && memcmp(owner, "FDO", sizeof("FDO")) == 0 &&
		    n.n_type == PACKAGE_METADATA && id->package_len == 0 &&
		    n.n_descsz <= ELF_ID_PACKAGE_MAX) {
			id->package_len = strnlen((const char *)bytes, n.n_descsz);
			memcpy(id->package, bytes, id->package_len);
		}
	}
}

/* Notes by program headers: what a loaded image and a file without sections have. */
static void
read_segments(Elf *elf, struct elf_id *id, uint64_t *room)
{
	size_t count;
	GElf_Phdr ph;

	if (elf_getphdrnum(elf, &count) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (gelf_getphdr(elf, (int)i, &ph) == NULL)
			return;
		if (ph.p_type != PT_NOTE || ph.p_filesz == 0 || ph.p_filesz > *room ||
		    ph.p_offset > INT64_MAX)
			continue;
		*room -= ph.p_filesz;
		read_notes(elf_getdata_rawchunk(elf, (int64_t)ph.p_offset, (size_t)ph.p_filesz,
			       ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR),
		    id);
	}
}

static enum elf_id_status
read_section(Elf_Scn *scn, const GElf_Shdr *sh, struct elf_id *id)
{
	Elf_Data *data;

	if (sh->sh_type == SHT_NOBITS || sh->sh_size == 0)
		return ELF_ID_OK;
	if (sh->sh_size > ELF_ID_SECTION_MAX)
		return ELF_ID_TOO_LONG;
	if ((data = elf_rawdata(scn, NULL)) == NULL || data->d_size > ELF_ID_SECTION_MAX)
		return ELF_ID_MALFORMED;
	memcpy(id->section, data->d_buf, data->d_size);
	id->section_len = data->d_size;
	return ELF_ID_OK;
}

static enum elf_id_status
read_sections(Elf *elf, const char *section, struct elf_id *id, uint64_t *room)
{
	enum elf_id_status st = ELF_ID_OK;
	Elf_Scn *scn = NULL;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings) != 0)
		return ELF_ID_MALFORMED;
	while ((scn = elf_nextscn(elf, scn)) != NULL) {
		const char *name;
		GElf_Shdr sh;

		if (gelf_getshdr(scn, &sh) == NULL)
			return ELF_ID_MALFORMED;
		if (sh.sh_type == SHT_NOTE && sh.sh_size <= *room) {
			*room -= sh.sh_size;
			read_notes(elf_getdata(scn, NULL), id);
		}
		if (strings == SHN_UNDEF)
			continue;
		if ((name = elf_strptr(elf, strings, sh.sh_name)) == NULL)
			return ELF_ID_MALFORMED;
		if (strcmp(name, section) == 0 && id->section_len == 0 && st == ELF_ID_OK &&
		    (st = read_section(scn, &sh, id)) == ELF_ID_MALFORMED)
			break;
	}
	return st;
}

/* size: of the file, bytes. */
static enum elf_id_status
read_elf(Elf *elf, uint64_t size, const char *section, struct elf_id *id)
{
	enum elf_id_status st = ELF_ID_OK;
	uint64_t room = NOTES_MAX;
	GElf_Ehdr eh;
	size_t sections;

	memset(id, 0, sizeof(*id));
	if (elf == NULL)
		return ELF_ID_MALFORMED;
	if (elf_kind(elf) != ELF_K_ELF)
		return elf_kind(elf) == ELF_K_AR ? ELF_ID_ARCHIVE : ELF_ID_NOT_ELF;
	if (gelf_getehdr(elf, &eh) == NULL)
		return ELF_ID_MALFORMED;
	sections = eh.e_shnum;
	/* A number that does not fit stands in the first section header, which may be past the end itself. */
	if (eh.e_shoff > size || (sections == 0 && elf_getshdrnum(elf, &sections) != 0) ||
	    (uint64_t)sections * eh.e_shentsize > size - eh.e_shoff)
		st = ELF_ID_CUT;
	else if (section != NULL)
		st = read_sections(elf, section, id, &room);
	read_segments(elf, id, &room);
	return st;
}

enum elf_id_status
elf_id_read(int fd, const char *section, struct elf_id *id)
{
	enum elf_id_status st;
	off_t size = lseek(fd, 0, SEEK_END);
	Elf *elf;

	memset(id, 0, sizeof(*id));
	if (!bounded(fd))
		return ELF_ID_TOO_MANY;
	elf_version(EV_CURRENT);
	/* Not mapped: a file that another process cuts short would end us with SIGBUS. */
	elf = elf_begin(fd, ELF_C_READ, NULL);
	st = read_elf(elf, size < 0 ? 0 : (uint64_t)size, section, id);
	elf_end(elf);
	return st;
}

enum elf_id_kind
elf_id_kind(const uint8_t *b, size_t n)
{
	if (n >= SARMAG && (memcmp(b, ARMAG, SARMAG) == 0 || memcmp(b, "!<thin>\n", SARMAG) == 0))
		return ELF_ID_KIND_ARCHIVE;
	if (n >= 2 && b[0] == 0x1f && b[1] == 0x8b)
		return ELF_ID_KIND_GZIP;
	if (n < SELFMAG || memcmp(b, ELFMAG, SELFMAG) != 0)
		return ELF_ID_KIND_OTHER;
	return n >= ELF_ID_KIND_LEN && get(b + 16, 2, b[EI_DATA] == ELFDATA2MSB) == ET_CORE ? ELF_ID_KIND_CORE :
											    ELF_ID_KIND_ELF;
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

enum elf_id_status
elf_id_image(uint8_t *image, size_t len, struct elf_id *id)
{
	enum elf_id_status st;
	Elf *elf;

	/* The section headers are not in memory: the file header must not lead to them. */
	if (len >= sizeof(Elf64_Ehdr) && image[EI_CLASS] == ELFCLASS64) {
		Elf64_Ehdr *eh = (Elf64_Ehdr *)(void *)image;

		eh->e_shoff = 0;
		eh->e_shnum = eh->e_shstrndx = 0;
	} else if (len >= sizeof(Elf32_Ehdr) && image[EI_CLASS] == ELFCLASS32) {
		Elf32_Ehdr *eh = (Elf32_Ehdr *)(void *)image;

		eh->e_shoff = 0;
		eh->e_shnum = eh->e_shstrndx = 0;
	}
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)image, len);
	st = read_elf(elf, len, NULL, id);
	elf_end(elf);
	return st;
}

static size_t
format_uuid(char *text, const uint8_t *u)
{
	char buf[37];

	snprintf(buf, sizeof(buf),
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2],
	    u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
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

	if (n != 36)
		return;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '-' ? text[i] != '-' : strchr("0123456789abcdefABCDEF", text[i]) == NULL)
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
	while (n > 0 && (id->section[n - 1] == '\0' || strchr(" \t\r\n", id->section[n - 1]) != NULL))
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
