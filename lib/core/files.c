#include "core/files_note.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/search.h"

/* Number of entries and page size; start, end and offset of each; the paths in the same order. */
enum { COUNTS, MAPPINGS, PATHS, END };

void
core_files_close(struct core_files *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->file[i].module != NULL)
			free(f->file[i].module->package);
		free(f->file[i].module);
	}
	free(f->file);
	free(f->mapping);
	free(f->paths);
	memset(f, 0, sizeof(*f));
}

void
core_files_open(struct core_files *f, int is64, int big)
{
	core_files_close(f);
	f->is64 = is64;
	f->big = big;
}

static uint64_t
word(const struct core_files *f, size_t i)
{
	size_t size = f->is64 ? 8 : 4;
	const uint8_t *p = f->held + i * size;
	uint64_t v = 0;

	for (size_t k = 0; k < size; k++)
		v = v << 8 | p[f->big ? k : size - 1 - k];
	return v;
}

struct core_file *
core_files_add(struct core_files *f, uint64_t start, uint64_t end, const char *path)
{
	if (ARRAY_GROW(f->file, f->room, f->count, CORE_FILES) < 0) {
		f->cut = 1;
		return NULL;
	}
	f->file[f->count] = (struct core_file){ .start = start, .end = end, .path = path };
	return &f->file[f->count++];
}

static void
add_mapping(struct core_files *f)
{
	struct core_mapping *m;

	if (ARRAY_GROW(f->mapping, f->mapping_room, f->mapping_count, CORE_MAPPINGS) < 0) {
		f->cut = 1;
		return;
	}
	m = &f->mapping[f->mapping_count++];
	*m = (struct core_mapping){ .start = word(f, 0), .end = word(f, 1), .from = word(f, 2) * f->page };
	if (f->mapping_count > 1 && m->start < m[-1].start)
		f->unordered = 1;
}

/* Whether a mapping of the same file, or a run of them, goes on with the run before it. */
static int
goes_on(const struct core_files *f, const struct core_file *run, uint64_t start, uint64_t from)
{
	/* Two segments may share a page of the file. */
	uint64_t shared = f->page > 1 ? f->page : 4096;

	if (start < run->end)
		return 0;
	return from >= run->to || run->to - from <= shared || (run->from != 0 && from != 0);
}

void
core_files_map(struct core_files *f, const struct core_mapping *m, const char *path)
{
	size_t len = strlen(path) + 1;
	struct core_file *file;

	/* One file after the other, as often as it goes on; what lies in a gap is known once all have come. */
	if (f->count > 0 && strcmp(path, f->last) == 0) {
		file = &f->file[f->count - 1];
		if (file->end == f->last_end && goes_on(f, file, m->start, m->from) &&
		    (!f->unordered || m->start == file->end)) {
			file->end = f->last_end = m->end;
			file->to = m->from + (m->end - m->start);
			return;
		}
	}
	f->last_end = m->end;
	memcpy(f->last, path, len);
	if (f->paths == NULL && (f->paths = malloc(CORE_PATHS)) == NULL) {
		f->cut = 1;
		return;
	}
	if (len > CORE_PATHS - f->paths_len) {
		f->cut = 1;
		return;
	}
	if ((file = core_files_add(f, m->start, m->end, f->paths + f->paths_len)) == NULL)
		return;
	file->from = m->from;
	file->to = m->from + (m->end - m->start);
	memcpy(f->paths + f->paths_len, path, len);
	f->paths_len += len;
}

/* Bytes of paths; returns how many were taken. */
static size_t
feed_path(struct core_files *f, const uint8_t *p, size_t n)
{
	const uint8_t *end = memchr(p, '\0', n);
	size_t take = end != NULL ? (size_t)(end - p) + 1 : n;
	size_t room = sizeof(f->path) - f->path_len, keep = take < room ? take : room;

	memcpy(f->path + f->path_len, p, keep);
	f->path_len += keep;
	if (end == NULL)
		return take;
	/* Longer than any path is: what is left of it serves nobody. */
	f->path[f->path_len - 1] = '\0';
	if (take > room)
		f->cut = 1;
	else if (f->index < f->mapping_count)
		core_files_map(f, &f->mapping[f->index], f->path);
	f->path_len = 0;
	if (++f->index == f->mappings)
		f->step = END;
	return take;
}

void
core_files_feed(struct core_files *f, const uint8_t *p, size_t n)
{
	size_t size = f->is64 ? 8 : 4;

	while (n > 0 && f->step != END) {
		size_t want = (f->step == COUNTS ? 2 : 3) * size, take = want - f->held_len;

		if (f->step == PATHS) {
			take = feed_path(f, p, n);
			p += take;
			n -= take;
			continue;
		}
		if (take > n)
			take = n;
		memcpy(f->held + f->held_len, p, take);
		f->held_len += take;
		p += take;
		n -= take;
		if (f->held_len < want)
			continue;
		f->held_len = 0;
		if (f->step == COUNTS) {
			f->mappings = word(f, 0);
			f->page = word(f, 1);
			f->step = f->mappings == 0 ? END : MAPPINGS;
			continue;
		}
		add_mapping(f);
		if (++f->index == f->mappings) {
			f->index = 0;
			f->step = PATHS;
		}
	}
}

static int
by_address(const void *a, const void *b)
{
	const struct core_file *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* With kernel.core_sort_vma the mappings come by their size: puts the runs into order, and together. */
void
core_files_order(struct core_files *f)
{
	uint64_t reach = 0;
	size_t n = 0;

	if (f->count == 0)
		return;
	qsort(f->file, f->count, sizeof(*f->file), by_address);
	for (size_t i = 1; i < f->count; i++) {
		const struct core_file *file = &f->file[i];

		if (strcmp(file->path, f->file[n].path) == 0 &&
		    goes_on(f, &f->file[n], file->start, file->from)) {
			f->file[n].end = file->end;
			f->file[n].to = file->to;
		} else {
			f->file[++n] = *file;
		}
	}
	f->count = n + 1;
	for (size_t i = 0; i < f->count; i++) {
		if (f->file[i].end > reach)
			reach = f->file[i].end;
		f->file[i].reach = reach;
	}
}

void
core_files_end(struct core_files *f)
{
	f->seen = f->step == END;
	core_files_order(f);
	free(f->mapping);
	f->mapping = NULL;
	f->mapping_count = f->mapping_room = 0;
}

struct core_file *
core_files_at(const struct core_files *f, uint64_t address)
{
	/* The first that ends after the address is the first that may have it, and those after it start later. */
	size_t k = SEARCH_AFTER(struct core_file, reach, f->file, f->count, address);

	return k < f->count && f->file[k].start <= address ? &f->file[k] : NULL;
}

void
core_files_identify(struct core_file *file, const struct elf_id *id)
{
	struct core_module *m = file->module != NULL ? file->module : calloc(1, sizeof(*m));

	if ((file->module = m) == NULL)
		return;
	memcpy(m->build_id, id->build_id, id->build_id_len);
	m->build_id_len = id->build_id_len;
	memcpy(m->uuid, id->note, sizeof(m->uuid));
	m->has_uuid = id->has_note;
	free(m->package);
	m->package = id->package_len > 0 ? strndup(id->package, id->package_len) : NULL;
}

void
core_files_identity(const struct core_file *file, struct elf_id *id)
{
	const struct core_module *m = file->module;

	memset(id, 0, sizeof(*id));
	if (m == NULL)
		return;
	memcpy(id->build_id, m->build_id, m->build_id_len);
	id->build_id_len = m->build_id_len;
	memcpy(id->note, m->uuid, sizeof(id->note));
	id->has_note = m->has_uuid;
}
