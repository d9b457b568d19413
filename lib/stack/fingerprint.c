#include "stack/fingerprint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "demangle/demangle.h"

/* Ends of the way from a mistake to its signal: what called the last of these is what matters. */
static const char *const raisers[] = { "abort", "raise", "gsignal", "pthread_kill", "tgkill",
	"__pthread_kill", "__pthread_kill_implementation", "__pthread_kill_internal", "__GI_raise",
	"__GI_abort", "__libc_message", "__libc_message_impl", "__libc_message_wrapper",
	"__libc_fatal", "__assert_fail", "__assert_fail_base", "__assert_perror_fail", "__assert",
	"__fortify_fail", "__fortify_fail_abort", "__chk_fail", "__stack_chk_fail",
	"__stack_chk_fail_local", "malloc_printerr", "malloc_printerr_tail", "__restore_rt",
	"__restore", "__kernel_rt_sigreturn", "__kernel_sigreturn", "_ZSt9terminatev",
	"_ZSt10unexpectedv", "_ZN10__cxxabiv111__terminateEPFvvE",
	"_ZN10__cxxabiv112__unexpectedEPFvvE", "_ZN9__gnu_cxx27__verbose_terminate_handlerEv",
	"__cxa_throw", "__cxa_rethrow", "__cxa_pure_virtual", "__cxa_call_terminate",
	"__gxx_personality_v0", "__clang_call_terminate", "__do_syscall_cancel", "__syscall",
	"rust_panic", "rust_begin_unwind", "__rust_start_panic" };

/* The same in Go's runtime. */
static const char *const go_raisers[] = { "runtime.raise", "runtime.raiseproc", "runtime.tgkill",
	"runtime.dieFromSignal", "runtime.sigfwdgo", "runtime.sigtrampgo", "runtime.sigtramp",
	"runtime.sigreturn", "runtime.sigreturn__sigaction", "runtime.cgoSigtramp",
	"runtime.raisebadsignal", "runtime.sighandler", "runtime.crash", "runtime.fatalthrow",
	"runtime.fatalthrow.func1", "runtime.fatalpanic", "runtime.fatalpanic.func1",
	"runtime.dopanic_m", "runtime.systemstack", "runtime.systemstack_switch", "runtime.throw",
	"runtime.fatal", "runtime.gopanic", "runtime.sigpanic", "runtime.panicmem",
	"runtime.panicmemAddr", "runtime.panicdivide", "runtime.panicshift",
	"runtime.panicoverflow", "runtime.panicfloat", "runtime.panicnil", "runtime.panicwrap",
	"runtime.panicdottypeE",
	"runtime.panicdottypeI", "runtime.panicnildottype", "runtime.panicunsafeslicelen",
	"runtime.throwinit", "runtime.preprintpanics", "runtime.printpanics" };
/* And the checks of indices, of which there is one for each kind. */
static const char *const go_checks[] = { "runtime.goPanic", "runtime.panicIndex",
	"runtime.panicSlice" };
/* How Rust's begin. */
static const char *const rust_raisers[] = { "core::panicking::", "std::panicking::",
	"core::option::unwrap_failed", "core::option::expect_failed", "core::result::unwrap_failed",
	"core::slice::index::slice_", "core::str::slice_error_fail", "core::cell::panic_",
	"alloc::alloc::handle_alloc_error", "alloc::raw_vec::", "std::alloc::rust_oom",
	"std::process::abort", "std::sys::pal::unix::abort_internal",
	"std::sys::backtrace::__rust_end_short_backtrace",
	"std::sys_common::backtrace::__rust_end_short_backtrace", "std::rt::__rust_abort",
	"__rustc::", "panic_abort::", "panic_unwind::" };
static const char *const go_starters[] = { "runtime.main", "runtime.goexit", "runtime.mstart",
	"runtime.mstart0", "runtime.mstart1", "runtime.rt0_go", "_rt0_amd64", "_rt0_amd64_linux" };

/* What starts a program or a thread. */
static const char *const starters[] = { "_start", "__libc_start_main", "__libc_start_call_main",
	"__libc_start_main_impl", "__libc_start_main_stage2", "_start_c", "libc_start_main_stage2",
	"start_thread", "start", "clone", "clone3", "__clone", "__clone3", "__clone_internal",
	"_dl_start_user", "thread_start" };

/* Libraries whose functions without a name may be on these ways. */
static const char *const runtimes[] = { "libc.so", "libc-", "libpthread", "libstdc++", "libgcc_s",
	"libc++", "ld-linux", "ld-musl", "ld64", "ld-2", "linux-vdso", "[vdso", "linux-gate" };

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Whether name[n] ends with that. */
static int
ends_with(const char *name, size_t n, const char *end)
{
	size_t len = strlen(end);

	return n > len && memcmp(name + n - len, end, len) == 0;
}

size_t
fingerprint_bare(const struct trace_frame *f)
{
	size_t n = strcspn(f->symbol, "@");

	if (f->go)
		return ends_with(f->symbol, n, ".abi0") ? n - strlen(".abi0") : n;
	for (size_t i = 1; i < n; i++)
		if (f->symbol[i] == '.')
			return i;
	return n;
}

static int
is_one_of(const struct trace_frame *f, const char *const *names, size_t n)
{
	size_t len;

	if (f->symbol == NULL)
		return 0;
	len = fingerprint_bare(f);
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == len && memcmp(names[i], f->symbol, len) == 0)
			return 1;
	return 0;
}

static int
in_runtime(const struct trace_frame *f)
{
	const char *name;

	if (f->mapped == NULL)
		return 0;
	name = base_name(f->mapped);
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(*runtimes); i++)
		if (strncmp(name, runtimes[i], strlen(runtimes[i])) == 0)
			return 1;
	return 0;
}

static int
raises_in_go(const struct trace_frame *f)
{
	if (!f->go || f->symbol == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(go_checks) / sizeof(*go_checks); i++)
		if (strncmp(f->symbol, go_checks[i], strlen(go_checks[i])) == 0)
			return 1;
	return is_one_of(f, go_raisers, sizeof(go_raisers) / sizeof(*go_raisers));
}

/* The name that a symbol of Rust stands for, the same in each build; 0 when it is none. */
static int
rust_name(const struct trace_frame *f, char name[FINGERPRINT_LINE])
{
	return f->symbol != NULL && (demangle_rust(f->symbol, name, FINGERPRINT_LINE) ||
	    demangle_rust_legacy(f->symbol, name, FINGERPRINT_LINE));
}

static int
raises_in_rust(const struct trace_frame *f)
{
	char name[FINGERPRINT_LINE];

	if (!rust_name(f, name))
		return 0;
	for (size_t i = 0; i < sizeof(rust_raisers) / sizeof(*rust_raisers); i++)
		if (strncmp(name, rust_raisers[i], strlen(rust_raisers[i])) == 0)
			return 1;
	return 0;
}

static int
raises(const struct trace_frame *f)
{
	return is_one_of(f, raisers, sizeof(raisers) / sizeof(*raisers)) || raises_in_go(f) ||
	    raises_in_rust(f);
}

static int
starts(const struct trace_frame *f)
{
	return is_one_of(f, starters, sizeof(starters) / sizeof(*starters)) ||
	    (f->go && is_one_of(f, go_starters, sizeof(go_starters) / sizeof(*go_starters)));
}

/*
 * The range that matters.  What was interrupted by a signal is known by its exact address.  Behind a handler
 * that raised the signal anew it is what matters; else it is where the handler happened to come, and does not.
 */
static void
range(const struct trace_frame *const *f, size_t *from, size_t *to)
{
	size_t n = *to, interrupted = 1;

	for (size_t i = 0; i < n && (raises(f[i]) || in_runtime(f[i])); i++)
		if (raises(f[i]))
			*from = i + 1;
	while (interrupted < n && !f[interrupted]->exact)
		interrupted++;
	if (interrupted < n && *from > 0)
		*from = *from > interrupted ? *from : interrupted;
	else if (interrupted < n)
		*to = interrupted;
	/* Go's handler of a signal is on the way too, and what it interrupted may have been. */
	while (*from > 0 && *from < *to && raises_in_go(f[*from]))
		++*from;
	while (*to > *from && (starts(f[*to - 1]) || in_runtime(f[*to - 1])))
		--*to;
	/* Nothing but the libraries: then they are what there is. */
	if (*to == *from) {
		*from = 0;
		*to = n;
	}
}

size_t
fingerprint_frames(const struct trace_frame *f, size_t n, size_t which[FINGERPRINT_FRAMES])
{
	char line[FINGERPRINT_LINE] = "", last[FINGERPRINT_LINE] = "";
	const struct trace_frame *call[TRACE_CALLS];
	size_t from = 0, to = 0, count = 0;

	for (size_t i = 0; i < n && to < TRACE_CALLS; i++)
		if (!f[i].inlined)
			call[to++] = &f[i];
	range(call, &from, &to);
	for (size_t i = from; i < to && count < FINGERPRINT_FRAMES; i++) {
		/* An address alone says nothing that is the same the next time, or that is another's. */
		if (call[i]->mapped == NULL)
			continue;
		fingerprint_line(call[i], line);
		if (strcmp(line, last) != 0)
			which[count++] = (size_t)(call[i] - f);
		memcpy(last, line, sizeof(last));
	}
	return count;
}

size_t
fingerprint_line(const struct trace_frame *f, char line[FINGERPRINT_LINE])
{
	const char *module = f->mapped != NULL ? base_name(f->mapped) : "";
	char name[FINGERPRINT_LINE];
	int n = 1;

	if (rust_name(f, name)) {
		n = snprintf(line, FINGERPRINT_LINE, "%.200s!%.300s", module, name);
	} else if (f->symbol != NULL) {
		n = snprintf(line, FINGERPRINT_LINE, "%.200s!%.*s", module,
		    (int)fingerprint_bare(f), f->symbol);
	} else if (f->build_id_len > 0) {
		size_t at = 0;

		for (size_t i = 0; i < f->build_id_len; i++)
			at += (size_t)snprintf(line + at, FINGERPRINT_LINE - at, "%02x",
			    f->build_id[i]);
		n = (int)at + snprintf(line + at, FINGERPRINT_LINE - at, "+%#" PRIx64, f->offset);
	} else if (f->mapped != NULL) {
		n = snprintf(line, FINGERPRINT_LINE, "%.200s+%#" PRIx64, module, f->offset);
	} else {
		memcpy(line, "?", 2);
	}
	return n < FINGERPRINT_LINE ? (size_t)n : FINGERPRINT_LINE - 1;
}

void
fingerprint(const struct trace_frame *f, size_t n, char text[FINGERPRINT_TEXT])
{
	size_t which[FINGERPRINT_FRAMES], count = fingerprint_frames(f, n, which);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char line[FINGERPRINT_LINE];

	text[0] = '\0';
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		size_t len = fingerprint_line(&f[which[i]], line);

		line[len++] = '\n';
		for (size_t k = 0; k < len; k++)
			hash = (hash ^ (uint8_t)line[k]) * UINT64_C(0x100000001b3);
	}
	snprintf(text, FINGERPRINT_TEXT, "%016" PRIx64, hash);
}
