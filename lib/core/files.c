#include "core/files_note.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/search.h"
#include "elf/layout.h"

/* Number of entries and page size; start, end and offset of each; the paths in the same order. */
enum { COUNTS, MAPPINGS, PATHS, END };

struct core_files_reader {
	/* The note, as it comes. */
	int is64, big, step;
	/* how many there are; the one whose words, or path, come now */
	uint64_t mappings, index;
	uint64_t page;			/* the unit of offsets, bytes; gdb's is 1 */
	uint8_t held[3 * sizeof(uint64_t)];	/* of the words */
	size_t held_len;
	char path[CORE_PATH];
	size_t path_len;
	struct core_mapping *mapping;
	size_t mapping_count, mapping_room;
	int unordered;			/* the mappings are not in the order of addresses */
	/* The files. */
	size_t room;
	char *paths;			/* CORE_PATHS bytes, or NULL */
	size_t paths_len;
	char last[CORE_PATH];		/* of the mapping before, and where it ended */
	uint64_t last_end;
};

void
core_files_close(struct core_files *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->file[i].module != NULL)
			free(f->file[i].module->package);
		free(f->file[i].module);
	}
	free(f->file);
	if (f->reader != NULL) {
		free(f->reader->mapping);
		free(f->reader->paths);
		free(f->reader);
	}
	memset(f, 0, sizeof(*f));
}

/*
 * The reader of f, made when it is first needed; NULL without memory, and then files are missing.
 */
static struct core_files_reader *
reader_of(struct core_files *f)
{
	if (f->reader == NULL && (f->reader = calloc(1, sizeof(*f->reader))) == NULL)
		f->cut = 1;
	return f->reader;
}

void
core_files_open(struct core_files *f, int is64, int big)
{
	struct core_files_reader *r;

	core_files_close(f);
	if ((r = reader_of(f)) != NULL) {
		r->is64 = is64;
		r->big = big;
	}
}

static uint64_t
word(const struct core_files_reader *r, size_t i)
{
	size_t size = elf_word_size(r->is64);

	return elf_number(r->held + i * size, size, r->big);
}

struct core_file *
core_files_add(struct core_files *f, uint64_t start, uint64_t end, const char *path)
{
	struct core_files_reader *r = reader_of(f);

	if (r == NULL || ARRAY_GROW(f->file, r->room, f->count, CORE_FILES) < 0) {
		f->cut = 1;
		return NULL;
	}
	f->file[f->count] = (struct core_file){ .start = start, .end = end, .first_end = end,
	    .path = path };
	return &f->file[f->count++];
}

static void
add_mapping(struct core_files *f)
{
	struct core_files_reader *r = f->reader;
	struct core_mapping *m;

	if (ARRAY_GROW(r->mapping, r->mapping_room, r->mapping_count, CORE_MAPPINGS) < 0) {
		f->cut = 1;
		return;
	}
	m = &r->mapping[r->mapping_count++];
	*m = (struct core_mapping){ .start = word(r, 0), .end = word(r, 1),
	    .from = word(r, 2) * r->page };
	if (r->mapping_count > 1 && m->start < m[-1].start)
		r->unordered = 1;
}

/* Whether a mapping of the same file, or a run of them, goes on with the run before it. */
static int
goes_on(const struct core_files_reader *r, const struct core_file *run, uint64_t start,
    uint64_t from)
{
	/* Two segments may share a page of the file. */
	uint64_t shared = r->page > 1 ? r->page : 4096;

	if (start < run->end)
		return 0;
	return from >= run->to || run->to - from <= shared || (run->from != 0 && from != 0);
}

/* Keeps a path of len bytes with its end; NULL when there is no room for it. */
static const char *
keep_path(struct core_files_reader *r, const char *path, size_t len)
{
	char *kept;

	if ((r->paths == NULL && (r->paths = malloc(CORE_PATHS)) == NULL) ||
	    len > CORE_PATHS - r->paths_len)
		return NULL;
	kept = memcpy(r->paths + r->paths_len, path, len);
	r->paths_len += len;
	return kept;
}

void
core_files_map(struct core_files *f, const struct core_mapping *m, const char *path)
{
	struct core_files_reader *r = reader_of(f);
	size_t len = strlen(path) + 1;
	struct core_file *file;
	const char *kept;

	if (r == NULL)
		return;
	/*
	 * A mapping goes on with the run before it; what lies in a gap of a run is known once all
	 * have come.
	 */
	if (f->count > 0 && strcmp(path, r->last) == 0) {
		file = &f->file[f->count - 1];
		if (file->end == r->last_end && goes_on(r, file, m->start, m->from) &&
		    (!r->unordered || m->start == file->end)) {
			file->end = r->last_end = m->end;
			file->to = m->from + (m->end - m->start);
			return;
		}
	}
	r->last_end = m->end;
	memcpy(r->last, path, len);
	if ((kept = keep_path(r, path, len)) == NULL) {
		f->cut = 1;
		return;
	}
	if ((file = core_files_add(f, m->start, m->end, kept)) == NULL)
		return;
	file->from = m->from;
	file->to = m->from + (m->end - m->start);
}

/* Bytes of paths; returns how many were taken. */
static size_t
feed_path(struct core_files *f, const uint8_t *p, size_t n)
{
	struct core_files_reader *r = f->reader;
	const uint8_t *end = memchr(p, '\0', n);
	size_t take = end != NULL ? (size_t)(end - p) + 1 : n;
	size_t room = sizeof(r->path) - r->path_len, keep = take < room ? take : room;

	memcpy(r->path + r->path_len, p, keep);
	r->path_len += keep;
	if (end == NULL)
		return take;
	/* A path that is longer than any path can be is left out. */
	r->path[r->path_len - 1] = '\0';
	if (take > room)
		f->cut = 1;
	else if (r->index < r->mapping_count)
		core_files_map(f, &r->mapping[r->index], r->path);
	r->path_len = 0;
	if (++r->index == r->mappings)
		r->step = END;
	return take;
}

/* All words of the counts, or of a mapping, are held. */
static void
take_words(struct core_files *f)
{
	struct core_files_reader *r = f->reader;

	if (r->step == COUNTS) {
		r->mappings = word(r, 0);
		r->page = word(r, 1);
		r->step = r->mappings == 0 ? END : MAPPINGS;
		return;
	}
	add_mapping(f);
	if (++r->index == r->mappings) {
		r->index = 0;
		r->step = PATHS;
	}
}

void
core_files_feed(struct core_files *f, const uint8_t *p, size_t n)
{
	struct core_files_reader *r = f->reader;

	while (r != NULL && n > 0 && r->step != END) {
		size_t want = (r->step == COUNTS ? 2 : 3) * elf_word_size(r->is64),
		    take = want - r->held_len;

		if (r->step == PATHS) {
			take = feed_path(f, p, n);
			p += take;
			n -= take;
			continue;
		}
		if (take > n)
			take = n;
		memcpy(r->held + r->held_len, p, take);
		r->held_len += take;
		p += take;
		n -= take;
		if (r->held_len < want)
			continue;
		r->held_len = 0;
		take_words(f);
	}
}

static int
by_address(const void *a, const void *b)
{
	const struct core_file *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * With kernel.core_sort_vma the mappings come by their size: puts the runs into order, and
 * together.
 */
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
		    goes_on(f->reader, &f->file[n], file->start, file->from)) {
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
	struct core_files_reader *r = f->reader;

	if (r == NULL)
		return;
	f->seen = r->step == END;
	core_files_order(f);
	free(r->mapping);
	r->mapping = NULL;
	r->mapping_count = r->mapping_room = 0;
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
