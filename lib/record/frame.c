#include "record/frame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/record.h"

#define DIGITS "0123456789"
#define HEX DIGITS "abcdef"
/* The most parts of a line behind the address. */
#define PARTS 5
/* The most of a function's and of a file's name in a few words, which fit FRAME_WHERE together. */
#define NAME 120
#define FILE_NAME 80

/* Whether the part is of these characters alone. */
static int
is_of(struct frame_text p, const char *characters)
{
	for (size_t i = 0; i < p.len; i++)
		if (p.text[i] == '\0' || strchr(characters, p.text[i]) == NULL)
			return 0;
	return p.len > 0;
}

static int
is(struct frame_text p, const char *word)
{
	return p.len == strlen(word) && memcmp(p.text, word, p.len) == 0;
}

static struct frame_text
behind(struct frame_text p, size_t n)
{
	return (struct frame_text){ .text = p.text + n, .len = p.len - n };
}

/* Whether it is an address, "0x" and digits. */
static int
is_hex(struct frame_text p)
{
	return p.len > 2 && memcmp(p.text, "0x", 2) == 0 && is_of(behind(p, 2), HEX);
}

/* Splits at the last such character; 0 when there is none, or nothing before it. */
static int
split(struct frame_text p, char at, struct frame_text *before, struct frame_text *after)
{
	for (size_t i = p.len; i-- > 1;)
		if (p.text[i] == at) {
			*after = behind(p, i + 1);
			*before = (struct frame_text){ .text = p.text, .len = i };
			return 1;
		}
	return 0;
}

/* NAME+0xOFFSET. */
static int
take_place(struct frame_text p, struct frame_text *name, struct frame_text *offset)
{
	struct frame_text before, after;

	if (!split(p, '+', &before, &after) || !is_hex(after))
		return 0;
	*name = before;
	*offset = after;
	return 1;
}

static int
take_line(struct frame_text p, struct frame *f)
{
	struct frame_text before, after;

	if (!split(p, ':', &before, &after) || !is_of(after, DIGITS) || after.len > 9)
		return 0;
	f->file = before;
	f->line = after;
	return 1;
}

/* The function's part; the last one may be the module's. */
static int
take_function(struct frame_text p, struct frame *f)
{
	static const char mark[] = " [inlined]";
	size_t n = sizeof(mark) - 1;

	if (is(p, mark + 1)) {
		f->inlined = 1;
		return 1;
	}
	if (p.len > n && memcmp(p.text + p.len - n, mark, n) == 0) {
		f->inlined = 1;
		f->function = (struct frame_text){ .text = p.text, .len = p.len - n };
		return 1;
	}
	return take_place(p, &f->function, &f->function_offset);
}

/* Cuts text[n] at each two blanks; returns how many parts there are, more than PARTS when they are too many. */
static size_t
cut(const char *text, size_t n, struct frame_text part[PARTS])
{
	size_t count = 0, start = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && !(text[i] == ' ' && i + 1 < n && text[i + 1] == ' '))
			continue;
		if (count == PARTS || i == start)
			return PARTS + 1;
		part[count++] = (struct frame_text){ .text = text + start, .len = i - start };
		start = ++i + 1;
	}
	return count;
}

/* "#NUMBER" and the address; returns how many bytes they take, 0 when they are not there. */
static size_t
take_head(struct frame *f, const char *text, size_t n)
{
	size_t at = 1, end;

	while (at < n && text[at] >= '0' && text[at] <= '9')
		at++;
	if (n == 0 || text[0] != '#' || at == 1 || at > 6)
		return 0;
	f->number = (struct frame_text){ .text = text + 1, .len = at - 1 };
	for (end = at; end < n && text[end] == ' '; end++)
		;
	for (at = end; end < n && text[end] != ' '; end++)
		;
	f->pc = (struct frame_text){ .text = text + at, .len = end - at };
	return is_hex(f->pc) ? end : 0;
}

int
frame_read(struct frame *f, const char *text, size_t n)
{
	struct frame_text part[PARTS], none = { .len = 0 };
	size_t count, at = 0, head;

	memset(f, 0, sizeof(*f));
	if ((head = take_head(f, text, n)) == 0)
		return -1;
	if (head == n)
		return 0;
	if (n - head < 3 || (count = cut(text + head + 2, n - head - 2, part)) > PARTS)
		return -1;
	if (count > 0 && is(part[count - 1], "[?]")) {
		f->unsure = 1;
		count--;
	}
	if (count > 0 && part[count - 1].text[0] == '[' && part[count - 1].len > 2 &&
	    part[count - 1].text[part[count - 1].len - 1] == ']') {
		f->build_id = behind(part[count - 1], 1);
		f->build_id.len--;
		if (is_of(f->build_id, HEX))
			count--;
		else
			f->build_id = none;
	}
	if (count > 0 && take_place(part[count - 1], &f->module, &f->offset))
		count--;
	if (at < count && take_function(part[at], f))
		at++;
	if (at < count && take_line(part[at], f))
		at++;
	return at == count ? 0 : -1;
}

static void
put_text(struct writer *w, const char *key, struct frame_text p)
{
	char *bytes;

	if (p.len == 0)
		return;
	if ((bytes = strndup(p.text, p.len)) == NULL) {
		writer_fail(w, ENOMEM);
		return;
	}
	writer_bytes(w, key, bytes, record_unescape(bytes));
	free(bytes);
}

void
frame_json(struct writer *w, const struct frame *f)
{
	writer_open(w, NULL, '{');
	put_text(w, "pc", f->pc);
	put_text(w, "module", f->module);
	put_text(w, "offset", f->offset);
	put_text(w, "build_id", f->build_id);
	put_text(w, "function", f->function);
	put_text(w, "function_offset", f->function_offset);
	put_text(w, "file", f->file);
	if (f->line.len > 0)
		writer_number(w, "line", strtoull(f->line.text, NULL, 10));
	if (f->inlined)
		writer_flag(w, "inlined", 1);
	if (f->unsure)
		writer_flag(w, "unsure", 1);
	writer_close(w, '}');
}

static struct frame_text
base_name(struct frame_text p)
{
	for (size_t i = p.len; i-- > 0;)
		if (p.text[i] == '/')
			return i + 1 < p.len ? behind(p, i + 1) : p;
	return p;
}

/* How much of a text is shown, at most, as an int for printf; dots stand for the rest. */
static int
length(struct frame_text p, size_t most)
{
	return (int)(p.len <= most ? p.len : most - 3);
}

static const char *
dots(struct frame_text p, size_t most)
{
	return p.len <= most ? "" : "...";
}

void
frame_where(const struct frame *f, char out[FRAME_WHERE])
{
	struct frame_text file = base_name(f->file), module = base_name(f->module),
	    function = f->function;
	const char *call = function.len > 2 &&
	    memcmp(function.text + function.len - 2, "()", 2) == 0 ? "" : "()";
	int at = 0;

	out[0] = '\0';
	if (function.len > 0)
		at = snprintf(out, FRAME_WHERE, "%.*s%s%s%s", length(function, NAME), function.text,
		    dots(function, NAME), call, file.len > 0 || module.len > 0 ? " " : "");
	if (file.len > 0)
		snprintf(out + at, FRAME_WHERE - (size_t)at, "%.*s%s:%.*s", length(file, FILE_NAME),
		    file.text, dots(file, FILE_NAME), length(f->line, 9), f->line.text);
	else if (module.len > 0)
		snprintf(out + at, FRAME_WHERE - (size_t)at, "%.*s%s+%.*s",
		    length(module, FILE_NAME), module.text, dots(module, FILE_NAME),
		    length(f->offset, 18), f->offset.text);
}
