#include "core/lists.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/record.h"

/* The most bytes of text that a thread or a module becomes. */
#define TEXT_MAX (RECORD_JSON(CORE_PATH) + RECORD_JSON(ELF_ID_PACKAGE_MAX) + 4 * ELF_ID_BUILD_ID_MAX + 512)

struct text {
	char *at;
	int json;
};

static void
print(struct text *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	t->at += vsprintf(t->at, format, ap);
	va_end(ap);
}

static void
escape(struct text *t, const char *s)
{
	t->at += t->json ? record_json(t->at, s, strlen(s)) : record_escape(t->at, s, strlen(s));
}

static void
hex(struct text *t, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		print(t, "%02x", p[i]);
}

static void
put_thread(struct text *t, const struct core_thread *th)
{
	if (!t->json) {
		print(t, "thread=%" PRIu32 "%s", th->tid, th->name[0] != '\0' ? " " : "");
		escape(t, th->name);
		print(t, "\n");
		return;
	}
	print(t, "{\"tid\": %" PRIu32, th->tid);
	if (th->signal != 0)
		print(t, ", \"signal\": %" PRIu32, th->signal);
	if (th->name[0] != '\0') {
		print(t, ", \"name\": \"");
		escape(t, th->name);
		print(t, "\"");
	}
	print(t, "}");
}

static void
module_json(struct text *t, const struct core_file *f, const struct elf_id *id)
{
	print(t, "{\"start\": \"0x%" PRIx64 "\", \"end\": \"0x%" PRIx64 "\"", f->start, f->end);
	if (f->path[0] != '\0') {
		print(t, ", \"path\": \"");
		escape(t, f->path);
		print(t, "\"");
	}
	if (id->build_id_len > 0) {
		print(t, ", \"build_id\": \"");
		hex(t, id->build_id, id->build_id_len);
		print(t, "\"");
	}
	if (id->has_note) {
		const char *from;

		print(t, ", \"uuid\": \"");
		t->at += elf_id_uuid(id, t->at, &from);
		print(t, "\"");
	}
	if (f->module->package != NULL) {
		print(t, ", \"package\": \"");
		escape(t, f->module->package);
		print(t, "\"");
	}
	print(t, "}");
}

static void
module_lines(struct text *t, const struct core_file *f, const struct elf_id *id)
{
	print(t, "module=0x%" PRIx64 "-0x%" PRIx64 " ", f->start, f->end);
	hex(t, id->build_id, id->build_id_len);
	print(t, id->build_id_len > 0 ? " " : "- ");
	escape(t, f->path[0] != '\0' ? f->path : "-");
	print(t, "\n");
	if (id->has_note) {
		const char *from;

		print(t, "module_uuid=0x%" PRIx64 " ", f->start);
		t->at += elf_id_uuid(id, t->at, &from);
		print(t, "\n");
	}
	if (f->module->package != NULL) {
		print(t, "module_package=0x%" PRIx64 " ", f->start);
		escape(t, f->module->package);
		print(t, "\n");
	}
}

static void
put_module(struct text *t, const struct core_file *f)
{
	struct elf_id id;

	core_files_identity(f, &id);
	if (t->json)
		module_json(t, f, &id);
	else
		module_lines(t, f, &id);
}

int
core_lists(const struct core *c, int json, int (*put)(void *arg, const char *text, size_t len), void *arg)
{
	char *buf = malloc(TEXT_MAX);
	struct text t = { .json = json };
	int rc = 0, some = 0;

	if (buf == NULL)
		return -1;
	if (json)
		rc = put(arg, ", \"thread_list\": [", strlen(", \"thread_list\": ["));
	for (size_t i = 0; rc == 0 && i < c->thread_count; i++) {
		t.at = buf;
		if (json && i > 0)
			print(&t, ", ");
		put_thread(&t, &c->thread[i]);
		rc = put(arg, buf, (size_t)(t.at - buf));
	}
	if (json && rc == 0)
		rc = put(arg, "], \"module_list\": [", strlen("], \"module_list\": ["));
	for (size_t i = 0; rc == 0 && i < c->files.count; i++) {
		if (c->files.file[i].module == NULL)
			continue;
		t.at = buf;
		if (json && some++)
			print(&t, ", ");
		put_module(&t, &c->files.file[i]);
		rc = put(arg, buf, (size_t)(t.at - buf));
	}
	if (json && rc == 0)
		rc = put(arg, "]", 1);
	free(buf);
	return rc;
}
