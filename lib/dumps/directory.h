/*
 * What is stored in a directory: the records NAME.txt of gzcoredump(8), each with its NAME.SUFFIX or
 * NAME.SUFFIX.partial, and its small core NAME.small.SUFFIX (core-trim(1)).  Nothing in the directory is trusted, and
 * what is not ours is left alone.
 */
#ifndef GZCORE_DUMPS_DIRECTORY_H
#define GZCORE_DUMPS_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The longest record that is read, bytes: longer ones are no records. */
#define DUMPS_RECORD (16u * 1024 * 1024)

/*
 * At most so many bytes of records are read from a directory that belongs neither to root nor to us: its owner could
 * otherwise use up our memory and time, even with many links to one file.  Records beyond that are left alone.
 */
#define DUMPS_OF_OTHERS (64u * 1024 * 1024)

/* The longest name of a dump or its file, with the number of a user before it, bytes. */
#define DUMPS_NAME 512
/* How long a record without an end or a mark (store/in_use.h) is taken for one that is being written, seconds. */
#define DUMPS_FRESH 10

/* For so many seconds a record is believed that says pending=: no handler lives longer. */
#define DUMPS_PENDING 600

enum dump_state {
	DUMP_WHOLE,	/* the file is whole, and so is the core */
	DUMP_CUT,	/* the file is whole, of a core that was cut short */
	DUMP_PARTIAL,	/* a part of the file */
	DUMP_NONE,	/* the record alone */
	DUMP_OPEN,	/* being written */
	DUMP_GONE,	/* the record tells of a file that is not there */
	/* nobody is writing it any more; there may be a file, a whole one or a part */
	DUMP_LOST,
	DUMP_SMALL	/* the small core alone */
};

/* Strings are escaped as in the record, and "" when it has none. */
struct dump {
	char *name;		/* without .txt; bytes of any kind, at most DUMPS_NAME of them */
	char *file;		/* the name of the stored file, or NULL */
	uint64_t size;		/* of that, bytes; 0 when there is none */
	/* the name of the small core's file, a part of one where there is no more, or NULL */
	char *small;
	uint64_t small_size;	/* as size */
	/* what becomes free when they go, bytes: the sizes, but for what a user may have made */
	uint64_t disk, small_disk;
	uint64_t record_size;	/* of the record, bytes */
	enum dump_state state;
	char *record;		/* its text, each newline a NUL, to which these point */
	size_t record_len;	/* of that, bytes */
	const char *time, *comm, *signame, *uid, *uuid, *build_id, *fingerprint, *exe, *pid, *bytes,
	    *host, *reason;
	const char *container_owner, *fingerprint_version, *where;
	/* small=, what became of the small core, and its size then */
	const char *small_kept, *small_bytes;
	/* Where it is elsewhere: see core-forward(8). */
	const char *object, *object_whole, *sent, *small_object, *small_sent, *on_request;
	int pending;		/* its handler will soon replace the record once more */
};

struct dumps {
	size_t count, room;
	struct dump *dump;
};

/*
 * Reads the records of the directory fd, which stays the caller's, into d, all zeros before: newest first, of
 * one second those whose name sorts last by strverscmp(3).  Returns 0, or -1 with errno; dumps_free frees what is in d.
 */
int dumps_read(struct dumps *d, int fd, int flags);
/*
 * Those of its directories of users too: sub-directories whose names are the numbers of users, as far as they may be
 * read.  Names and files are UID/NAME then.  Where the directory itself may not be listed: that of
 * our own user alone.
 */
#define DUMPS_USERS 1

/* Opens a directory for dumps_read, one that may not be listed too.  Returns a descriptor, or -1 with errno. */
int dumps_open(const char *path);

/*
 * The dump of that name, or whose file has that name, be it the small core's, or NULL; "last" is the newest one that
 * has a file.  It stays d's.
 */
const struct dump *dumps_find(const struct dumps *d, const char *name);

/*
 * Which file of a dump is to be read: the full one, unless there is none, or only a part of it or of the core, which
 * has lost the stacks as like as not, and a whole small core.  NULL: there is no file.
 */
const char *dump_choice(const struct dump *d);

/*
 * Opens a file of a dump of the directory fd, its file or its small, following no link.  Returns a descriptor, which
 * the caller closes, or -1 with errno.
 */
int dumps_open_file(int fd, const char *file);

void dumps_free(struct dumps *d);

/* Whether it is to be sent elsewhere: it is finished, and not sent yet, or its small core alone. */
int dump_waits(const struct dump *d);

/* The state in a word. */
const char *dump_words(enum dump_state state);

#endif
