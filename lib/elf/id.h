/*
 * The identity of an ELF file: what its .uuid section, its .note.uuid and its GNU build-id say.
 * Both classes and both byte orders; nothing that the file says is trusted.
 */
#ifndef GZCORE_ELF_ID_H
#define GZCORE_ELF_ID_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The section that objcopy adds: 36 characters of text, 16 raw bytes, or any short text. */
#define ELF_ID_SECTION ".uuid"
/* The note: owner (its size with the terminator) and type; its descriptor is 16 bytes. */
#define ELF_ID_OWNER "gzcore"
#define ELF_ID_TYPE 1
#define ELF_ID_UUID 16

/* The most bytes of a section that are kept, and of a build-id (SHA-512 has 64). */
#define ELF_ID_SECTION_MAX 4096
#define ELF_ID_BUILD_ID_MAX 64
/* The most bytes of package metadata that are kept. */
#define ELF_ID_PACKAGE_MAX 1024
/* The longest text that is an identity, bytes with the terminator. */
#define ELF_ID_TEXT_MAX 257

struct elf_id {
	uint8_t section[ELF_ID_SECTION_MAX];
	size_t section_len;		/* 0: no such section, or it is empty */
	uint8_t note[ELF_ID_UUID];
	int has_note;
	uint8_t build_id[ELF_ID_BUILD_ID_MAX];
	size_t build_id_len;		/* 0: none */
	/* JSON of .note.package: systemd's "Package metadata for ELF files" */
	char package[ELF_ID_PACKAGE_MAX];
	size_t package_len;
};

enum elf_id_status {
	ELF_ID_OK,		/* it is ELF, and what identity it has is there */
	ELF_ID_NOT_ELF,
	ELF_ID_ARCHIVE,		/* an archive, whose members have one each */
	ELF_ID_CUT,		/* its section headers are past its end */
	ELF_ID_TOO_MANY,	/* more sections, segments or section names than a program has */
	ELF_ID_MALFORMED,	/* elf_id_error says how */
	ELF_ID_TOO_LONG,	/* the section has more than ELF_ID_SECTION_MAX bytes */
	ELF_ID_ABSENT,		/* a thin archive's member, whose file cannot be opened */
	ELF_ID_SYSTEM		/* errno */
};

/* What the first n bytes of a file, best ELF_ID_KIND_LEN, say that it is. */
#define ELF_ID_KIND_LEN 18u
enum elf_id_kind { ELF_ID_KIND_OTHER, ELF_ID_KIND_ELF, ELF_ID_KIND_CORE, ELF_ID_KIND_ARCHIVE,
    ELF_ID_KIND_GZIP };
enum elf_id_kind elf_id_kind(const uint8_t *bytes, size_t n);

/*
 * A seekable copy of what is left of a stream, a file without a name, which the caller closes; -1
 * with errno, ENOEXEC when it does not start as what we read.
 */
int elf_id_spool(int fd);

/* What is wrong, for a message: "not an ELF file". */
const char *elf_id_words(enum elf_id_status status);

/*
 * The same with what elf_id_error or the system says of the failure that has just been, in text,
 * which is returned.
 */
#define ELF_ID_WHY 200
const char *elf_id_why(enum elf_id_status status, char text[ELF_ID_WHY]);

/* How the last file that was malformed is so, of those that this thread read. */
const char *elf_id_error(void);

/*
 * Reads the identity from fd, which must be seekable; section is the name of its section.  What
 * was found before something was amiss is there too.
 */
enum elf_id_status elf_id_read(int fd, const char *section, struct elf_id *id);

/*
 * Reads the identity of each member of the archive fd, and gives it to each, with the member's
 * name, which is escaped nowhere; of what is no ELF file too, as ELF_ID_NOT_ELF, or ELF_ID_ARCHIVE,
 * whose members are not read.  Names are those of GNU, System V and BSD.  A thin archive's members
 * are files beside path, where the archive is.  One that cannot be opened is ELF_ID_ABSENT, with
 * errno, which is 0 when path is NULL.  Returns ELF_ID_OK, ELF_ID_MALFORMED when the archive itself
 * is, or ELF_ID_SYSTEM with errno.
 */
enum elf_id_status elf_id_archive(int fd, const char *path, const char *section,
    void (*each)(void *arg, const char *name, enum elf_id_status status, const struct elf_id *id),
    void *arg);

/*
 * As elf_id_read, from the first len bytes of a file's image in memory: of the notes only, as far
 * as the program headers lead to them there.
 */
enum elf_id_status elf_id_image(const uint8_t *image, size_t len, struct elf_id *id);

/*
 * The identity of the section or of the note as text, terminated: a UUID in lower case (RFC 9562
 * section 4), or what the text in the section is, any bytes, less its last white space.  Returns
 * its length; 0 when there is none.  *from is "section" or "note".
 */
size_t elf_id_uuid(const struct elf_id *id, char text[ELF_ID_TEXT_MAX], const char **from);

/* The build-id in hexadecimal, terminated.  Returns its length; 0 when there is none. */
size_t elf_id_build_id(const struct elf_id *id, char text[2 * ELF_ID_BUILD_ID_MAX + 1]);

#ifdef __cplusplus
}
#endif

#endif
