/* What the kinds of processes are made with. */
#ifndef KINDS_H
#define KINDS_H

#include <stddef.h>

/* The exit status if the kernel or the machine lacks what a kind needs. */
#define REFUSED 77
/* Of coredump_filter: all that can be dumped. */
#define EVERYTHING 0x1ff

struct kind {
	const char *name;
	/* Makes the process what it shall be when it crashes; main crashes it afterwards. */
	void (*make)(void);
	/* For coredump_filter; with 0, the one that was inherited remains. */
	unsigned filter;
};

/* Each ends with a name of NULL. */
extern const struct kind memory_kinds[], rights_kinds[], file_kinds[], shared_kinds[], fault_kinds[],
	device_kinds[], process_kinds[];

/* Bytes of a page, and of a huge page. */
extern size_t page, huge;
/* What follows the kind's name, such as a path, or NULL. */
extern const char *operand;

/* Ends the process with REFUSED; the words go to standard error, with errno if it is not 0. */
_Noreturn void refuse(const char *what);
_Noreturn void crash(void);
/* Maps, or refuses.  fd is -1 for anonymous memory. */
char *map(size_t len, int rights, int flags, int fd);
char *map_private(size_t pages);
/*
 * PROT_EXEC; with PROT_READ where it would give memory a protection key alone, since of such a process all comes from
 * the stream.
 */
int only_executable(void);
/* Fills with bytes that differ from page to page. */
void fill(char *p, size_t len);
/* Fills one page in three, and reads one in three. */
void fill_some(char *p, size_t pages);
/* A new file of that many pages, filled; it keeps its name if it is to count as a file, not as shared memory. */
int new_file(size_t pages, int named);
/* A memfd of that many pages, of which the first ones are written by write(2). */
int new_memfd(size_t pages, size_t written, unsigned flags);
/* Returns in a child.  The parent waits for its end, unlinks the path unless it is NULL, and kills itself. */
void go_on_in_child(const char *path);

/* Some kinds are parts of others. */
void anonymous(void);
void shared_anonymous(void);
void files(void);
void huge_tables(void);

#endif
