/*
 * Reading a Linux core dump (core(5), gABI chapters 4 and 5, kernel fs/binfmt_elf.c) without
 * holding it: the parser says which bytes it wants to see, and the caller shows them.  A stream is
 * shown in order.  A file can be sought, so notes behind the memory, where gdb's gcore writes
 * them, still tell where in the file the parser looks next.
 */
#ifndef GZCORE_CORE_H
#define GZCORE_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "core/files.h"
#include "elf/id.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes of a note that are held. */
#define CORE_NOTE_HELD 1024
/*
 * The note that core-trim(1) puts into a small core, and core-capture(1) into one without its
 * holes: text, lines of the form KEY=VALUE.  readelf and gdb tell notes by their type alone,
 * whatever the owner is, so nobody else has this type.
 */
#define CORE_SMALL_OWNER "gzcore"
#define CORE_SMALL_NOTE 0x677a6302u
/* The most of a module's image that is held, bytes: its headers and its notes. */
#define CORE_IMAGE_HELD 65536
/*
 * The most note segments, loaded segments and threads that are remembered; the kernel makes one of
 * notes.
 */
#define CORE_NOTES 16
#define CORE_LOADS 131072
#define CORE_THREADS 131072
/* The most bytes of a thread's registers that are held. */
#define CORE_REGISTERS 512
/* The most program headers that are read: far more than vm.max_map_count is ever set to. */
#define CORE_SEGMENTS (4u * 1024 * 1024)

/* Some bytes of the core. */
struct core_range {
	uint64_t offset, len;
	uint64_t done;	/* how many of them have been shown */
};

struct core_load {
	uint64_t offset, len, vaddr;
};

/* A mapping of the process by its program header, also where none of it was written. */
struct core_map {
	uint64_t start, len;
	uint32_t flags;		/* PF_R, PF_W, PF_X */
};

struct core_thread {
	uint32_t tid;
	uint32_t signal;	/* pr_cursig: of this thread, or 0 */
	char name[16];		/* of a living process only, else "" */
};

/* siginfo_t, sigaction(2). */
struct core_siginfo {
	uint32_t signal;
	int32_t code;
	int has_address;	/* of a fault; else who sent it */
	uint64_t address;
	uint32_t pid, uid;
	/* SIGSYS: the system call, its AUDIT_ARCH_ (else 0), and its address */
	int32_t call;
	uint32_t call_arch;
	uint64_t call_address;
};

/* The facts so far; a number that has no "has" beside it is 0 while it is not known. */
struct core {
	/*
	 * Why it is no core, or not all of it could be read, else NULL; that it is no core is known
	 * once it has ended.
	 */
	const char *bad;
	int is_core;		/* an ELF core of a class and version that we know */
	int is64, big;		/* its class and byte order */
	uint64_t promised;	/* bytes, by its headers: where it ends when nothing is missing */
	unsigned machine;	/* e_machine */
	uint64_t threads;	/* NT_PRSTATUS notes; the first is of the thread that crashed */
	struct core_thread *thread;	/* thread_count of them, at most CORE_THREADS */
	size_t thread_count;
	int has_psinfo, has_signal, has_siginfo, has_secure;
	int secure;		/* AT_SECURE: it was started with more rights than its user had */
	uint32_t signal, pid, uid, gid;
	char comm[17], args[81];
	struct core_siginfo siginfo;
	/* registers_len bytes of pr_reg of the first thread, in the core's byte order */
	uint8_t registers[CORE_REGISTERS];
	size_t registers_len;
	struct core_files files;
	const struct core_file *exe;	/* one of files, or NULL when not known */
	/* the segments that have bytes: by address once the notes have been seen */
	struct core_load *load;
	size_t loads;
	int loads_cut;		/* there are more than CORE_LOADS */
	/* what was mapped, at most CORE_LOADS of it: by address once the notes have been seen */
	struct core_map *map;
	size_t maps;
	/* trim_len bytes of the last note of core-trim(1): see core_small.h */
	char trim[CORE_NOTE_HELD];
	size_t trim_len;
	/* The caller's, or NULL: gives the files when the notes have come without NT_FILE. */
	void (*ask_files)(void *arg, struct core_files *f);
	void *ask_arg;

	/* Where its headers are, for what reads them again. */
	struct core_range table, note[CORE_NOTES];	/* the program headers; segments of notes */
	int notes;
	uint64_t segments;		/* program headers read so far */
	/* PN_XNUM: the table's length is a guess, until a segment bounds it */
	int many;
	/* the notes have been seen: the files' first bytes are known */
	int resolved;
	uint64_t phdr_at, vdso_at;	/* AT_PHDR, AT_SYSINFO_EHDR */
	/* NT_AUXV, auxv_len bytes in the core's byte order; 0: none, or longer than this */
	uint8_t auxv[CORE_NOTE_HELD];
	size_t auxv_len;

	struct core_parser *parser;	/* the parser's own */
};

void core_open(struct core *c);
void core_close(struct core *c);

/*
 * The first range that is wanted at or after offset at.  Returns 1 and the range, or 0 when
 * nothing more is wanted there.
 */
int core_next(const struct core *c, uint64_t at, uint64_t *offset, uint64_t *len);

/*
 * Shows n bytes from offset, which is one that core_next named.  Returns how many were taken of
 * them, at least 1: more may be wanted at once.
 */
size_t core_feed(struct core *c, uint64_t offset, const uint8_t *bytes, size_t n);

/*
 * Shows bytes from offset at of a stream to the parser, those that it wants of headers and notes.
 */
void core_show(struct core *c, uint64_t at, const uint8_t *bytes, size_t n);

/*
 * Where headers and notes end, once all program headers have been seen; 0 when notes come behind
 * memory.
 */
uint64_t core_head_end(const struct core *c);

/* Gives up the range at offset: the input ends before it. */
void core_drop(struct core *c, uint64_t offset);

/* Adds a thread that no note tells of.  Returns it, or NULL when there is no room. */
struct core_thread *core_add_thread(struct core *c, uint32_t tid);

/* A number of n bytes, at most 8, in the core's byte order. */
uint64_t core_number(const struct core *c, const uint8_t *p, size_t n);

/* The same the other way: writes it to p[n]. */
void core_number_put(const struct core *c, uint8_t *p, size_t n, uint64_t value);

/*
 * Where pr_pid is in struct elf_prstatus (include/linux/elfcore.h), behind a short and two masks:
 * the processor says how those are aligned.
 */
size_t core_status_pid(const struct core *c);

/* The segment that has the byte of an address, or NULL, once the notes have been seen. */
const struct core_load *core_load_at(const struct core *c, uint64_t address);

/* The mapping at an address, or NULL, once the notes have been seen. */
const struct core_map *core_map_at(const struct core *c, uint64_t address);

/*
 * The input has ended: what is there of the image that was coming is looked at; bad says why it is
 * no core.
 */
void core_end(struct core *c);

#ifdef __cplusplus
}
#endif

#endif
