/*
 * What the kernel says of a crash: the words of a core_pattern (core(5)), each a letter with its
 * value behind it.
 */
#ifndef GZCORE_CRASH_KERNEL_WORDS_H
#define GZCORE_CRASH_KERNEL_WORDS_H

#include <stdint.h>
#include <sys/types.h>

/* "" where the kernel did not say it, or said what cannot be. */
struct kernel_words {
	const char *pid, *tid, *uid;				/* P, I, u: numbers */
	const char *gid, *signal, *epoch, *limit, *dumpable;	/* g, s, t, c, d: digits */
	const char *host, *comm;				/* h, e: any bytes */
	const char *pidfd;					/* F: as pid */
};

/*
 * Reads words up to a NULL; the strings stay the caller's.  "e" ends them: older kernels make
 * several words of a name that has blanks.
 */
void kernel_words_read(struct kernel_words *w, char **words);

/* The number of such a word, or 0. */
uint32_t kernel_words_number(const char *text);

#endif
