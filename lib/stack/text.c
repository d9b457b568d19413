#include "stack/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/signal_names.h"
#include "elf/id.h"
#include "record/frame.h"
#include "stack/fingerprint.h"

static void
escape(struct writer *w, const char *text)
{
	writer_escape(w, text, strnlen(text, RECORD_VALUE));
}

/* A part of a frame's line: a blank that could be taken for a part's end is escaped too. */
static void
escape_part(struct writer *w, const char *text)
{
	size_t len = strnlen(text, RECORD_VALUE), from = 0;

	for (size_t k = 0; k < len; k++) {
		if (text[k] != ' ' || (k > 0 && k + 1 < len && text[k - 1] != ' '))
			continue;
		writer_escape(w, text + from, k - from);
		writer_print(w, "\\0040");
		from = k + 1;
	}
	writer_escape(w, text + from, len - from);
}

static void
json_text(struct writer *w, const char *key, const char *text)
{
	writer_bytes(w, key, text, strnlen(text, RECORD_VALUE));
}

static size_t
build_id_len(const struct trace_frame *f)
{
	return f->build_id_len < ELF_ID_BUILD_ID_MAX ? f->build_id_len : ELF_ID_BUILD_ID_MAX;
}

void
trace_text_line(
    struct writer *w, const struct trace_frame *f, size_t number, int digits, int raw)
{
	const char *function = raw || f->name == NULL ? f->function : f->name;

	writer_print(w, "#%-3zu 0x%0*" PRIx64, number, digits, f->pc);
	if (function != NULL) {
		writer_print(w, "  ");
		escape_part(w, function);
		if (!f->inlined)
			writer_print(w, "+0x%" PRIx64, f->function_offset);
	}
	if (f->inlined)
		writer_print(w, function != NULL ? " [inlined]" : "  [inlined]");
	if (f->file != NULL) {
		writer_print(w, "  ");
		escape_part(w, f->file);
		writer_print(w, ":%d", f->line);
	}
	if (f->module != NULL) {
		writer_print(w, "  ");
		escape_part(w, f->module);
		writer_print(w, "+0x%" PRIx64, f->offset);
	}
	if (f->build_id_len > 0) {
		writer_print(w, "  [");
		for (size_t i = 0; i < build_id_len(f); i++)
			writer_print(w, "%02x", f->build_id[i]);
		writer_print(w, "]");
	}
	writer_print(w, f->unsure ? "  [?]\n" : "\n");
}

void
trace_text_end(struct writer *w, const struct trace_thread *t, const char *before)
{
	if (t->end == NULL)
		return;
	writer_print(w, "%s", before);
	escape(w, t->end);
	writer_print(w, "\n");
}

void
trace_json_head(struct writer *w, const struct core *c)
{
	writer_open(w, NULL, '{');
	writer_number(w, "pid", c->pid);
	writer_number(w, "signal", c->signal);
	if (signal_name(c->signal) != NULL)
		json_text(w, "signame", signal_name(c->signal));
	if (c->has_psinfo)
		json_text(w, "comm", c->comm);
	if (c->exe != NULL && c->exe->path[0] != '\0')
		json_text(w, "exe", c->exe->path);
	writer_open(w, "threads", '[');
}

void
trace_json_thread(struct writer *w, const struct trace_thread *t)
{
	writer_open(w, NULL, '{');
	writer_number(w, "tid", t->tid);
	writer_flag(w, "crashed", t->crashed);
	writer_open(w, "frames", '[');
}

void
trace_json_frame(struct writer *w, const struct trace_frame *f, int raw)
{
	writer_open(w, NULL, '{');
	writer_hex(w, "pc", f->pc);
	if (f->module != NULL) {
		json_text(w, "module", f->module);
		writer_hex(w, "offset", f->offset);
	}
	if (f->build_id_len > 0)
		writer_digits(w, "build_id", f->build_id, build_id_len(f));
	if (f->unsure)
		writer_flag(w, "unsure", 1);
	if (f->function != NULL) {
		json_text(w, "function", f->function);
		if (!f->inlined)
			writer_hex(w, "function_offset", f->function_offset);
	}
	if (f->name != NULL && !raw)
		json_text(w, "name", f->name);
	if (f->inlined)
		writer_flag(w, "inlined", 1);
	if (f->file != NULL) {
		json_text(w, "file", f->file);
		writer_number(w, "line", (uint64_t)f->line);
		if (f->column > 0)
			writer_number(w, "column", (uint64_t)f->column);
	}
	writer_close(w, '}');
}

void
trace_json_thread_end(struct writer *w, const struct trace_thread *t)
{
	writer_close(w, ']');
	if (t->end != NULL)
		json_text(w, "end", t->end);
	writer_close(w, '}');
}

void
trace_text_why(struct writer *w, const struct trace_why *why)
{
	const struct {
		const char *key, *text;
	} all[] = { { "reason", why->reason.text }, { "abort_message", why->reason.message },
		{ "registers", why->registers }, { "code", why->code } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (*all[i].text != '\0')
			json_text(w, all[i].key, all[i].text);
}

void
trace_json_end(struct writer *w, const struct trace_why *why, const char *fingerprint,
    const char *where, int complete)
{
	char text[FRAME_WHERE];
	size_t len;

	writer_close(w, ']');
	trace_text_why(w, why);
	writer_text(w, "fingerprint", fingerprint);
	writer_number(w, "fingerprint_version", FINGERPRINT_VERSION);
	snprintf(text, sizeof(text), "%s", where);
	if ((len = record_unescape(text)) > 0)
		writer_bytes(w, "where", text, len);
	writer_flag(w, "complete", complete);
	writer_close(w, '}');
	writer_print(w, "\n");
}
