#include "core/lists.h"

#include <inttypes.h>
#include <string.h>

#include "record/writer.h"

static void
thread_line(struct writer *w, const struct core_thread *t)
{
	writer_print(w, "thread=%" PRIu32 "%s", t->tid, t->name[0] != '\0' ? " " : "");
	writer_escape(w, t->name, strlen(t->name));
	writer_print(w, "\n");
}

static void
thread_json(struct writer *w, const struct core_thread *t)
{
	writer_open(w, NULL, '{');
	writer_number(w, "tid", t->tid);
	if (t->signal != 0)
		writer_number(w, "signal", t->signal);
	if (t->name[0] != '\0')
		writer_text(w, "name", t->name);
	writer_close(w, '}');
}

static void
module_lines(struct writer *w, const struct core_file *f, const struct elf_id *id)
{
	char uuid[ELF_ID_TEXT_MAX];
	const char *from, *path = f->path[0] != '\0' ? f->path : "-", *package = f->module->package;

	writer_print(w, "module=0x%" PRIx64 "-0x%" PRIx64 " ", f->start, f->end);
	for (size_t i = 0; i < id->build_id_len; i++)
		writer_print(w, "%02x", id->build_id[i]);
	writer_print(w, id->build_id_len > 0 ? " " : "- ");
	writer_escape(w, path, strlen(path));
	writer_print(w, "\n");
	if (id->has_note) {
		writer_print(w, "module_uuid=0x%" PRIx64 " ", f->start);
		writer_escape(w, uuid, elf_id_uuid(id, uuid, &from));
		writer_print(w, "\n");
	}
	if (package != NULL) {
		writer_print(w, "module_package=0x%" PRIx64 " ", f->start);
		writer_escape(w, package, strlen(package));
		writer_print(w, "\n");
	}
}

static void
module_json(struct writer *w, const struct core_file *f, const struct elf_id *id)
{
	char uuid[ELF_ID_TEXT_MAX];
	const char *from;

	writer_open(w, NULL, '{');
	writer_hex(w, "start", f->start);
	writer_hex(w, "end", f->end);
	if (f->path[0] != '\0')
		writer_text(w, "path", f->path);
	if (id->build_id_len > 0)
		writer_digits(w, "build_id", id->build_id, id->build_id_len);
	if (id->has_note)
		writer_bytes(w, "uuid", uuid, elf_id_uuid(id, uuid, &from));
	if (f->module->package != NULL)
		writer_text(w, "package", f->module->package);
	writer_close(w, '}');
}

int
core_lists(const struct core *c, int json, int (*put)(void *arg, const char *text, size_t len),
    void *arg)
{
	struct writer w;

	writer_start(&w, json ? WRITER_MEMBERS : WRITER_LINES, put, arg);
	writer_open(&w, "thread_list", '[');
	for (size_t i = 0; i < c->thread_count; i++)
		(json ? thread_json : thread_line)(&w, &c->thread[i]);
	writer_close(&w, ']');
	writer_open(&w, "module_list", '[');
	for (size_t i = 0; i < c->files.count; i++) {
		struct elf_id id;

		if (c->files.file[i].module == NULL)
			continue;
		core_files_identity(&c->files.file[i], &id);
		(json ? module_json : module_lines)(&w, &c->files.file[i], &id);
	}
	writer_close(&w, ']');
	return writer_flush(&w);
}
