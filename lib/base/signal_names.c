#include "base/signal_names.h"

#include <signal.h>
#include <stddef.h>

const char *
signal_name(unsigned number)
{
	static const char *const names[] = { NULL, "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL",
		"SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
		"SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT",
		"SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ",
		"SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS" };

	return number < sizeof(names) / sizeof(*names) ? names[number] : NULL;
}

const char *
signal_code(unsigned number, int code)
{
	static const char *const ill[] = { "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP",
		"ILL_PRVOPC", "ILL_PRVREG", "ILL_COPROC", "ILL_BADSTK", "ILL_BADIADDR" };
	static const char *const fpe[] = { "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF",
		"FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB", NULL, NULL, NULL, NULL,
		NULL, "FPE_FLTUNK", "FPE_CONDTRAP" };
	static const char *const segv[] = { "SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR",
		"SEGV_PKUERR", "SEGV_ACCADI", "SEGV_ADIDERR", "SEGV_ADIPERR", "SEGV_MTEAERR",
		"SEGV_MTESERR", "SEGV_CPERR" };
	static const char *const bus[] = { "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR",
		"BUS_MCEERR_AR", "BUS_MCEERR_AO" };
	static const char *const trap[] = { "TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH",
		"TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF" };
	static const char *const sys[] = { "SYS_SECCOMP", "SYS_USER_DISPATCH" };
	/* From 0 downwards: whoever sent it. */
	static const char *const sent[] = { "SI_USER", "SI_QUEUE", "SI_TIMER", "SI_MESGQ",
		"SI_ASYNCIO", "SI_SIGIO", "SI_TKILL" };
	static const struct {
		unsigned signal;
		size_t count;
		const char *const *name;
	} codes[] = { { SIGILL, sizeof(ill) / sizeof(*ill), ill },
		{ SIGFPE, sizeof(fpe) / sizeof(*fpe), fpe },
		{ SIGSEGV, sizeof(segv) / sizeof(*segv), segv },
		{ SIGBUS, sizeof(bus) / sizeof(*bus), bus },
		{ SIGTRAP, sizeof(trap) / sizeof(*trap), trap },
		{ SIGSYS, sizeof(sys) / sizeof(*sys), sys } };

	if (code == SI_KERNEL)
		return "SI_KERNEL";
	if (code <= 0)
		return code > -(int)(sizeof(sent) / sizeof(*sent)) ? sent[-code] : NULL;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].signal == number)
			return (size_t)code <= codes[i].count ? codes[i].name[code - 1] : NULL;
	return NULL;
}
