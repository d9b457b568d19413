/*
 * The message that glibc keeps of why it aborts: __abort_msg, a pointer to struct abort_msg_s, which has the size of
 * what was mapped for it, 4 bytes, and the text.
 */
#include <string.h>

#include "reason/private.h"

/* What glibc itself says, which has no data of the program; the start of it. */
static const char *const known[] = {
	"double free or corruption (", "corrupted double-linked list",
	"corrupted size vs. prev_size", "corrupted unsorted chunks",
	"corrupted non-main arena", "free(): ", "malloc(): ", "malloc_consolidate(): ",
	"malloc_check_get_size: ", "munmap_chunk(): ", "mremap_chunk(): ", "realloc(): ",
	"sysmalloc: ", "calloc(): ", "invalid chunk size", "invalid size (unsorted)",
	"tcache_thread_shutdown(): ", "unaligned fastbin chunk detected",
	"unaligned tcache chunk detected", "unsorted double linked list corrupted",
	"break adjusted to free malloc space", "chunk_main_arena",
	"largebin double linked list corrupted", "*** stack smashing detected ***",
	"*** buffer overflow detected ***", "*** %n in writable segment detected ***",
	"*** invalid %N$ use detected ***", "*** longjmp causes uninitialized stack frame ***",
	"*** bit out of range 0 - FD_SETSIZE on fd_set ***",
	"The futex facility returned an unexpected error code.", "Fatal glibc error: ",
};

static int
is_known(const char *text)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strncmp(text, known[i], strlen(known[i])) == 0)
			return 1;
	return 0;
}

/* Reads the message into out->message; 0 when there is none. */
static int
read_message(struct reason_case *k)
{
	const struct reason_source *s = k->source;
	char *text = k->out->message;
	uint64_t at, message;
	uint8_t size[4];
	size_t n;

	if (s->symbol == NULL || !s->symbol(s->arg, "__abort_msg", &at) ||
	    !reason_word(k, at, &message) || message == 0 || !reason_read(k, message, size, 4) ||
	    core_number(k->core, size, 4) < 8)
		return 0;
	n = s->memory(s->arg, message + 4, text, REASON_MESSAGE - 1);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text[0] != '\0';
}

/*
 * "PROGRAM: FILE:LINE: FUNCTION: Assertion `EXPRESSION' failed.", of which the function may be absent and may have any
 * characters.
 */
static int
assertion(struct reason_case *k)
{
	static const char before[] = "Assertion `", after[] = "' failed.";
	const char *text = k->out->message, *from = strstr(text, before), *end, *line, *file, *name;
	size_t n = strlen(text), name_len = 0;

	if (from == NULL || n < strlen(after) || strcmp(text + n - strlen(after), after) != 0)
		return 0;
	end = text + n - strlen(after);
	/* The first ":DIGITS: " before it ends the file's name. */
	for (line = strchr(text, ':'); line != NULL && line < from; line = strchr(line + 1, ':')) {
		size_t digits = strspn(line + 1, "0123456789");

		if (digits > 0 && strncmp(line + 1 + digits, ": ", 2) == 0)
			break;
	}
	if (line == NULL || line >= from || from + strlen(before) > end)
		return 0;
	name = line + 1 + strspn(line + 1, "0123456789") + 2;
	if (name < from && from - name > 2)
		name_len = (size_t)(from - name) - 2;
	file = strstr(text, ": ");
	file = file != NULL && file < line ? file + 2 : text;
	for (const char *p = file; p < line; p++)
		if (*p == '/')
			file = p + 1;
	from += strlen(before);
	reason_say(k, "assertion `%.*s` failed: %.*s", (int)(end - from), from,
	    (int)(strspn(line + 1, "0123456789") + (size_t)(line + 1 - file)), file);
	if (name_len > 0)
		reason_say(k, " %.*s%s", (int)name_len, name,
		    memchr(name, '(', name_len) == NULL ? "()" : "");
	return 1;
}

int
reason_abort_message(struct reason_case *k)
{
	if (!read_message(k))
		return 0;
	if (is_known(k->out->message)) {
		reason_say(k, "abort after: %s", k->out->message);
		return 1;
	}
	return assertion(k);
}
