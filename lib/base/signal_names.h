/* The names of Linux's signals, which a core and a command line know by number. */
#ifndef GZCORE_BASE_SIGNAL_NAMES_H
#define GZCORE_BASE_SIGNAL_NAMES_H

#ifdef __cplusplus
extern "C" {
#endif

/* "SIGSEGV"; NULL for a number without a name, real-time signals among them: signal(7), x86 and arm. */
const char *signal_name(unsigned number);

/* "SEGV_MAPERR": the name of a signal's si_code; NULL for one that has none: sigaction(2). */
const char *signal_code(unsigned number, int code);

#ifdef __cplusplus
}
#endif

#endif
