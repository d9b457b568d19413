#include "stack/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/signal_names.h"
#include "elf/id.h"

static void
print(char **out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	*out += vsprintf(*out, format, ap);
	va_end(ap);
}

static void
line_string(char **out, const char *text)
{
	*out += record_escape(*out, text, strnlen(text, RECORD_VALUE));
}

static void
json_string(char **out, const char *key, const char *text)
{
	print(out, ", \"%s\": \"", key);
	*out += record_json(*out, text, strnlen(text, RECORD_VALUE));
	print(out, "\"");
}

static void
build_id(char **out, const char *before, const struct trace_frame *f, const char *after)
{
	if (f->build_id_len == 0)
		return;
	print(out, "%s", before);
	for (size_t i = 0; i < f->build_id_len && i < ELF_ID_BUILD_ID_MAX; i++)
		print(out, "%02x", f->build_id[i]);
	print(out, "%s", after);
}

void
trace_text_line(const struct trace_frame *f, size_t number, int digits, char out[TRACE_TEXT])
{
	print(&out, "#%-3zu 0x%0*" PRIx64, number, digits, f->pc);
	if (f->function != NULL) {
		print(&out, "  ");
		line_string(&out, f->function);
		print(&out, "+0x%" PRIx64, f->function_offset);
	}
	if (f->file != NULL) {
		print(&out, "  ");
		line_string(&out, f->file);
		print(&out, ":%d", f->line);
	}
	if (f->module != NULL) {
		print(&out, "  ");
		line_string(&out, f->module);
		print(&out, "+0x%" PRIx64, f->offset);
	}
	build_id(&out, "  [", f, "]");
	if (f->unsure)
		print(&out, "  [?]");
}

void
trace_text_json(const struct trace_frame *f, char out[TRACE_TEXT])
{
	print(&out, "{\"pc\": \"0x%" PRIx64 "\"", f->pc);
	if (f->module != NULL) {
		json_string(&out, "module", f->module);
		print(&out, ", \"offset\": \"0x%" PRIx64 "\"", f->offset);
	}
	build_id(&out, ", \"build_id\": \"", f, "\"");
	if (f->unsure)
		print(&out, ", \"unsure\": true");
	if (f->function != NULL) {
		json_string(&out, "function", f->function);
		print(&out, ", \"function_offset\": \"0x%" PRIx64 "\"", f->function_offset);
	}
	if (f->file != NULL) {
		json_string(&out, "file", f->file);
		print(&out, ", \"line\": %d", f->line);
		if (f->column > 0)
			print(&out, ", \"column\": %d", f->column);
	}
	print(&out, "}");
}

void
trace_text_json_head(const struct core *c, char out[TRACE_TEXT])
{
	print(&out, "{\"pid\": %" PRIu32 ", \"signal\": %" PRIu32, c->pid, c->signal);
	if (signal_name(c->signal) != NULL)
		json_string(&out, "signame", signal_name(c->signal));
	if (c->has_psinfo)
		json_string(&out, "comm", c->comm);
	if (c->exe != NULL && c->exe->path[0] != '\0')
		json_string(&out, "exe", c->exe->path);
	print(&out, ", \"threads\": [");
}

void
trace_text_json_start(const struct trace_thread *t, size_t number, char out[TRACE_TEXT])
{
	print(&out, "%s{\"tid\": %" PRIu32 ", \"crashed\": %s, \"frames\": [", number > 0 ? ", " : "", t->tid,
	    t->crashed ? "true" : "false");
}

void
trace_text_json_end(const struct trace_thread *t, char out[TRACE_TEXT])
{
	print(&out, "]");
	if (t->end != NULL)
		json_string(&out, "end", t->end);
	print(&out, "}");
}

void
trace_text_end(const struct trace_thread *t, const char *before, char out[TRACE_TEXT])
{
	*out = '\0';
	if (t->end == NULL)
		return;
	print(&out, "%s", before);
	line_string(&out, t->end);
	print(&out, "\n");
}
