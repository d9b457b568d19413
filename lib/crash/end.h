/* The end of a record: what the stages said of the core, and what became of its files. */
#ifndef GZCORE_CRASH_END_H
#define GZCORE_CRASH_END_H

#include <stdio.h>

#include "crash/record_file.h"

/* The most lines that are logged of what stages say. */
#define END_LOGGED 20
/* The most bytes of such a line that count, before they are escaped. */
#define END_LINE 500
/* The most modules that a record lists, lines. */
#define END_MODULES 1000
/* The most bytes of facts that are kept. */
#define END_FACTS (1u << 20)

struct end_options {
	const char *dir, *name;		/* of the record: DIR/NAME.txt */
	const char *suffix;		/* of its files, without the dot */
	char *live;			/* the lines that it began with */
	char *environment;		/* lines env=…, and env_left_out= */
	struct record_owner owner;
	int small;			/* small cores are stored */
	const char *small_why;		/* why the small one alone is stored, or NULL */
	const char *loop_count;		/* the crashes beyond the most, or NULL */
	const char *object;		/* where the full one was sent to, or NULL */
	int with_private;		/* the record has private keys */
	int stack;			/* will be looked for, when there is a file and no loop */
	int errors;			/* the most lines of errors that the record has */
};

/*
 * Takes live and environment, which the caller frees, from what begin printed of the record: lines,
 * and behind an empty line those of the environment.  Returns 0, or -1 with errno: memory.
 */
int end_read_begun(struct end_options *o, const char *text);

/* What the stages have said. */
struct said {
	FILE *facts, *modules, *errors;	/* open_memstream(3) */
	char *facts_text, *modules_text, *errors_text;
	size_t facts_size, modules_size, errors_size;
	int logged, recorded, listed;
	unsigned long left_out;		/* lines that are not logged */
	int status;			/* of core-store; -1: it did not say */
	char log[5 * END_LINE + 1];
};

/* 0, or -1 with errno: memory.  To be ended by said_free. */
int said_open(struct said *s);

/*
 * Takes the lines, up to a NULL, then those of in: facts of core-info's, error= and status= of
 * core-store's, and messages. It stops at status=: a stage may have left a process that keeps in
 * open.  Messages go to the stream to as lines log=TEXT, at once.
 */
void said_listen(struct said *s, const struct end_options *o, char **lines, FILE *in, FILE *to);
void said_free(struct said *s);

struct ended {
	int status;			/* of core-store: 0, 1, or 2 */
	const char *stored;		/* whole, partial or no */
	int sent;			/* all of the object was sent */
	int complete;
	char bytes[24];			/* of the core, "" when it is not known */
	char *file, *small_file;	/* their names in the directory, or NULL */
	int pending;			/* the record says that the stack is to come */
	char *lines;			/* the record without environment and modules */
	int replaced;			/* the record was; else its end was appended */
	int error;			/* else why not */
};

/*
 * Replaces the record by the finished one.  Returns 0, or -1 with errno: memory.  ended_free frees
 * what is in e.
 */
int end_record(struct ended *e, const struct end_options *o, struct said *s);
void ended_free(struct ended *e);

#endif
