/*
 * Rust's names of version 0 (RFC 2603).  What is read is bounded by steps, and what is written by its room, since one
 * part of a name can stand for another again and again.
 */
#include <stdio.h>
#include <string.h>

#include "demangle/demangle.h"
#include "demangle/rust_read.h"

/* The most parts that are read, and the most within each other. */
#define STEPS 20000
#define DEPTH 100

static void path(struct demangle_v0 *v, int in_value);
static void type(struct demangle_v0 *v);

/* Goes into a part; leaving it is v->depth--. */
static int
enter(struct demangle_v0 *v)
{
	if (++v->depth > DEPTH || ++v->steps > STEPS)
		v->failed = 1;
	return !v->failed;
}

/* Reads what stands elsewhere in the name, by one of the functions here. */
static void
back(struct demangle_v0 *v, size_t start, void (*part)(struct demangle_v0 *v, int how), int how)
{
	uint64_t to = demangle_base62(v);
	size_t at = v->at;

	if (to >= start) {
		v->failed = 1;
		return;
	}
	/* A back reference is only followed to print it: nothing is printed here. */
	if (v->silent || v->failed)
		return;
	v->at = (size_t)to;
	part(v, how);
	v->at = at;
}

static void
type_again(struct demangle_v0 *v, int how)
{
	(void)how;
	type(v);
}

/* The value of a constant. */
static void
constant(struct demangle_v0 *v, int how)
{
	size_t start = v->at;
	char kind, number[32];
	uint64_t n = 0;

	(void)how;
	if (!enter(v)) {
		v->depth--;
		return;
	}
	if (demangle_take(v, 'B')) {
		back(v, start, constant, 0);
		v->depth--;
		return;
	}
	kind = demangle_take_any(v);
	if (kind == 'p') {
		demangle_say(v, "_");
		v->depth--;
		return;
	}
	if (demangle_take(v, 'n'))
		demangle_say(v, "-");
	start = v->at;
	while (!v->failed && !demangle_take(v, '_')) {
		char c = demangle_take_any(v);

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			v->failed = 1;
	}
	if (v->at - start > 17)
		v->failed = 1;
	if (kind == 'b')
		demangle_say(v, n != 0 ? "true" : "false");
	else if (kind == 'c' && n >= ' ' && n <= '~')
		demangle_put(v, number, (size_t)snprintf(number, sizeof(number), "'%c'", (char)n));
	else
		demangle_put(v, number, (size_t)snprintf(number, sizeof(number), "%llu",
		    (unsigned long long)n));
	v->depth--;
}

/* {part} "E", with a comma between two. */
static size_t
types(struct demangle_v0 *v)
{
	size_t count = 0;

	while (!v->failed && !demangle_take(v, 'E')) {
		if (count++ > 0)
			demangle_say(v, ", ");
		type(v);
	}
	return count;
}

static void
generic_arguments(struct demangle_v0 *v)
{
	int any = 0;

	demangle_say(v, "<");
	while (!v->failed && !demangle_take(v, 'E')) {
		if (demangle_take(v, 'L')) {
			demangle_base62(v);
			continue;
		}
		if (any++)
			demangle_say(v, ", ");
		if (demangle_take(v, 'K'))
			constant(v, 0);
		else
			type(v);
	}
	demangle_say(v, ">");
}

static void
function(struct demangle_v0 *v)
{
	const char *abi;
	size_t n;

	demangle_marked(v, 'G');
	if (demangle_take(v, 'U'))
		demangle_say(v, "unsafe ");
	if (demangle_take(v, 'K')) {
		demangle_say(v, "extern \"");
		if (demangle_take(v, 'C'))
			demangle_say(v, "C");
		else if ((n = demangle_identifier(v, &abi)) > 0)
			demangle_put(v, abi, n);
		demangle_say(v, "\" ");
	}
	demangle_say(v, "fn(");
	types(v);
	demangle_say(v, ")");
	if (demangle_take(v, 'u'))
		return;
	demangle_say(v, " -> ");
	type(v);
}

static void
object(struct demangle_v0 *v)
{
	const char *name;
	size_t count = 0, n;

	demangle_say(v, "dyn ");
	demangle_marked(v, 'G');
	while (!v->failed && !demangle_take(v, 'E')) {
		int open = 0;

		if (count++ > 0)
			demangle_say(v, " + ");
		path(v, 0);
		while (demangle_take(v, 'p')) {
			/* What a trait is bound to stands among its arguments. */
			if (!open && !v->silent && v->len > 0 && v->out[v->len - 1] == '>') {
				v->len--;
				open = 1;
			}
			demangle_say(v, open++ ? ", " : "<");
			n = demangle_identifier(v, &name);
			demangle_put(v, name, n);
			demangle_say(v, " = ");
			type(v);
		}
		if (open)
			demangle_say(v, ">");
	}
	demangle_marked(v, 'L');
}

static const char *
basic(char letter)
{
	static const char *const names[] = { ['a'] = "i8", ['b'] = "bool", ['c'] = "char",
		['d'] = "f64", ['e'] = "str", ['f'] = "f32", ['h'] = "u8", ['i'] = "isize",
		['j'] = "usize", ['l'] = "i32", ['m'] = "u32", ['n'] = "i128", ['o'] = "u128",
		['p'] = "_", ['s'] = "i16", ['t'] = "u16", ['u'] = "()", ['v'] = "...",
		['x'] = "i64", ['y'] = "u64", ['z'] = "!" };

	return letter > 0 && (size_t)letter < sizeof(names) / sizeof(*names) ?
	    names[(size_t)letter] : NULL;
}

static void
compound(struct demangle_v0 *v, char letter, size_t start)
{
	size_t n;

	switch (letter) {
	case 'A':
	case 'S':
		demangle_say(v, "[");
		type(v);
		if (letter == 'A') {
			demangle_say(v, "; ");
			constant(v, 0);
		}
		demangle_say(v, "]");
		return;
	case 'T':
		demangle_say(v, "(");
		n = types(v);
		demangle_say(v, n == 1 ? ",)" : ")");
		return;
	case 'R':
	case 'Q':
		demangle_marked(v, 'L');
		demangle_say(v, letter == 'R' ? "&" : "&mut ");
		type(v);
		return;
	case 'P':
	case 'O':
		demangle_say(v, letter == 'P' ? "*const " : "*mut ");
		type(v);
		return;
	case 'F':
		function(v);
		return;
	case 'D':
		object(v);
		return;
	case 'B':
		back(v, start, type_again, 0);
		return;
	default:
		v->at--;
		path(v, 0);
	}
}

static void
type(struct demangle_v0 *v)
{
	size_t start = v->at;

	if (enter(v)) {
		char letter = demangle_take_any(v);
		const char *name = basic(letter);

		if (name != NULL)
			demangle_say(v, name);
		else if (!v->failed)
			compound(v, letter, start);
	}
	v->depth--;
}

/* The path of an impl, which says where it stands and is not part of a name. */
static void
impl_path(struct demangle_v0 *v)
{
	v->silent++;
	demangle_marked(v, 's');
	path(v, 0);
	v->silent--;
}

static void
nested(struct demangle_v0 *v, int in_value)
{
	char space = demangle_take_any(v), number[40];
	const char *name;
	uint64_t which;
	size_t n;

	path(v, in_value);
	which = demangle_marked(v, 's');
	n = demangle_identifier(v, &name);
	if (space >= 'A' && space <= 'Z') {
		demangle_say(v, space == 'C' ? "::{closure" : space == 'S' ? "::{shim" : "::{");
		if (space != 'C' && space != 'S')
			demangle_put(v, &space, 1);
		if (n > 0) {
			demangle_say(v, ":");
			demangle_put(v, name, n);
		}
		demangle_put(v, number, (size_t)snprintf(number, sizeof(number), "#%llu}",
		    (unsigned long long)which));
	} else if (n > 0) {
		demangle_say(v, "::");
		demangle_put(v, name, n);
	}
}

static void
path(struct demangle_v0 *v, int in_value)
{
	size_t start = v->at, n;
	const char *name;

	if (!enter(v)) {
		v->depth--;
		return;
	}
	switch (demangle_take_any(v)) {
	case 'C':
		demangle_marked(v, 's');
		n = demangle_identifier(v, &name);
		demangle_put(v, name, n);
		break;
	case 'N':
		nested(v, in_value);
		break;
	case 'M':
		impl_path(v);
		demangle_say(v, "<");
		type(v);
		demangle_say(v, ">");
		break;
	case 'X':
		impl_path(v);
		/* FALLTHROUGH */
	case 'Y':
		demangle_say(v, "<");
		type(v);
		demangle_say(v, " as ");
		path(v, 0);
		demangle_say(v, ">");
		break;
	case 'I':
		path(v, in_value);
		if (in_value)
			demangle_say(v, "::");
		generic_arguments(v);
		break;
	case 'B':
		back(v, start, path, in_value);
		break;
	default:
		v->failed = 1;
	}
	v->depth--;
}

int
demangle_rust(const char *symbol, char *out, size_t len)
{
	struct demangle_v0 v = { .text = symbol + 2, .out = out, .room = len };

	if (strncmp(symbol, "_R", 2) != 0 || symbol[2] < 'A' || symbol[2] > 'Z')
		return 0;
	out[0] = '\0';
	path(&v, 1);
	/* The crate that made this copy; what a compiler appends to a name stands behind a dot. */
	if (!v.failed && v.text[v.at] != '\0' && v.text[v.at] != '.') {
		v.silent = 1;
		path(&v, 0);
	}
	return !v.failed && v.len > 0 && (v.text[v.at] == '\0' || v.text[v.at] == '.');
}
