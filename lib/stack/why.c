#include "stack/why.h"

#include <gelf.h>
#include <stdio.h>
#include <string.h>

#include "core/read.h"
#include "demangle/demangle.h"
#include "stack/private.h"

/* The bytes that a module's file has at an address, at most len, of what no process may write to; 0: none. */
static size_t
in_file(struct trace *t, uint64_t address, uint8_t *buf, size_t len)
{
	Dwfl_Module *m = dwfl_addrmodule(t->dwfl, address);
	Elf_Data *data;
	GElf_Addr bias;
	Elf *elf = m != NULL ? dwfl_module_getelf(m, &bias) : NULL;
	size_t count;
	GElf_Phdr ph;

	if (elf == NULL || elf_getphdrnum(elf, &count) != 0)
		return 0;
	for (size_t k = 0; k < count && gelf_getphdr(elf, (int)k, &ph) != NULL; k++) {
		uint64_t at = address - bias - ph.p_vaddr;

		if (ph.p_type != PT_LOAD || (ph.p_flags & PF_W) != 0 ||
		    address - bias < ph.p_vaddr || at >= ph.p_filesz ||
		    ph.p_offset > INT64_MAX - at)
			continue;
		if (len > ph.p_filesz - at)
			len = (size_t)(ph.p_filesz - at);
		data = elf_getdata_rawchunk(elf, (int64_t)(ph.p_offset + at), len, ELF_T_BYTE);
		if (data == NULL || data->d_size != len)
			return 0;
		memcpy(buf, data->d_buf, len);
		return len;
	}
	return 0;
}

static size_t
memory(void *arg, uint64_t address, void *buf, size_t len)
{
	struct trace *t = arg;
	uint8_t *to = buf;
	size_t done = 0, n;

	while (done < len && address + done >= address) {
		if ((n = core_read_at(&t->core, t->image, address + done, to + done,
		    len - done)) == 0 &&
		    (n = in_file(t, address + done, to + done, len - done)) == 0)
			break;
		done += n;
	}
	return done;
}

struct wanted {
	struct trace *t;
	const char *name;
	int of_libc;		/* of modules that are called so */
	uint64_t address;
};

static int
is_libc(const char *name, const char *path)
{
	const char *slash;

	if (path != NULL && (slash = strrchr(path, '/')) != NULL)
		path = slash + 1;
	else if (path == NULL)
		path = name;
	return path != NULL && strncmp(path, "libc", 4) == 0 && (path[4] == '.' || path[4] == '-');
}

static int
each_module(Dwfl_Module *m, void **user, const char *name, Dwarf_Addr start, void *arg)
{
	struct wanted *w = arg;
	const struct core_file *file = core_files_at(&w->t->core.files, start);
	GElf_Addr value;
	GElf_Sym sym;
	int n;

	(void)user;
	if (w->of_libc ? !is_libc(name, file != NULL ? file->path : NULL) :
			 w->t->core.exe != NULL && file != w->t->core.exe)
		return DWARF_CB_OK;
	n = dwfl_module_getsymtab(m);
	for (int i = 1; i < n; i++) {
		const char *symbol = dwfl_module_getsym_info(m, i, &sym, &value, NULL, NULL, NULL);

		if (symbol == NULL || sym.st_shndx == SHN_UNDEF || strcmp(symbol, w->name) != 0)
			continue;
		w->address = value;
		return DWARF_CB_ABORT;
	}
	return DWARF_CB_OK;
}

/* A symbol of the C library: of its own file, or of a program that is linked with it statically. */
static int
symbol(void *arg, const char *name, uint64_t *address)
{
	struct wanted w = { .t = arg, .name = name, .of_libc = 1 };

	if (dwfl_getmodules(w.t->dwfl, each_module, &w, 0) == 0) {
		w.of_libc = 0;
		if (dwfl_getmodules(w.t->dwfl, each_module, &w, 0) == 0)
			return 0;
	}
	*address = w.address;
	return w.address != 0;
}

/* The name of a C++ type: the C++ library knows it as that of its typeinfo. */
static int
type_name(void *arg, const char *mangled, char *out, size_t len)
{
	static const char before[] = "typeinfo name for ";
	struct demangle_helper h = { .fd = -1 };
	char symbol[DEMANGLE_LONGEST], text[2 * DEMANGLE_LONGEST];
	int rc;

	(void)arg;
	if ((size_t)snprintf(symbol, sizeof(symbol), "_ZTS%s", mangled) >= sizeof(symbol))
		return 0;
	rc = demangle_helper_ask(&h, symbol, text, sizeof(text));
	demangle_helper_end(&h);
	if (rc < 0 || strncmp(text, before, strlen(before)) != 0 ||
	    strlen(text) - strlen(before) >= len)
		return 0;
	strcpy(out, text + strlen(before));
	return 1;
}

void
trace_why(struct trace_why *w, struct trace *t, const struct trace_frame *f, size_t n)
{
	struct reason_frame frame[TRACE_FRAMES];
	struct reason_source s = { .core = &t->core, .memory = memory, .symbol = symbol,
		.type_name = type_name, .arg = t, .frame = frame };

	memset(w, 0, sizeof(*w));
	for (; s.frames < n && s.frames < TRACE_FRAMES; s.frames++)
		frame[s.frames] = (struct reason_frame){ .pc = f[s.frames].pc,
			.function = f[s.frames].function, .name = f[s.frames].name,
			.file = f[s.frames].file, .line = f[s.frames].line };
	reason_find(&w->reason, &s);
	reason_code_text(&s, w->code);
	reason_registers(&t->core, w->registers);
}
