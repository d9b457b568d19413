#include "crash/loop_record.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/age.h"
#include "record/text.h"
#include "store/store.h"

/* The first key of the lines that are written anew with each crash: they end the record. */
#define FIRST_KEY "loop_count"
/* The room of those lines, bytes. */
#define COUNT_LINES 256
/* How many names are tried. */
#define TRIES 1000

int
loop_key_ok(const char *key)
{
	return *key != '\0' && strpbrk(key, "\t\n") == NULL;
}

int
loop_record_ok(const char *text)
{
	size_t n = strlen(text);

	return n >= 6 && n < LOOP_RECORD && strncmp(text, "uuid=", 5) == 0 && text[n - 1] == '\n';
}

/*
 * Puts the lines of the record that counts into text, without those that it ends with; "" when
 * there is none.
 */
static void
read_kept(int fd, const char *name, char *text)
{
	char file[NAME_MAX + 8];
	char *end;

	snprintf(file, sizeof(file), "%s.txt", name);
	if (*name == '\0' || strlen(file) > NAME_MAX ||
	    record_file_read(fd, file, text, LOOP_RECORD, NULL) < 0)
		*text = '\0';
	end = (char *)text_find(text, FIRST_KEY);
	*(end != NULL ? end : text) = '\0';
}

/* Stores a first record under a name of its own, which becomes l->name; 0, or -1 with errno. */
static int
put_first(struct loop *l, const char *dir, const char *name, const char *text,
    const struct record_owner *o)
{
	int rc = -1;

	for (int i = 0; i < TRIES; i++) {
		char end[16] = "";

		if (i > 0)
			snprintf(end, sizeof(end), "-%d", i);
		if (snprintf(l->name, sizeof(l->name), "%s%s", name, end) > NAME_MAX) {
			errno = ENAMETOOLONG;
			break;
		}
		if ((rc = record_file_put(dir, l->name, text, o, 0, STORE_SYNC)) == 0 ||
		    errno != EEXIST)
			break;
	}
	if (rc < 0)
		l->name[0] = '\0';
	return rc;
}

int
loop_record_count(struct loop *l, uint64_t beyond, const char *dir, int fd, const char *name,
    const char *text, const struct record_owner *o)
{
	char *record = malloc(LOOP_RECORD + COUNT_LINES), now[AGE_TIME] = "";
	int rc, first;

	if (record == NULL)
		return -1;
	read_kept(fd, l->name, record);
	first = *record == '\0';
	if (first)
		strcpy(record, text);
	age_ago("0s", now);
	sprintf(record + strlen(record),
	    FIRST_KEY "=%" PRIu64 "\nloop_last=%s\nstored=no\ncomplete=no\n", beyond, now);
	rc = first ? put_first(l, dir, name, record, o)
		   : record_file_put(dir, l->name, record, o, 0, STORE_SYNC | STORE_REPLACE);
	free(record);
	return rc;
}
