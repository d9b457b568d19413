/*
 * Fuzz target: the core parser.  All that it says is within its bounds and the core's, its lists are valid JSON, and a
 * core that is read in order, in pieces of any size, has the same facts as one that is sought in.
 */
#include <stdlib.h>
#include <string.h>

#include "core/code.h"
#include "core/core.h"
#include "core/link_map.h"
#include "core/lists.h"
#include "core/order.h"
#include "core/read.h"
#include "core/small.h"
#include "core/threads.h"
#include "target.h"

#define READS 8

static void
check_text(const struct core *c)
{
	MUST(memchr(c->comm, '\0', sizeof(c->comm)) != NULL);
	MUST(memchr(c->args, '\0', sizeof(c->args)) != NULL);
	for (size_t i = 0; i < c->thread_count; i++)
		MUST(memchr(c->thread[i].name, '\0', sizeof(c->thread[i].name)) != NULL);
}

static void
check_bounds(const struct core *c)
{
	MUST(c->thread_count <= CORE_THREADS && c->thread_count <= c->threads);
	MUST(c->notes >= 0 && c->notes <= CORE_NOTES && c->loads <= CORE_LOADS);
	MUST(c->maps <= CORE_LOADS && c->registers_len <= CORE_REGISTERS);
	MUST(c->auxv_len <= CORE_NOTE_HELD && c->trim_len <= CORE_NOTE_HELD);
	MUST(c->segments <= CORE_SEGMENTS);
	for (int i = 0; i < c->notes; i++)
		MUST(c->note[i].done <= c->note[i].len &&
		    c->note[i].len <= UINT64_MAX - c->note[i].offset);
}

static void
check_memory(const struct core *c)
{
	for (size_t i = 0; i < c->loads; i++) {
		const struct core_load *l = &c->load[i], *found;

		MUST(l->len > 0 && l->len <= UINT64_MAX - l->offset);
		if (!c->resolved)
			continue;
		MUST(i == 0 || c->load[i - 1].vaddr <= l->vaddr);
		found = core_load_at(c, l->vaddr);
		MUST(found != NULL && l->vaddr - found->vaddr < found->len);
	}
	for (size_t i = 0; i < c->maps; i++) {
		const struct core_map *m = &c->map[i];

		MUST(m->len > 0 && m->len <= UINT64_MAX - m->start);
		if (c->resolved)
			MUST((i == 0 || c->map[i - 1].start <= m->start) &&
			    core_map_at(c, m->start) != NULL);
	}
}

static void
check_files(const struct core *c)
{
	const struct core_files *f = &c->files;
	struct elf_id id;

	MUST(f->count <= CORE_FILES);
	for (size_t i = 0; i < f->count; i++) {
		const struct core_file *one = &f->file[i];

		MUST(one->path != NULL && strnlen(one->path, CORE_PATH) < CORE_PATH);
		core_files_identity(one, &id);
		MUST(id.build_id_len <= ELF_ID_BUILD_ID_MAX && id.section_len == 0);
		if (one->start < one->end)
			MUST(core_files_at(f, one->start) != NULL);
	}
	if (c->exe != NULL)
		MUST(c->exe >= f->file && c->exe < f->file + f->count);
}

static void
check_lists(const struct core *c)
{
	for (int json = 0; json < 2; json++) {
		struct target_text t = { NULL, 0 };

		if (json)
			target_put(&t, "{\"first\": 0", 11);
		MUST(core_lists(c, json, target_put, &t) == 0);
		MUST(core_kept_put(c, json, target_put, &t) == 0);
		if (json) {
			target_put(&t, "}", 1);
			MUST(target_json(t.text, t.len));
		}
		free(t.text);
	}
}

static void
seen(void *arg, const char *name, uint64_t dynamic)
{
	(void)dynamic;
	MUST(strnlen(name, CORE_LINK_NAME) < CORE_LINK_NAME);
	MUST(++*(size_t *)arg <= CORE_LINKS);
}

/* What reads the core again, where its headers say that it has something. */
static void
check_again(const struct core *c, struct image *i, size_t len, struct target_draw *draw)
{
	uint8_t code[CORE_CODE_NOTED], buf[4096];
	struct core_threads walk = { 0, 0 };
	struct core_code k = { NULL, 0 };
	struct core_status st;
	struct core_order o;
	uint64_t start;
	size_t n = 0;

	while (core_threads_next(&walk, c, i, &st))
		/* A note has a head of 12 bytes, and a segment of notes may lie in another. */
		MUST(++n <= (len / 12 + 1) * CORE_NOTES && st.registers > 0);
	n = 0;
	core_link_map(c, i, seen, &n);
	MUST(core_code_noted(c, &start, code) <= CORE_CODE_NOTED);
	MUST(core_code_open(&k, c, i) == 0);
	for (size_t r = 0; r < k.ranges; r++)
		MUST(core_code_at(&k, k.range[r].start) >= 0);
	core_code_close(&k);
	MUST(core_order_open(&o, c, i) == 0);
	for (int r = 0; r < READS && o.size > 0; r++) {
		uint64_t at = target_draw(draw, o.size);
		size_t most = 1 + (size_t)target_draw(draw, sizeof(buf));
		ssize_t got = core_order_read(&o, at, buf, most);

		MUST(got >= 0 && (size_t)got <= most);
		MUST((uint64_t)got == (o.size - at < most ? o.size - at : most));
	}
	core_order_close(&o);
}

/* Shows the core in order, in pieces that follow from the input. */
static void
show(struct core *c, const uint8_t *bytes, size_t len, struct target_draw *draw)
{
	size_t most = target_draw(draw, 3) == 0 ? 5 : 100000, n;
	uint64_t from, wanted;

	for (size_t at = 0; at < len; at += n) {
		n = 1 + (size_t)target_draw(draw, most);
		if (n > len - at)
			n = len - at;
		core_show(c, at, bytes + at, n);
		if (core_next(c, 0, &from, &wanted))
			MUST(wanted > 0 && wanted <= UINT64_MAX - from);
	}
	core_end(c);
}

/* Reads the core in order, and passes it on: every byte comes out, whatever it is. */
static void
check_passed(int fd, const uint8_t *bytes, size_t len, struct core *c)
{
	int out = target_file(NULL, 0);
	uint64_t size;
	uint8_t *made;
	size_t n;

	MUST(core_read_stream(c, fd, out, &size) == 0 && size == len);
	made = target_bytes(out, &n);
	MUST(n == len && (n == 0 || memcmp(made, bytes, n) == 0));
	free(made);
	target_close(out);
}

/*
 * Whether all headers and notes have come.  Of those that lie one in the other, a stream brings the first alone.
 */
static int
is_read(const struct core *c)
{
	for (int i = 0; i < c->notes; i++)
		if (c->note[i].done < c->note[i].len)
			return 0;
	return c->is_core && c->bad == NULL && c->table.done == c->table.len;
}

static void
must_be_same(const struct core *a, const struct core *b)
{
	MUST(a->is64 == b->is64 && a->big == b->big && a->machine == b->machine);
	MUST(a->promised == b->promised && a->segments == b->segments);
	MUST(a->threads == b->threads && a->thread_count == b->thread_count);
	MUST(a->signal == b->signal && a->pid == b->pid && a->uid == b->uid && a->gid == b->gid);
	MUST(strcmp(a->comm, b->comm) == 0 && strcmp(a->args, b->args) == 0);
	MUST(a->registers_len == b->registers_len && a->auxv_len == b->auxv_len);
	MUST(memcmp(a->registers, b->registers, a->registers_len) == 0);
	MUST(a->trim_len == b->trim_len && memcmp(a->trim, b->trim, a->trim_len) == 0);
	MUST(a->loads == b->loads && a->maps == b->maps && a->files.count == b->files.count);
	for (size_t i = 0; i < a->files.count; i++)
		MUST(strcmp(a->files.file[i].path, b->files.file[i].path) == 0 &&
		    a->files.file[i].start == b->files.file[i].start);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = target_file(bytes, len);
	struct target_draw draw;
	struct core c, stream;
	struct image *i;
	uint64_t size, at, n;

	target_draw_start(&draw, bytes, len);
	MUST(image_open(&i, fd) == 0);
	core_open(&c);
	MUST(core_read_image(&c, i, &size) == 0 && !core_next(&c, 0, &at, &n));
	check_text(&c);
	check_bounds(&c);
	check_memory(&c);
	check_files(&c);
	check_lists(&c);
	if (c.is_core)
		check_again(&c, i, (size_t)size, &draw);
	core_open(&stream);
	if (size == len) {
		if (target_draw(&draw, 4) == 0)
			check_passed(fd, bytes, len, &stream);
		else
			show(&stream, bytes, len, &draw);
		check_text(&stream);
		check_bounds(&stream);
		check_memory(&stream);
		check_files(&stream);
		check_lists(&stream);
		/* With its notes behind its memory, a stream's modules are not seen. */
		if (is_read(&c) && is_read(&stream) && core_head_end(&stream) != 0)
			must_be_same(&c, &stream);
	}
	core_close(&stream);
	core_close(&c);
	image_close(i);
	target_close(fd);
	return 0;
}
