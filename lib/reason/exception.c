/*
 * The C++ exception that nothing caught.  The runtime marks each exception by its class (Itanium C++ ABI, Exception
 * Handling, 2.2.1), and counts the handlers that have it; one that nothing catches is given to std::terminate as if it
 * was caught.  Pointers to it are in the registers and on the stack below std::terminate.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "elf/layout.h"
#include "reason/private.h"

/* How many words of the stack are looked at, and how many exceptions are compared. */
#define WORDS 1024
#define MOST 8

struct exception {
	uint64_t header, object, type, next;
};

/*
 * Words from struct __cxa_exception to its unwind header: exceptionType, the destructor, two handlers, nextException,
 * handlerCount..., where GNU's and LLVM's runtimes are the same; arm keeps more.
 */
struct shape {
	unsigned type, next, count;	/* bytes before the unwind header */
	unsigned object;		/* bytes behind its start */
	int is_text;			/* the class is text, and no number */
};

static const struct shape *
shape_of(const struct core *c)
{
	static const struct shape of_64 = { .type = 80, .next = 48, .count = 40, .object = 32 };
	static const struct shape of_32 = { .type = 48, .next = 32, .count = 28, .object = 32 };
	static const struct shape of_arm = { .type = 32, .next = 16, .count = 12, .object = 88,
		.is_text = 1 };

	/* i386 aligns the header to 16 bytes; arm's is a block of its own (EHABI, 7.2). */
	return c->is64 ? &of_64 : reason_machine(c) == MACHINE_CODE_X86 ? &of_32 :
	    reason_machine(c) == MACHINE_CODE_ARM ? &of_arm :
	    NULL;
}

/* Whether an exception's unwind header is at an address, and a handler has it. */
static int
read_exception(const struct reason_case *k, uint64_t at, struct exception *e)
{
	const struct shape *s = shape_of(k->core);
	static const char gnu[] = "GNUCC++", llvm[] = "CLNGC++";
	uint8_t class[8], count[4];
	char name[8];

	if (s == NULL || at < 4096 || at % 8 != 0 || !reason_read(k, at, class, sizeof(class)))
		return 0;
	/* A number of 64 bits, whose last byte is 0: the object is its own. */
	for (size_t i = 0; i < sizeof(class); i++)
		name[i] = (char)class[k->core->big || s->is_text ? i : 7 - i];
	if (memcmp(name, gnu, sizeof(gnu)) != 0 && memcmp(name, llvm, sizeof(llvm)) != 0)
		return 0;
	*e = (struct exception){ .header = at, .object = at + s->object };
	return reason_word(k, at - s->type, &e->type) && reason_word(k, at - s->next, &e->next) &&
	    reason_read(k, at - s->count, count, sizeof(count)) &&
	    core_number(k->core, count, sizeof(count)) != 0;
}

static void
add(const struct reason_case *k, uint64_t at, struct exception *found, size_t *count)
{
	struct exception e;

	for (size_t i = 0; i < *count; i++)
		if (found[i].header == at)
			return;
	if (*count < MOST && read_exception(k, at, &e))
		found[(*count)++] = e;
}

/* The exception that is handled last: the one that no other has before it; 0 unless it is one. */
static int
find_exception(const struct reason_case *k, struct exception *last)
{
	const struct shape *s = shape_of(k->core);
	size_t word = elf_word_size(k->core->is64), count = 0, tops = 0;
	struct exception found[MOST];
	uint64_t value;

	if (s == NULL)
		return 0;
	for (size_t i = 0; i < k->registers.count; i++)
		add(k, k->registers.word[i], found, &count);
	for (size_t i = 0; i < WORDS; i++) {
		if (!reason_word(k, k->registers.sp + i * word, &value))
			break;
		add(k, value, found, &count);
		add(k, value - s->object, found, &count);
	}
	for (size_t i = 0; i < count; i++) {
		size_t below = 0;

		for (size_t j = 0; j < count; j++)
			below += found[j].next == found[i].header - s->type;
		if (below > 0)
			continue;
		*last = found[i];
		tops++;
	}
	return tops == 1;
}

/* The message of the standard library's exceptions, which keep it behind the pointer to their functions. */
static void
read_what(struct reason_case *k, const char *type, uint64_t object)
{
	static const char *const with[] = { "St13runtime_error", "St11logic_error",
		"St12out_of_range", "St16invalid_argument", "St12domain_error", "St12length_error",
		"St11range_error", "St14overflow_error", "St15underflow_error", "St12system_error",
		NULL };
	uint64_t text;

	for (size_t i = 0; with[i] != NULL; i++)
		if (strcmp(type, with[i]) == 0 &&
		    reason_word(k, object + elf_word_size(k->core->is64), &text))
			reason_string(k, text, k->out->message, REASON_MESSAGE);
}

/* "St9bad_alloc", "7refused" and "N4shop7refusedE": lengths and names; 0: it is of another kind. */
static int
plain_name(const char *mangled, char *out, size_t len)
{
	int nested = mangled[0] == 'N', is_std;
	const char *p = mangled + nested;
	size_t done = 0;

	is_std = strncmp(p, "St", 2) == 0;
	p += is_std ? 2 : 0;
	done = is_std && len > 5 ? (size_t)snprintf(out, len, "std") : 0;
	do {
		size_t n = 0;

		while (*p >= '0' && *p <= '9' && n < len)
			n = 10 * n + (size_t)(*p++ - '0');
		if (n == 0 || strlen(p) < n || n + 3 > len - done)
			return 0;
		done += (size_t)snprintf(out + done, len - done, "%s%.*s",
		    done > 0 ? "::" : "", (int)n, p);
		p += n;
	} while (nested && *p != 'E');
	return p[nested] == '\0';
}

/* The few that everybody has, for when nobody can say more of a mangled name. */
static void
plain_type(const struct reason_case *k, const char *mangled, char *out, size_t len)
{
	static const struct {
		const char *mangled, *plain;
	} known[] = { { "i", "int" }, { "j", "unsigned int" }, { "l", "long" }, { "c", "char" },
		{ "b", "bool" },
		{ "d", "double" }, { "PKc", "char const*" }, { "Pc", "char*" },
		{ "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE", "std::string" } };
	const struct reason_source *s = k->source;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].mangled, mangled) == 0) {
			snprintf(out, len, "%s", known[i].plain);
			return;
		}
	if (plain_name(mangled, out, len) ||
	    (s->type_name != NULL && s->type_name(s->arg, mangled, out, len)))
		return;
	snprintf(out, len, "%s", mangled);
}

/* Whether the stack has a function, before what a signal interrupted. */
static int
has_function(const struct reason_case *k, const char *const *names)
{
	const struct reason_source *s = k->source;

	for (size_t i = k->first_frame; i < s->frames && i < k->first_frame + 32; i++)
		for (size_t j = 0; names[j] != NULL && s->frame[i].function != NULL; j++)
			if (strcmp(s->frame[i].function, names[j]) == 0)
				return 1;
	return 0;
}

int
reason_exception(struct reason_case *k)
{
	static const char *const refuses[] = { "__cxa_call_terminate",
		"__gxx_personality_v0", NULL };
	static const char *const throws[] = { "__cxa_throw", "__cxa_rethrow",
		"__cxa_call_terminate",
		"_ZSt17rethrow_exceptionNSt15__exception_ptr13exception_ptrE",
		"std::rethrow_exception(std::__exception_ptr::exception_ptr)", NULL };
	char mangled[256], plain[384];
	struct exception e;
	uint64_t name;
	int refused;

	if (!has_function(k, throws))
		return 0;
	/* The runtime asks each function's personality whether it catches: here that said that none may leave it. */
	refused = has_function(k, refuses);
	reason_say(k, refused ? "C++ exception" : "uncaught C++ exception");
	if (find_exception(k, &e) &&
	    reason_word(k, e.type + elf_word_size(k->core->is64), &name) &&
	    reason_string(k, name, mangled, sizeof(mangled))) {
		/* A star says that names of this type are compared by their addresses. */
		plain_type(k, mangled + (mangled[0] == '*'), plain, sizeof(plain));
		reason_say(k, " of type %s", plain);
		read_what(k, mangled + (mangled[0] == '*'), e.object);
	}
	if (refused)
		reason_say(k, " in a function that must not throw");
	return 1;
}
