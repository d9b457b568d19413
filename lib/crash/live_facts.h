/*
 * The first lines of a record: what the process and the kernel say while the process is still held.
 */
#ifndef GZCORE_CRASH_LIVE_FACTS_H
#define GZCORE_CRASH_LIVE_FACTS_H

#include <stdio.h>

#include "crash/kernel_words.h"

struct live_facts {
	char *lines;		/* KEY=VALUE */
	char *environment;	/* lines env= and env_left_out=; "" when not asked for */
};

/*
 * Asks the process, when its pidfd or its user can tell whether the number is still its own; else,
 * or when it does not answer, only the kernel's words are there.  Messages, each "pid N: …", go to
 * *log as lines log=TEXT.  Returns 0, or -1 with errno: memory.  live_facts_free frees what is in
 * it.
 */
int live_facts_read(struct live_facts *f, const struct kernel_words *w, int environment, FILE *log);
void live_facts_free(struct live_facts *f);

#endif
