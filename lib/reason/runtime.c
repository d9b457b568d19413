/*
 * What the names of the functions on the crashed thread's stack prove: that of a library's or a language's function
 * which ends the program for one reason.
 */
#include <string.h>

#include "reason/private.h"

/* How many frames are looked at. */
#define LOOKED_AT 64

enum match { EXACT, STARTS, HAS };

/* Where the sentence says that it was. */
enum place {
	NOWHERE,
	CALLER,			/* of that function */
	RUST, GO		/* of the first function that is none of the language's own */
};

struct rule {
	enum match match;
	const char *name, *words;
	enum place place;
};

/* The first that fits decides: those that say more stand before others. */
static const struct rule rules[] = {
	{ HAS, "panic_bounds_check", "Rust panic%s: index out of bounds", RUST },
	{ HAS, "panic_const_div_by_zero", "Rust panic%s: division by zero", RUST },
	{ HAS, "panic_const_rem_by_zero", "Rust panic%s: remainder of a division by zero", RUST },
	{ HAS, "panic_const_add_overflow", "Rust panic%s: overflow of an addition", RUST },
	{ HAS, "panic_const_sub_overflow", "Rust panic%s: overflow of a subtraction", RUST },
	{ HAS, "panic_const_mul_overflow", "Rust panic%s: overflow of a multiplication", RUST },
	{ HAS, "panic_const_", "Rust panic%s: arithmetic that overflows", RUST },
	{ HAS, "option13unwrap_failed", "Rust panic%s: unwrap of None", RUST },
	{ HAS, "option::unwrap_failed", "Rust panic%s: unwrap of None", RUST },
	{ HAS, "result13unwrap_failed", "Rust panic%s: unwrap of an Err", RUST },
	{ HAS, "result::unwrap_failed", "Rust panic%s: unwrap of an Err", RUST },
	{ HAS, "option13expect_failed", "Rust panic%s: expect on None", RUST },
	{ HAS, "option::expect_failed", "Rust panic%s: expect on None", RUST },
	{ HAS, "slice_error_fail", "Rust panic%s: a slice of text out of range", RUST },
	{ HAS, "slice_start_index_len_fail", "Rust panic%s: a slice out of range", RUST },
	{ HAS, "slice_end_index_len_fail", "Rust panic%s: a slice out of range", RUST },
	{ HAS, "slice_index_order_fail", "Rust panic%s: a slice out of range", RUST },
	{ HAS, "panicking13assert_failed", "Rust panic%s: an assertion failed", RUST },
	{ HAS, "panicking::assert_failed", "Rust panic%s: an assertion failed", RUST },
	{ HAS, "cell22panic_already_borrowed",
	    "Rust panic%s: a RefCell that was borrowed already", RUST },
	{ HAS, "panic_already_borrowed",
	    "Rust panic%s: a RefCell that was borrowed already", RUST },
	{ HAS, "panic_already_mutably_borrowed",
	    "Rust panic%s: a RefCell that was borrowed already", RUST },
	{ HAS, "panic_misaligned_pointer", "Rust panic%s: a misaligned pointer", RUST },
	{ HAS, "panic_null_pointer", "Rust panic%s: a null pointer", RUST },
	{ HAS, "panic_cannot_unwind", "Rust panic%s in a function that cannot unwind", RUST },
	{ HAS, "panic_in_cleanup", "Rust panic%s during another", RUST },
	{ HAS, "handle_alloc_error", "Rust%s: out of memory", RUST },
	{ EXACT, "rust_panic", "Rust panic%s", RUST },
	{ HAS, "core9panicking", "Rust panic%s", RUST },
	{ HAS, "core::panicking::panic", "Rust panic%s", RUST },
	{ HAS, "std9panicking11begin_panic", "Rust panic%s", RUST },
	{ HAS, "std::panicking::begin_panic", "Rust panic%s", RUST },
	{ HAS, "stack_overflow3imp14signal_handler", "Rust: a stack overflow", NOWHERE },
	{ HAS, "stack_overflow::imp::signal_handler", "Rust: a stack overflow", NOWHERE },
	{ HAS, "std7process5abort", "Rust%s: abort", RUST },
	{ HAS, "std::process::abort", "Rust%s: abort", RUST },

	{ HAS, "goPanicIndex", "Go: panic%s: index out of range", GO },
	{ STARTS, "runtime.panicIndex", "Go: panic%s: index out of range", GO },
	{ HAS, "goPanicSlice", "Go: panic%s: slice bounds out of range", GO },
	{ STARTS, "runtime.panicSlice", "Go: panic%s: slice bounds out of range", GO },
	{ EXACT, "runtime.panicdivide", "Go: panic%s: division by zero", GO },
	{ EXACT, "runtime.panicshift", "Go: panic%s: a shift by less than 0", GO },
	{ STARTS, "runtime.panicdottype", "Go: panic%s: a value of another type", GO },
	{ EXACT, "runtime.panicnildottype", "Go: panic%s: a value of another type", GO },
	{ EXACT, "runtime.mapassign", "Go: panic%s: assignment to a nil map", GO },
	{ STARTS, "runtime.mapassign_", "Go: panic%s: assignment to a nil map", GO },
	{ EXACT, "runtime.closechan", "Go: panic%s: close of a channel", GO },
	{ EXACT, "runtime.panicmem", "Go: panic%s: a nil or wild pointer", GO },
	{ EXACT, "runtime.panicmemAddr", "Go: panic%s: a nil or wild pointer", GO },
	{ EXACT, "runtime.sigpanic", "Go: panic%s: a signal", GO },
	{ EXACT, "runtime.gopanic", "Go: panic%s", GO },
	{ EXACT, "runtime.checkdead", "Go: fatal error: all goroutines are asleep", NOWHERE },
	{ EXACT, "runtime.newstack", "Go: fatal error%s: a stack over the limit", GO },
	{ EXACT, "runtime.throw", "Go: fatal error%s", GO },
	{ EXACT, "runtime.fatal", "Go: fatal error%s", GO },
	{ EXACT, "runtime.fatalpanic", "Go: panic%s", GO },

	{ EXACT, "__cxa_pure_virtual", "call of a pure virtual function", CALLER },
	{ EXACT, "__cxa_deleted_virtual", "call of a deleted virtual function", CALLER },
	{ STARTS, "_ZNSt6threadD", "a std::thread was destroyed that was not joined", CALLER },
	{ STARTS, "std::thread::~thread",
	    "a std::thread was destroyed that was not joined", CALLER },
	{ STARTS, "_ZNSt6threadaS", "a std::thread was replaced that was not joined", CALLER },
	{ STARTS, "_ZSt20__throw_bad_alloc",
	    "uncaught C++ exception of type std::bad_alloc", NOWHERE },
	{ STARTS, "_ZSt21__glibcxx_assert_fail",
	    "an assertion of the C++ library failed", CALLER },
	{ STARTS, "std::__glibcxx_assert_fail",
	    "an assertion of the C++ library failed", CALLER },
	{ STARTS, "_ZSt17__replacement_assert",
	    "an assertion of the C++ library failed", CALLER },
	{ EXACT, "_ZSt9terminatev", "std::terminate was called", CALLER },
	{ EXACT, "std::terminate()", "std::terminate was called", CALLER },

	{ EXACT, "__assert_fail", "an assertion failed", CALLER },
	{ EXACT, "__assert_perror_fail", "an assertion failed", CALLER },
	{ EXACT, "__assert", "an assertion failed", CALLER },
	{ EXACT, "__stack_chk_fail", "a buffer on the stack overflowed", CALLER },
	{ EXACT, "__fortify_fail", "a checked function found an overflow", NOWHERE },
	{ EXACT, "__chk_fail", "a checked function found an overflow", CALLER },
	{ EXACT, "malloc_printerr",
	    "malloc found its memory overwritten, or freed twice", NOWHERE },
	{ EXACT, "__aeabi_idiv0", "division by zero", CALLER },
	{ EXACT, "__aeabi_ldiv0", "division by zero", CALLER },
	{ STARTS, "g_assertion_message", "an assertion of GLib failed", CALLER },
	{ EXACT, "g_log_writer_default", "a fatal message of GLib", NOWHERE },
	{ HAS, "QMessageLogger5fatal", "a fatal message of Qt", CALLER },
	{ HAS, "QMessageLogger::fatal", "a fatal message of Qt", CALLER },
	{ STARTS, "_ZN6__asan", "AddressSanitizer found an error", NOWHERE },
	{ STARTS, "__asan_report_", "AddressSanitizer found an error", CALLER },
	{ STARTS, "_ZN7__ubsan", "the undefined behaviour sanitizer found an error", NOWHERE },
	{ EXACT, "Py_FatalError", "a fatal error of Python", CALLER },
	{ STARTS, "_Py_FatalError", "a fatal error of Python", CALLER },
	{ HAS, "VMError14report_and_die", "a fatal error of the Java VM", NOWHERE },
	{ HAS, "VMError::report_and_die", "a fatal error of the Java VM", NOWHERE },
	/* What comes last: abort itself, and who called it. */
	{ EXACT, "abort", "abort", CALLER },
	{ EXACT, "__GI_abort", "abort", CALLER },
};

static int
fits(const struct rule *r, const char *function)
{
	switch (r->match) {
	case EXACT:
		return strcmp(function, r->name) == 0;
	case STARTS:
		return strncmp(function, r->name, strlen(r->name)) == 0;
	case HAS:
		break;
	}
	return strstr(function, r->name) != NULL;
}

/* A function that was inlined may have its plain name alone. */
static int
fits_frame(const struct rule *r, const struct reason_frame *f)
{
	return (f->function != NULL && fits(r, f->function)) ||
	    (f->name != NULL && fits(r, f->name));
}

/* Whether a function is of Rust's own libraries, by its name, mangled in one of two ways or not. */
static int
is_rusts(const char *f)
{
	static const char *const starts[] = { "_ZN4core", "_ZN3std", "_ZN5alloc", "core::",
		"std::", "alloc::", "<core::", "<std::", "<alloc::", "rust_", "__rust", NULL };
	const char *path;

	if (strncmp(f, "_R", 2) == 0) {
		/* The crate is the first path: Cs, a word, _, and the name with its length. */
		if ((path = strstr(f, "Cs")) == NULL || (path = strchr(path, '_')) == NULL)
			return 0;
		return strncmp(path, "_4core", 6) == 0 || strncmp(path, "_3std", 5) == 0 ||
		    strncmp(path, "_5alloc", 7) == 0;
	}
	for (size_t i = 0; starts[i] != NULL; i++)
		if (strncmp(f, starts[i], strlen(starts[i])) == 0)
			return 1;
	/* An implementation for a type: _ZN, a length, _$LT$ and the type. */
	if (strncmp(f, "_ZN", 3) == 0 && (path = f + 3 + strspn(f + 3, "0123456789")) != NULL &&
	    strncmp(path, "_$LT$", 5) == 0)
		return strncmp(path + 5, "core..", 6) == 0 || strncmp(path + 5, "std..", 5) == 0 ||
		    strncmp(path + 5, "alloc..", 7) == 0;
	return 0;
}

/* Whether the line of a frame is one of Rust's own libraries, which was inlined there. */
static int
is_rusts_line(const char *file)
{
	return strncmp(file, "/rustc/", 7) == 0 || strstr(file, "/library/core/") != NULL ||
	    strstr(file, "/library/std/") != NULL || strstr(file, "/library/alloc/") != NULL;
}

static int
is_of_language(const struct reason_frame *f, enum place place)
{
	if (f->function == NULL)
		return f->name == NULL || (place == RUST && is_rusts(f->name));
	if (place == GO)
		return strncmp(f->function, "runtime.", 8) == 0 ||
		    strncmp(f->function, "runtime/", 8) == 0;
	return is_rusts(f->function) || (f->name != NULL && is_rusts(f->name));
}

/* Says the rule's words for frame i of the stack. */
static void
say(struct reason_case *k, const struct rule *r, size_t i)
{
	const struct reason_source *s = k->source;
	const char *slash, *rest = strstr(r->words, "%s");

	if (r->place == NOWHERE || r->place == CALLER) {
		reason_say(k, "%s", r->words);
		if (r->place == CALLER && i + 1 < s->frames)
			reason_say_place(k, &s->frame[i + 1]);
		return;
	}
	reason_say(k, "%.*s", (int)(rest - r->words), r->words);
	while (i < s->frames && is_of_language(&s->frame[i], r->place))
		i++;
	/* Where lines are missing, as in code without debug data, the function says more than nothing. */
	if (i < s->frames && s->frame[i].file != NULL && s->frame[i].line > 0 &&
	    !is_rusts_line(s->frame[i].file)) {
		slash = strrchr(s->frame[i].file, '/');
		reason_say(k, " at %.100s:%d", slash != NULL ? slash + 1 : s->frame[i].file,
		    s->frame[i].line);
	} else if (i < s->frames) {
		reason_say(k, " in %.200s", reason_name(&s->frame[i]));
	}
	reason_say(k, "%s", rest + 2);
}

static int
is_on_stack(const struct reason_case *k, const char *function, size_t n)
{
	const struct reason_frame *f = k->source->frame;

	for (size_t i = k->first_frame; i < n; i++)
		if (f[i].function != NULL && strcmp(f[i].function, function) == 0)
			return 1;
	return 0;
}

/* Go's functions that panic do other things too: only where it did panic they say why. */
static int
is_proved(const struct reason_case *k, const struct rule *r, size_t n)
{
	if (r->place != GO)
		return 1;
	return strstr(r->words, "panic") != NULL ? is_on_stack(k, "runtime.gopanic", n) :
	    is_on_stack(k, "runtime.throw", n) || is_on_stack(k, "runtime.fatal", n);
}

int
reason_runtime(struct reason_case *k)
{
	const struct reason_source *s = k->source;
	size_t n = s->frames < k->first_frame + LOOKED_AT ? s->frames : k->first_frame + LOOKED_AT;

	for (size_t j = 0; j < sizeof(rules) / sizeof(*rules); j++) {
		size_t found = n;

		/* The outermost of them: one of these may call another. */
		for (size_t i = k->first_frame; i < n; i++)
			if (fits_frame(&rules[j], &s->frame[i]))
				found = i;
		if (found == n || !is_proved(k, &rules[j], n))
			continue;
		say(k, &rules[j], found);
		return 1;
	}
	return 0;
}
