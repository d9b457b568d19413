#include "record/frame_fit.h"

#include <stdio.h>
#include <string.h>

#include "base/terminal.h"

/* What stands before the function: "#NUMBER ". */
#define HEAD 5
/* A function's name is not cut below this. */
#define NAME 12
/* Where there are fewer columns, an address has its place only in a frame without a file. */
#define WIDE 100

/* The parts of the line behind the number, "" where they are not shown. */
struct parts {
	char pc[24], function[FRAME_FIT + 1], file[FRAME_FIT + 1], module[FRAME_FIT + 1];
	const char *mark, *unsure;
};

static struct frame_text
base_name(struct frame_text p)
{
	for (size_t i = p.len; i-- > 0;)
		if (p.text[i] == '/')
			return (struct frame_text){ .text = p.text + i + 1, .len = p.len - i - 1 };
	return p;
}

/* NAME, and behind it a mark and a number, in out[FRAME_FIT + 1]; the name is cut. */
static void
put(char *out, struct frame_text name, const char *mark, struct frame_text number)
{
	size_t n = terminal_fit(out, name.text, name.len, FRAME_FIT - 32);

	if (number.len > 0)
		snprintf(out + n, 32, "%s%.*s", mark, number.len < 28 ? (int)number.len : 28,
		    number.text);
}

static size_t
total(const struct parts *p)
{
	size_t n = HEAD + strlen(p->mark) + strlen(p->unsure);
	const char *text[] = { p->pc, p->function, p->file, p->module };

	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
		n += text[i][0] != '\0' ? strlen(text[i]) + 2 : 0;
	return n - 2;
}

/* Addresses of 64 bits mostly begin with zeros. */
static void
put_address(char *out, size_t len, struct frame_text pc)
{
	int cut = pc.len == 18 && memcmp(pc.text, "0x0000", 6) == 0 ? 6 : 2;

	if (pc.len > 2 && pc.len <= 18)
		snprintf(out, len, "0x%.*s", (int)pc.len - cut, pc.text + cut);
}

void
frame_fit(const struct frame *f, size_t width, char out[FRAME_FIT + 1])
{
	struct frame_text none = { .len = 0 };
	struct parts p = { .mark = f->inlined ? " [inlined]" : "",
		.unsure = f->unsure ? "  [?]" : "" };
	size_t now, len;

	if (width >= WIDE || f->file.len == 0)
		put_address(p.pc, sizeof(p.pc), f->pc);
	put(p.function, f->function, "+", f->file.len > 0 ? none : f->function_offset);
	if (f->file.len > 0)
		put(p.file, f->file, ":", f->line);
	put(p.module, base_name(f->module), "+", f->file.len > 0 ? none : f->offset);
	if (total(&p) > width && f->file.len > 0)
		put(p.file, base_name(f->file), ":", f->line);
	if (total(&p) > width)
		p.pc[0] = '\0';
	if (total(&p) > width && f->file.len > 0)
		p.module[0] = '\0';
	if ((now = total(&p)) > width && (len = strlen(p.function)) > NAME) {
		size_t room = len - NAME > now - width ? len - (now - width) : NAME;

		terminal_fit(p.function, f->function.text, f->function.len, room);
	}
	now = (size_t)snprintf(out, FRAME_FIT + 1, "#%-3.*s %s%s%s%s%s%s%s%s%s",
	    f->number.len < 6 ? (int)f->number.len : 6, f->number.text, p.pc,
	    p.pc[0] != '\0' && p.function[0] != '\0' ? "  " : "", p.function, p.mark,
	    p.file[0] != '\0' ? "  " : "", p.file, p.module[0] != '\0' ? "  " : "", p.module,
	    p.unsure);
	if (now > width)
		out[width] = '\0';
}
